import type { ManagerPage } from '@/lib/manager/page.svelte';
import type { Torrent } from '@/lib/protocol/generated';

/** So far a pointer may tremble before a click becomes a drag. */
const SLACK = 5;
/** Near the upper and the lower end the table scrolls by itself, the faster the nearer. */
const EDGE = 44;
const FASTEST = 14;
/** The engine tells the new order within a second; whatever keeps it, the table is free again then. */
const SETTLE_MS = 2_000;

/**
 * Dragging rows to another place in the queue, while the table is sorted by it. Where they would fall is a line
 * between two rows; Escape lets go of them. The keyboard has Alt and the arrows, and the menu its own entries.
 */
export class RowDrag {
  /** Between which rows the line is: it stands before the row of this number. */
  line = $state<number | undefined>();
  /** What is being moved. */
  ids = $state.raw<ReadonlySet<string>>(new Set());

  readonly #page: ManagerPage;
  readonly #rowHeight: number;
  readonly #headHeight: number;
  /** A click comes after the button is let go, and is none. */
  #clickIsDrop = false;
  /** The rows as they stood when these were let go. */
  #dropped: readonly Torrent[] | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(page: ManagerPage, rowHeight: number, headHeight: number) {
    this.#page = page;
    this.#rowHeight = rowHeight;
    this.#headHeight = headHeight;
  }

  get possible(): boolean {
    return this.#page.layout.sort === 'queue' && this.#page.engine.connection.status === 'ready';
  }

  /** Whether a click belongs to a drag that has just ended. */
  takesClick(): boolean {
    const taken = this.#clickIsDrop;
    this.#clickIsDrop = false;
    return taken;
  }

  /** The newest rows: once they stand in another order, the drop has been heard. */
  look(rows: readonly Torrent[]): void {
    const dropped = this.#dropped;
    if (dropped !== undefined && rows.some(({ id }, at) => dropped[at]?.id !== id)) this.#end();
  }

  /** A button was pressed on a row. */
  press(event: PointerEvent, id: string): void {
    this.#clickIsDrop = false;
    if (event.button !== 0 || event.pointerType === 'touch' || !this.possible) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) return;
    const place = this.#page.engine.torrents.get(id)?.queue_position ?? null;
    if (place === null) return;
    this.#end();
    const rows = event.currentTarget as HTMLElement;
    const from = event.clientY;
    let y = from;
    let frame = 0;

    const scroll = (): void => {
      const scroller = rows.parentElement;
      if (scroller === null) return;
      const { top, bottom } = scroller.getBoundingClientRect();
      const above = top + this.#headHeight + EDGE - y;
      const below = y - (bottom - EDGE);
      const push = Math.min(EDGE, Math.max(above, below, 0)) * (above > 0 ? -1 : 1);
      if (push !== 0) scroller.scrollTop += Math.round((push / EDGE) * FASTEST);
      this.#point(rows, y);
      frame = requestAnimationFrame(scroll);
    };
    const move = (moved: PointerEvent): void => {
      y = moved.clientY;
      if (this.ids.size > 0 || Math.abs(y - from) < SLACK) return;
      rows.setPointerCapture(event.pointerId);
      this.#lift(id);
      scroll();
    };
    const stop = (): void => {
      cancelAnimationFrame(frame);
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', up);
      window.removeEventListener('pointercancel', cancel);
      window.removeEventListener('keydown', key, true);
    };
    const up = (): void => {
      stop();
      if (this.ids.size === 0) return;
      this.#clickIsDrop = true;
      this.#drop();
    };
    const cancel = (): void => {
      stop();
      this.#end();
    };
    const key = (pressed: KeyboardEvent): void => {
      if (pressed.key !== 'Escape' || this.ids.size === 0) return;
      // It ends the drag, not the details or the selection.
      pressed.preventDefault();
      pressed.stopPropagation();
      this.#clickIsDrop = true;
      cancel();
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', up);
    window.addEventListener('pointercancel', cancel);
    window.addEventListener('keydown', key, true);
  }

  /** Takes the row, and with it all chosen ones when it is one of them. */
  #lift(id: string): void {
    const page = this.#page;
    if (!page.selection.has(id)) page.selection = page.selection.choose(id, 'only', page.order());
    const queued = page.chosen.filter((torrent) => torrent.queue_position !== null);
    this.ids = new Set(queued.map((torrent) => torrent.id));
  }

  #point(rows: HTMLElement, y: number): void {
    const place = Math.round((y - rows.getBoundingClientRect().top) / this.#rowHeight);
    const { first, last } = this.#queued();
    this.line = Math.min(last, Math.max(first, place));
  }

  /** Between these the rows stand that have a place in the queue; the others are all at one end. */
  #queued(): { first: number; last: number } {
    const { rows } = this.#page;
    const has = (row: Torrent): boolean => row.queue_position !== null;
    return { first: Math.max(0, rows.findIndex(has)), last: rows.findLastIndex(has) + 1 };
  }

  #drop(): void {
    const { rows, layout } = this.#page;
    const { line, ids } = this;
    if (line === undefined) return;
    // Turned round, the one that comes next in the queue stands above the line.
    const [next, last] = [rows[line], rows[line - 1]];
    const [before, after] = layout.descending ? [last, next] : [next, last];
    const queued = (before?.queue_position ?? null) !== null;
    this.#dropped = rows;
    this.#settling = setTimeout(() => {
      this.#end();
    }, SETTLE_MS);
    void this.#page.reorder(ids, queued ? before?.id : undefined, after?.id).then((asked) => {
      if (!asked) this.#end();
    });
  }

  #end(): void {
    clearTimeout(this.#settling);
    this.#dropped = undefined;
    this.line = undefined;
    this.ids = new Set();
  }
}
