import { browser } from 'wxt/browser';
import { AddItem } from '@/lib/additem.svelte';
import { Engine } from '@/lib/engine.svelte';
import { t } from '@/lib/i18n';
import { isMagnet } from '@/lib/magnet';
import type { FromPage, PageLink, Source } from '@/lib/messages';
import { Mirror } from '@/lib/mirror';
import {
  changePending,
  forgetSession,
  merge,
  readSession,
  watchSession,
  writeSession,
  type PendingItem,
} from '@/lib/pending';
import { readLocal, rememberFolder, rememberLabels, writeLocal } from '@/lib/settings';
import { displayText } from '@/lib/text';

/** What the add dialog knows and does. What waits to be added comes from the session's storage. */
export class AddDialog {
  readonly engine = new Engine(new Mirror('add', ['session']));
  items = $state.raw<AddItem[]>([]);
  chosen = $state<string | undefined>();
  folder = $state('');
  recent = $state.raw<string[]>([]);
  labels = $state.raw<string[]>([]);
  recentLabels = $state.raw<string[]>([]);
  /** The links of a page, while the user has not chosen yet. */
  offered = $state.raw<PageLink[]>([]);
  paused = $state(false);
  top = $state(false);
  working = $state(false);
  read = $state(false);
  problem = $state<string | undefined>();
  /** Once connected, the page keeps its contents while the connection is being mended. */
  connected = $state(false);
  /** It has been connected before: there may be choices that must not be lost to a stop of the engine. */
  met = $state(false);

  #folderTouched = false;
  /** The engine says that links are added without a question. */
  #unasked = false;

  readonly current = $derived(this.items.find((item) => item.key === this.chosen) ?? this.items[0]);
  readonly needed = $derived(this.items.reduce((sum, item) => sum + (item.neededBytes ?? 0), 0));
  /** Where the engine cannot tell, nothing is claimed. */
  free = $state<number | undefined>();
  readonly noRoom = $derived(this.free !== undefined && this.needed > this.free);
  readonly canConfirm = $derived(
    this.engine.connection.status === 'ready' &&
      !this.working &&
      this.items.some((item) => !item.nothingSelected && item.status !== 'added'),
  );
  readonly canHandBack = $derived(
    this.items.length === 1 &&
      this.current?.source.kind === 'magnet' &&
      (!this.connected || this.current.problem !== undefined),
  );

  open(): () => void {
    const { client } = this.engine;
    const stops = [
      watchSession('pending', (pending) => {
        this.#show(pending ?? []);
      }),
      watchSession('offered', (offered) => {
        this.offered = offered ?? [];
      }),
      this.engine.onEvent((event) => {
        for (const item of this.items) void item.onEvent(client, event);
      }),
      client.onState((state) => {
        if (state.status === 'ready') void this.#connected();
        else if (state.status !== 'connecting' && state.status !== 'lost') this.connected = false;
      }),
    ];
    this.engine.start();
    void this.#read();
    return () => {
      for (const stop of stops) stop();
      client.stop();
    };
  }

  nameOf(item: AddItem): string {
    return displayText(item.name ?? t('addNameUnknown'));
  }

  complain(error: unknown): void {
    this.problem = error instanceof Error ? error.message : t('errorUnknown');
  }

  setFolder(folder: string): void {
    this.folder = folder;
    this.#folderTouched = true;
    void this.#measure();
  }

  /** What was chosen of a page's links joins what is there already. */
  async choose(links: readonly PageLink[]): Promise<void> {
    const sources = links.map(({ uri }): Source => ({ kind: 'magnet', uri }));
    await this.take(sources);
    await forgetSession('offered');
    if (this.items.length === 0) await this.#close();
  }

  /** Files or links that were dropped or pasted here, or chosen: still to be seen before anything starts. */
  async take(sources: readonly Source[]): Promise<void> {
    this.problem = undefined;
    this.#show(await changePending((pending) => merge(pending, sources, true)));
  }

  async leaveOut(item: AddItem): Promise<void> {
    item.drop(this.engine.client);
    await this.#forget([item.key]);
  }

