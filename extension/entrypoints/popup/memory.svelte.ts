import { mergeSamples, addSample, type Sample } from '@/lib/rates';
import { readSession, writeSession } from '@/lib/pending';
import type { Session } from '@/lib/protocol/generated';
import { readLocal, writeLocal } from '@/lib/settings';
import { isFilter, type Filter } from '@/lib/torrents';

/** A scroll is written down when it comes to rest. */
const REST_MS = 120;

/** What the popup remembers: it is closed by every click beside it, and should open where it was. */
export class PopupMemory {
  filter = $state<Filter>('all');
  place = { search: '', top: 0 };
  /** Whether the above is what it was; a list shown before that would jump. */
  ready = $state(false);
  samples = $state.raw<readonly Sample[]>([]);
  #timer: ReturnType<typeof setTimeout> | undefined;

  async read(): Promise<void> {
    const [filter, place, rates] = await Promise.all([
      readLocal('popupFilter'),
      readSession('place'),
      readSession('rates'),
    ]);
    if (isFilter(filter)) this.filter = filter;
    if (place !== undefined) this.place = place;
    this.samples = mergeSamples(rates ?? [], this.samples);
    this.ready = true;
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

  onSession(session: Session): void {
    this.samples = addSample(this.samples, session, Date.now());
  }
}
