import type { Torrent, TorrentsChanged } from './protocol/generated';

/**
 * The list as the engine tells it: a full one first, in several frames when it is long, then what changed.
 * A full list takes the place of the old one only when its last frame is here, so nothing flickers. It begins
 * with what comes first for people, and where there was none before, that may be shown already.
 */
export class TorrentList {
  torrents: ReadonlyMap<string, Torrent> = new Map();
  #coming: Map<string, Torrent> | undefined;

  /** The beginning of a full list that is on its way. */
  get coming(): ReadonlyMap<string, Torrent> | undefined {
    return this.#coming;
  }

  /** Applies a notification; says whether what is shown has changed. */
  apply(change: TorrentsChanged): boolean {
    if (change.reset === true) this.#coming = new Map();
    const target = this.#coming ?? new Map(this.torrents);
    for (const torrent of change.upsert) target.set(torrent.id, torrent);
    for (const id of change.removed) target.delete(id);
    if (this.#coming !== undefined && change.more === true) return false;
    this.#coming = undefined;
    this.torrents = target;
    return true;
  }

  /** The connection ended: a full list that was on its way will not be completed. */
  interrupt(): void {
    this.#coming = undefined;
  }
}