  /** Adds everything; what failed stays, with its sentence. */
  async confirm(): Promise<void> {
    if (!this.canConfirm) return;
    this.working = true;
    this.problem = undefined;
    const options = {
      paused: this.paused,
      ...(this.top ? { queue_top: true } : {}),
      ...(this.folder === '' ? {} : { save_path: this.folder }),
      ...(this.labels.length === 0 ? {} : { labels: this.labels }),
    };
    // One after the other, so that the queue has them in the order of the clicks.
    const done: string[] = [];
    for (const item of this.items) {
      if (item.nothingSelected) continue;
      if (await item.add(this.engine.client, options)) done.push(item.key);
    }
    this.working = false;
    if (done.length > 0) {
      if (this.folder !== '') await rememberFolder(this.folder);
      if (this.labels.length > 0) await rememberLabels(this.labels);
      const active: FromPage = { type: 'active' };
      await browser.runtime.sendMessage(active).catch(() => undefined);
    }
    const left = this.items.filter((item) => !done.includes(item.key));
    await this.#forget(done);
    if (left.length === 0) await this.#close();
    else this.chosen = left.find((item) => item.problem !== undefined)?.key ?? left[0]?.key;
  }

  async cancel(): Promise<void> {
    await forgetSession('offered');
    for (const item of this.items) item.drop(this.engine.client);
    await this.#forget(this.items.map((item) => item.key));
    await this.#close();
  }

  /** Lets the browser do with the link what it would do without us. */
  handBack(): void {
    const source = this.current?.source;
    if (source?.kind === 'magnet' && isMagnet(source.uri)) location.href = source.uri;
  }

  async #read(): Promise<void> {
    this.recent = (await readLocal('recentFolders')) ?? [];
    this.recentLabels = (await readLocal('recentLabels')) ?? [];
    this.offered = (await readSession('offered')) ?? [];
    let pending = (await readSession('pending')) ?? [];
    // A browser opens this page itself when it is the handler for magnet links: any page can make it do so.
    const uri = new URLSearchParams(location.search).get('uri');
    if (isMagnet(uri)) {
      history.replaceState(null, '', location.pathname);
      pending = await changePending((before) => merge(before, [{ kind: 'magnet', uri }], true));
      const tab = await browser.tabs.getCurrent();
      if (tab?.id !== undefined) await writeSession({ dialog: { tabId: tab.id } });
    }
    this.#show(pending);
    this.read = true;
    await this.#confirmUnasked();
  }

  #show(pending: readonly PendingItem[]): void {
    const known = new Map(this.items.map((item) => [item.key, item]));
    const fresh: AddItem[] = [];
    this.items = pending.map((each) => {
      const item = known.get(each.key);
      if (item !== undefined) return item;
      const added = new AddItem(each);
      fresh.push(added);
      return added;
    });
    if (this.engine.connection.status === 'ready') this.#look(fresh);
  }

  #look(items: readonly AddItem[]): void {
    for (const item of items) void item.look(this.engine.client);
  }

  async #connected(): Promise<void> {
    this.connected = true;
    this.met = true;
    this.#look(this.items);
    try {
      const settings = await this.engine.client.call('get_settings', {});
      void writeLocal({ ask: settings.ask_before_add });
      // A reconnection must not undo what the user chose meanwhile.
      if (!this.#folderTouched && this.folder === '') {
        this.folder = settings.download_folder;
        void this.#measure();
        this.paused = settings.start_paused;
      }
      this.#unasked = !settings.ask_before_add;
      await this.#confirmUnasked();
    } catch (error) {
      this.complain(error);
    }
  }

  /** Asks how much room there is in the chosen folder. */
  async #measure(): Promise<void> {
    const { folder } = this;
    const params = folder === '' ? {} : { folder };
    const session = await this.engine.client.call('get_session', params).catch(() => undefined);
    // Another one may have been chosen meanwhile.
    if (folder === this.folder) this.free = session?.free_bytes;
  }

  /** After a click the dialog opens before a slow start can tell that nobody wants it. Then it does
   *  what was wanted, and goes. */
  async #confirmUnasked(): Promise<void> {
    if (this.#unasked && this.read && !this.items.some((item) => item.ask)) await this.confirm();
  }

  async #forget(keys: readonly string[]): Promise<void> {
    this.#show(await changePending((pending) => pending.filter((item) => !keys.includes(item.key))));
  }

  async #close(): Promise<void> {
    const tab = await browser.tabs.getCurrent();
    if (tab?.id === undefined) window.close();
    else await browser.tabs.remove(tab.id);
  }
}
