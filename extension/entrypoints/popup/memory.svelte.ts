import { mergeSamples, addSample, type Sample } from '@/lib/rates';
import { readSession, writeSession, type Glimpse } from '@/lib/pending';
import type { Session, Torrent } from '@/lib/protocol/generated';
import { readLocal, writeLocal } from '@/lib/settings';
import { isFilter, type Filter } from '@/lib/torrents';

/** A scroll is written down when it comes to rest. */
const REST_MS = 120;
/** How often what is seen is written down. */
const GLIMPSE_MS = 1_000;
/** So many rows are more than the popup shows without scrolling. */
const GLIMPSE_ROWS = 10;

/** What the popup remembers: it is closed by every click beside it, and should open where it was. */
export class PopupMemory {
  filter = $state<Filter>('all');
  place = { search: '', top: 0 };
  /** Whether the above is what it was; a list shown before that would jump. */
  ready = $state(false);
  samples = $state.raw<readonly Sample[]>([]);
  /** What was seen last, where it opens at the same place. */
  glimpse: Glimpse | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #glimpsedAt = -Infinity;

  async read(): Promise<void> {
    const [filter, place, rates, glimpse] = await Promise.all([
      readLocal('popupFilter'),
      readSession('place'),
      readSession('rates'),
      readSession('glimpse'),
    ]);
    if (isFilter(filter)) this.filter = filter;
    if (place !== undefined) this.place = place;
    this.samples = mergeSamples(rates ?? [], this.samples);
    this.ready = true;
    if (this.atTheTop) this.glimpse = glimpse;
  }

  /** Whether it opens at the beginning of the whole list. */
  get atTheTop(): boolean {
    return this.ready && this.filter === 'all' && this.place.search === '' && this.place.top === 0;
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    void writeLocal({ popupFilter: filter });
  }

  setPlace(place: { search: string; top: number }): void {
    // For a list that is made anew, too: there is none while there is no engine.
    this.place = place;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void writeSession({ place }), REST_MS);
  }

  /** Notes what is in sight, as a whole list has it. */
  onRows(rows: readonly Torrent[], session: Session): void {
    const now = performance.now();
    if (!this.atTheTop || now - this.#glimpsedAt < GLIMPSE_MS) return;
    this.#glimpsedAt = now;
    void writeSession({ glimpse: { torrents: rows.slice(0, GLIMPSE_ROWS), session } });
  }

  onSession(session: Session): void {
    this.samples = addSample(this.samples, session, Date.now());
  }
}
