import type { Torrent } from '../protocol/generated';

/** Which torrents are shown, and in which order. Two of one place are told apart by their ids. */
export interface Query {
  matches: (torrent: Torrent) => boolean;
  compare: (a: Torrent, b: Torrent) => number;
}

/**
 * The rows of a long list, kept in order. Ten thousand torrents are not sorted anew each second: what did not
 * change stays where it is, and what did is put where it belongs.
 */
export class View {
  rows: readonly Torrent[] = [];
  #query: Query = { matches: () => true, compare: () => 0 };
  #known: ReadonlyMap<string, Torrent> = new Map();

  /** Another question: everything is looked at again. */
  ask(query: Query): readonly Torrent[] {
    this.#query = query;
    this.rows = [...this.#known.values()].filter(query.matches).sort(this.#order);
    return this.rows;
  }

  /** The same question to a newer list. Torrents that did not change must be the same objects in it. */
  update(torrents: ReadonlyMap<string, Torrent>): readonly Torrent[] {
    const known = this.#known;
    this.#known = torrents;
    const moved: Torrent[] = [];
    const stayed: Torrent[] = [];
    let same = true;
    for (const row of this.rows) {
      const now = torrents.get(row.id);
      if (now !== row) same = false;
      if (now === undefined || (now !== row && !this.#query.matches(now))) continue;
      if (now === row || this.#query.compare(row, now) === 0) stayed.push(now);
      else moved.push(now);
    }
    for (const now of torrents.values()) {
      const before = known.get(now.id);
      if (before === now || !this.#query.matches(now)) continue;
      // What was shown before has been dealt with above.
      if (before === undefined || !this.#query.matches(before)) moved.push(now);
    }
    if (same && moved.length === 0) return this.rows;
    this.rows = moved.length === 0 ? stayed : this.#merge(stayed, moved.sort(this.#order));
    return this.rows;
  }

  readonly #order = (a: Torrent, b: Torrent): number =>
    this.#query.compare(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

  #merge(stayed: readonly Torrent[], moved: readonly Torrent[]): Torrent[] {
    const merged: Torrent[] = [];
    let at = 0;
    for (const one of moved) {
      // Few move: halving finds the place with a handful of comparisons.
      let low = at;
      let high = stayed.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#order(stayed[middle] as Torrent, one) < 0) low = middle + 1;
        else high = middle;
      }
      for (; at < low; at += 1) merged.push(stayed[at] as Torrent);
      merged.push(one);
    }
    for (; at < stayed.length; at += 1) merged.push(stayed[at] as Torrent);
    return merged;
  }
}
