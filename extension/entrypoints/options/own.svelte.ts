import { catchFiles, filesCaught } from '@/lib/permissions';
import { readLocal, watchLocal, writeLocal, type LocalState } from '@/lib/settings';
import type { Outcome } from './page.svelte';

type Values = Pick<LocalState, 'theme' | 'notify' | 'badge' | 'catchFiles' | 'sitesOff'>;
type Key = keyof Values;

const SAVED_MS = 2_500;
/** What a reset touches: the list of sites was made by hand and stays, and so does a permission. */
const DEFAULTS = { theme: 'system', notify: true, badge: 'count' } as const satisfies Partial<Values>;

/** What this browser's extension keeps itself; it works without the engine. */
export class OwnSettings {
  values = $state.raw<Values>({ ...DEFAULTS, catchFiles: false, sitesOff: [] });
  readonly changed = $derived(
    this.values.theme !== DEFAULTS.theme ||
      this.values.notify !== DEFAULTS.notify ||
      this.values.badge !== DEFAULTS.badge,
  );
  #saved = $state<Key | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  open(): () => void {
    const stops = (['theme', 'notify', 'badge', 'catchFiles', 'sitesOff'] as const).map((key) => {
      const take = (value: unknown): void => {
        this.values = { ...this.values, [key]: value };
      };
      // The browser's own settings may have taken the permission back.
      const stored = (): Promise<unknown> => (key === 'catchFiles' ? filesCaught() : readLocal(key));
      const read = (): void => void stored().then(take);
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
    this.#tell(key);
  }

  /** Asks for the permission that it needs; refused, the switch goes back. */
  async setFiles(on: boolean): Promise<void> {
    const held = await catchFiles(on).catch(() => false);
    this.values = { ...this.values, catchFiles: held };
    if (held === on) this.#tell('catchFiles');
  }

  #tell(key: Key): void {
    this.#saved = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#saved = undefined), SAVED_MS);
  }

  outcome(key: Key): Outcome | undefined {
    return this.#saved === key ? { ok: true } : undefined;
  }

  /** Back to the defaults; returns what takes that back. */
  async reset(): Promise<() => Promise<void>> {
    const { theme, notify, badge } = this.values;
    await writeLocal(DEFAULTS);
    return () => writeLocal({ theme, notify, badge });
  }
}
