/** How a click or a key chooses: alone, added to or taken from the others, or all from the anchor to here. */
export type How = 'only' | 'toggle' | 'range';

/**
 * Which rows are chosen, as file managers do it. `cursor` is where the keyboard is, `anchor` where a range
 * begins. It never changes: each step gives a new one, so that views notice.
 */
export class Selection {
  static readonly none = new Selection(new Set(), undefined, undefined);

  private constructor(
    readonly ids: ReadonlySet<string>,
    readonly cursor: string | undefined,
    readonly anchor: string | undefined,
  ) {}

  get size(): number {
    return this.ids.size;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  choose(id: string, how: How, order: readonly string[]): Selection {
    if (how === 'toggle') {
      const ids = new Set(this.ids);
      if (!ids.delete(id)) ids.add(id);
      return new Selection(ids, id, id);
    }
    const from = how === 'range' && this.anchor !== undefined ? order.indexOf(this.anchor) : -1;
    if (from === -1) return new Selection(new Set([id]), id, id);
    const to = order.indexOf(id);
    return new Selection(new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)), id, this.anchor);
  }

  /** Where the keyboard goes without choosing anything. */
  point(id: string): Selection {
    return new Selection(this.ids, id, this.anchor);
  }

  all(order: readonly string[]): Selection {
    return new Selection(new Set(order), this.cursor ?? order[0], this.anchor ?? order[0]);
  }

  clear(): Selection {
    return new Selection(new Set(), this.cursor, this.cursor);
  }

  /** Before some rows leave: none is chosen, and the keyboard stays where they were. */
  leaving(gone: ReadonlySet<string>, order: readonly string[]): Selection {
    const at = this.cursor === undefined ? -1 : order.indexOf(this.cursor);
    const stays = (id: string): boolean => !gone.has(id);
    const cursor =
      at === -1 ? undefined : (order.slice(at).find(stays) ?? order.slice(0, at).findLast(stays));
    return new Selection(new Set(), cursor, cursor);
  }

  /** Without what is not shown any more: nothing is ever done to a row that nobody sees. */
  within(shown: (id: string) => boolean): Selection {
    const gone = (id: string | undefined): boolean => id !== undefined && !shown(id);
    const lost = [...this.ids].some(gone);
    if (!lost && !gone(this.cursor) && !gone(this.anchor)) return this;
    return new Selection(
      lost ? new Set([...this.ids].filter(shown)) : this.ids,
      gone(this.cursor) ? undefined : this.cursor,
      gone(this.anchor) ? undefined : this.anchor,
    );
  }
}
