import { Engine } from '@/lib/engine.svelte';
import { t } from '@/lib/i18n';
import { Mirror } from '@/lib/mirror';
import type { Settings } from '@/lib/protocol/generated';
import { forgetLocal, readLocal, writeLocal } from '@/lib/settings';
import { displaySentence } from '@/lib/text';
import { same } from './defaults';

/** What came of the last change of a field. A refusal stays until the next try. */
export type Outcome = { ok: true } | { ok: false; sentence: string };

const SAVED_MS = 2_500;

export function sentenceOf(error: unknown): string {
  return displaySentence(error instanceof Error ? error.message : t('errorUnknown'));
}

/** The engine's settings on the page: read, changed one at a time, and what needs a new start of it. */
export class SettingsPage {
  readonly engine = new Engine(new Mirror('options', []));
  settings = $state.raw<Settings | undefined>();
  /** What they are when nobody has set any. */
  defaults = $state.raw<Settings | undefined>();
  outcomes = $state<Partial<Record<keyof Settings, Outcome>>>({});
  /** Changed ones that take effect when the engine starts again, in the engine's own order. */
  waiting = $state.raw<(keyof Settings)[]>([]);
  restarting = $state(false);

  readonly offline = $derived(this.engine.connection.status !== 'ready');
  #timers = new Map<keyof Settings, ReturnType<typeof setTimeout>>();

  /** `onrestarted` is told when the engine that was asked to start again is there. */
  open(onrestarted: () => void): () => void {
    const stop = this.engine.client.onState((state) => {
      if (state.status !== 'ready') return;
      void this.load();
      if (this.restarting) {
        this.restarting = false;
        onrestarted();
      }
    });
    // Another window, another browser or a terminal may have changed them meanwhile.
    const look = (): void => {
      if (!document.hidden && !this.offline) void this.load();
    };
    document.addEventListener('visibilitychange', look);
    this.engine.start();
    return () => {
      stop();
      document.removeEventListener('visibilitychange', look);
      this.engine.client.stop();
    };
  }

  async load(): Promise<void> {
    // A lost connection says so by itself, and is followed by another try.
    const get = (params: { defaults?: boolean }): Promise<Settings | undefined> =>
      this.engine.client.call('get_settings', params).catch(() => undefined);
    const [settings, defaults] = await Promise.all([get({}), get({ defaults: true })]);
    this.defaults = defaults ?? this.defaults;
    if (settings !== undefined) await this.#take(settings);
  }

  /** Changes some settings; the outcome stands beside `key`, where there is one. */
  async save(patch: Partial<Settings>, key?: keyof Settings): Promise<boolean> {
    const before = this.settings;
    try {
      const { restart_required: needs = [], ...settings } = await this.engine.client.call(
        'set_settings',
        patch,
      );
      if (before !== undefined) await this.#note(before, needs as (keyof Settings)[]);
      await this.#take(settings);
      if (key !== undefined) this.#show(key, { ok: true });
      return true;
    } catch (error) {
      if (key === undefined) throw error;
      this.#show(key, { ok: false, sentence: sentenceOf(error) });
      return false;
    }
  }

  async restart(): Promise<void> {
    this.restarting = true;
    try {
      await this.engine.client.call('shutdown', { when: 'now' });
    } catch (error) {
      this.restarting = false;
      throw error;
    }
  }

  async #take(settings: Settings): Promise<void> {
    this.settings = settings;
    await writeLocal({ ask: settings.ask_before_add });
    await this.#count();
  }

  #show(key: keyof Settings, outcome: Outcome): void {
    clearTimeout(this.#timers.get(key));
    this.outcomes[key] = outcome;
    if (!outcome.ok) return;
    const timer = setTimeout(() => {
      this.outcomes[key] = undefined;
    }, SAVED_MS);
    this.#timers.set(key, timer);
  }

  get #startedAt(): number {
    const { connection } = this.engine;
    return connection.status === 'ready' ? connection.hello.engine.started_at : 0;
  }

  /** Keeps what the running engine still goes by, so that it is known after a reload, too. */
  async #note(before: Settings, needs: readonly (keyof Settings)[]): Promise<void> {
    if (needs.length === 0) return;
    const known = await readLocal('restart');
    const kept = known?.startedAt === this.#startedAt ? known.running : {};
    const running = { ...Object.fromEntries(needs.map((key) => [key, before[key]])), ...kept };
    await writeLocal({ restart: { startedAt: this.#startedAt, running } });
  }

  /** Whoever puts a setting back to what the engine runs with needs no new start. */
  async #count(): Promise<void> {
    const known = await readLocal('restart');
    const { settings } = this;
    if (known === undefined || settings === undefined || known.startedAt !== this.#startedAt) {
      this.waiting = [];
      if (known !== undefined && this.#startedAt !== 0) await forgetLocal('restart');
      return;
    }
    const keys = Object.keys(known.running) as (keyof Settings)[];
    this.waiting = keys.filter((key) => !same(known.running[key], settings[key]));
  }
}
