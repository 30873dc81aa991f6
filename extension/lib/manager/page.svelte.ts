import { Engine } from '../engine.svelte';
import { count } from '../format';
import { t } from '../i18n';
import { Mirror } from '../mirror';
import type { Torrent } from '../protocol/generated';
import { RpcFailure } from '../rpc/errors';
import { readLocal, writeLocal } from '../settings';
import { displaySentence } from '../text';
import type { Message } from '../ui';
import { comparison, DEFAULT_LAYOUT, readLayout, shownColumns, type Layout } from './columns';
import { targets, type Command } from './commands';
import { facetsOf, narrow, type Narrowing } from './facets';
import { History } from './history';
import { readPanes, type Panes } from './panes';
import { perform, remove, type Fate } from './perform';
import { queueOf, stepsTo } from './reorder';
import { Selection } from './selection';
import { View } from './view';

/** What is asked before some commands. */
export interface Asking {
  command: 'remove' | 'move' | 'labels';
  torrents: readonly Torrent[];
}

const EVERYTHING: Narrowing = {
  state: 'all',
  label: undefined,
  folder: undefined,
  tracker: undefined,
  search: '',
};
const SAMPLE_MS = 1000;
const REMEMBER_AFTER_MS = 400;

/** What the full page knows and does. Torrents are the engine's; here is how they are looked at. */
export class ManagerPage {
  readonly engine = new Engine(new Mirror('manager', ['torrents', 'session']));
  readonly history = new History();
  narrowing = $state.raw<Narrowing>(EVERYTHING);
  layout = $state.raw<Layout>(DEFAULT_LAYOUT);
  /** How wide the table is; before it has been drawn nobody knows. */
  room = $state(0);
  panes = $state.raw<Panes>(readPanes(undefined));
  selection = $state.raw(Selection.none);
  asking = $state.raw<Asking | undefined>();
  help = $state(false);
  /** How many samples the history has taken: what draws it looks at this. */
  samples = $state(0);
  message = $state.raw<Message | undefined>();

  readonly #view = new View();
  #asked: object | undefined;
  // Each by itself: when a column merely becomes wider, nothing is sorted anew.
  readonly #sort = $derived(this.layout.sort);
  readonly #descending = $derived(this.layout.descending);
  readonly #query = $derived({
    matches: narrow(this.narrowing),
    compare: comparison(this.#sort, this.#descending),
  });

  readonly columns = $derived(shownColumns(this.layout, this.room || Infinity));
  readonly rows = $derived.by(() => {
    const query = this.#query;
    this.#view.update(this.engine.torrents);
    if (query !== this.#asked) this.#view.ask(query);
    this.#asked = query;
    return this.#view.rows;
  });
  readonly facets = $derived(facetsOf(this.engine.torrents.values()));
  /** The chosen ones that are shown: nothing is done to a row that nobody sees. */
  readonly chosen = $derived(
    this.selection.size === 0 ? [] : this.rows.filter(({ id }) => this.selection.has(id)),
  );
  /** The one whose details are shown. */
  readonly current = $derived.by(() => {
    const cursor = this.selection.cursor;
    if (cursor !== undefined && this.selection.has(cursor)) return this.engine.torrents.get(cursor);
    return this.chosen[0];
  });
  readonly narrowed = $derived(this.narrowing !== EVERYTHING);
  readonly usable = $derived(
    this.engine.listed &&
      (this.engine.connection.status === 'ready' || this.engine.connection.status === 'lost'),
  );

  #remembering: ReturnType<typeof setTimeout> | undefined;

  open(): () => void {
    void this.#recall();
    this.engine.start();
    const sampling = setInterval(() => {
      this.history.record(this.engine.torrents, Date.now());
      this.samples += 1;
    }, SAMPLE_MS);
    return () => {
      clearInterval(sampling);
      this.engine.client.stop();
    };
  }

  narrowTo(change: Partial<Narrowing>): void {
    this.narrowing = { ...this.narrowing, ...change };
    this.#letGo();
  }

  showAll(): void {
    this.narrowing = EVERYTHING;
    this.#letGo();
  }

  arrange(layout: Layout): void {
    this.layout = layout;
    this.#remember();
  }

  setPanes(change: Partial<Panes>): void {
    this.panes = { ...this.panes, ...change };
    this.#remember();
  }

  order(): string[] {
    return this.rows.map(({ id }) => id);
  }

  /** Gives a command to those of the chosen ones that it is for. */
  async run(command: Command, on: readonly Torrent[] = this.chosen): Promise<void> {
    const torrents = targets(command, on);
    if (torrents.length === 0) return;
    if (command === 'remove' || command === 'move' || command === 'labels') {
      this.asking = { command, torrents };
      return;
    }
    await this.report(() => perform(this.engine, command, torrents));
    if (command === 'magnet' && this.message?.bad !== true) this.say(t('copied'));
  }

  async remove(torrents: readonly Torrent[], fate: Fate): Promise<void> {
    const gone = new Set(torrents.map(({ id }) => id));
    this.selection = this.selection.leaving(gone, this.order());
    await this.report(() => remove(this.engine, torrents, fate));
  }

  /**
   * Brings torrents right before another one in the queue, or right behind `after` where there is none. Says
   * whether there was anything to do.
   */
  async reorder(moving: ReadonlySet<string>, before?: string, after?: string): Promise<boolean> {
    const queue = queueOf(this.engine.torrents.values());
    const next = before ?? (after === undefined ? undefined : queue[queue.indexOf(after) + 1]);
    const steps = stepsTo(queue, moving, next);
    const outcome = { done: false };
    await this.report(async () => {
      const failures: RpcFailure[] = [];
      for (const { ids, to } of steps)
        failures.push(...(await this.engine.many('move_in_queue', ids, { to })));
      outcome.done = failures.length === 0;
      return failures;
    });
    return outcome.done && steps.length > 0;
  }

  /** Tells what failed, in the engine's own words. */
  async report(act: () => Promise<readonly RpcFailure[]>): Promise<void> {
    try {
      const failures = await act();
      const first = failures[0];
      if (first === undefined) return;
      const sentence = displaySentence(first.message);
      if (failures.length === 1) this.say(t('actionFailed', sentence), true);
      else this.say(t('actionFailedMany', count(failures.length), sentence), true);
    } catch (error) {
      this.complain(error);
    }
  }

  complain(error: unknown): void {
    const message = error instanceof RpcFailure ? error.message : t('errorUnknown');
    this.say(t('actionFailed', displaySentence(message)), true);
  }

  say(text: string, bad = false): void {
    this.message = { text, bad };
  }

  #letGo(): void {
    const shown = new Set(this.order());
    this.selection = this.selection.within((id) => shown.has(id));
  }

  async #recall(): Promise<void> {
    this.layout = readLayout(await readLocal('managerLayout'));
    this.panes = readPanes(await readLocal('managerPanes'));
  }

  #remember(): void {
    clearTimeout(this.#remembering);
    this.#remembering = setTimeout(() => {
      void writeLocal({ managerLayout: this.layout, managerPanes: this.panes });
    }, REMEMBER_AFTER_MS);
  }
}
