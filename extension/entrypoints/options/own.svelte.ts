import { readLocal, watchLocal, writeLocal, type LocalState } from '@/lib/settings';
import type { Outcome } from './page.svelte';

type Values = Pick<LocalState, 'theme' | 'notify' | 'sitesOff'>;
type Key = keyof Values;

const SAVED_MS = 2_500;
/** What a reset touches: the list of sites was made by hand and stays. */
const DEFAULTS: Pick<Values, 'theme' | 'notify'> = { theme: 'system', notify: true };

/** What this browser's extension keeps itself; it works without the engine. */
export class OwnSettings {
  values = $state.raw<Values>({ ...DEFAULTS, sitesOff: [] });
  readonly changed = $derived(this.values.theme !== DEFAULTS.theme || this.values.notify !== DEFAULTS.notify);
  #saved = $state<Key | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  open(): () => void {
    const stops = (['theme', 'notify', 'sitesOff'] as const).map((key) => {
      const take = (value: unknown): void => {
        this.values = { ...this.values, [key]: value };
      };
      const read = (): void => void readLocal(key).then(take);
      read();
      // Read again rather than taken from the event: what was forgotten is back to its default.
      return watchLocal(key, read);
    });
    return () => {
      for (const stop of stops) stop();
      clearTimeout(this.#timer);
    };
  }

  async save<K extends Key>(key: K, value: Values[K]): Promise<void> {
    this.values = { ...this.values, [key]: value };
    await writeLocal({ [key]: value });
    this.#saved = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#saved = undefined), SAVED_MS);
  }

  outcome(key: Key): Outcome | undefined {
    return this.#saved === key ? { ok: true } : undefined;
  }

  /** Back to the defaults; returns what takes that back. */
  async reset(): Promise<() => Promise<void>> {
    const { theme, notify } = this.values;
    await writeLocal(DEFAULTS);
    return () => writeLocal({ theme, notify });
  }
}
