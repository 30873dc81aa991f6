import type { Event, ManyResult, Methods, Session, Topic, Torrent } from './protocol/generated';
import type { FromPage } from './messages';
import { browser } from 'wxt/browser';
import type { ConnectionState, RpcClient } from './rpc/client';
import { createClient } from './rpc/connect';
import { RpcFailure } from './rpc/errors';
import { callMany, type ManyMethod } from './rpc/many';
import { TorrentList } from './list';
import { watchRemovals, withoutRemoved, type Removal } from './removal';
import { readLocal, writeLocal } from './settings';
import { workLeft } from './work';

/** One page's view of the engine. The engine is the only state; this mirrors it and asks for changes. */
export class Engine {
  connection = $state.raw<ConnectionState>({ status: 'idle' });
  #all = $state.raw<ReadonlyMap<string, Torrent>>(new Map());
  /** Those that the user removed and may still want back. */
  removals = $state.raw<readonly Removal[]>([]);
  readonly torrents = $derived(withoutRemoved(this.#all, this.removals));
  session = $state.raw<Session | undefined>(undefined);
  /** Whether a full list has arrived: before that, an empty list means nothing. */
  listed = $state(false);
  /** The host has been there, in this page or before: when it is missing, it is not for want of a set-up. */
  met = $state(false);

  readonly client: RpcClient;
  readonly #list = new TorrentList();
  readonly #topics: Topic[];
  readonly #eventListeners = new Set<(event: Event) => void>();
  #told = false;

  constructor(page: string, topics: Topic[]) {
    // Any page may be the one that is asked to bring up the full one.
    this.#topics = [...topics, 'events'];
    this.client = createClient(page);
    this.client.onState((state) => {
      this.connection = state;
      if (state.status === 'ready') this.#subscribe();
      else this.#list.interrupt();
      this.#mark(state);
    });
    this.client.on('torrents_changed', (change) => {
      if (!this.#list.apply(change)) return;
      this.#all = this.#list.torrents;
      this.listed = true;
    });
    this.client.on('session_changed', (session) => {
      this.#onSession(session);
    });
    this.client.on('event', (event) => {
      if (event.kind === 'show_manager') this.#say({ type: 'manager' });
      for (const listener of this.#eventListeners) listener(event);
    });
  }

  start(): void {
    this.client.start();
    void readLocal('met').then((known) => (this.met ||= known === true));
    if (this.#topics.includes('torrents')) watchRemovals((removals) => (this.removals = removals));
  }

  onEvent(listener: (event: Event) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Runs a method over one torrent; its failure is thrown as if the call had failed. */
  async one(method: 'pause' | 'resume' | 'cancel' | 'delete_files' | 'remove', id: string): Promise<void> {
    const { results }: ManyResult = await this.client.call(method, { ids: [id] });
    const result = results[0];
    if (result?.ok === false) throw RpcFailure.from(result.error);
  }

  /** Runs a method over many torrents; returns what failed. */
  many<M extends ManyMethod>(
    method: M,
    ids: readonly string[],
    rest: Omit<Methods[M]['params'], 'ids'>,
  ): Promise<RpcFailure[]> {
    return callMany(this.client, method, ids, rest);
  }

  #subscribe(): void {
    this.client.call('subscribe', { topics: this.#topics, interval_ms: 1000 }).catch(() => undefined);
    if (this.#topics.includes('session')) {
      this.client.call('get_session', {}).then(
        (session) => {
          this.#onSession(session);
        },
        () => undefined,
      );
    }
  }

  #onSession(session: Session): void {
    this.session = session;
    // The background holds a port only while something is under way; tell it when something is.
    const active = workLeft(session.counts) > 0;
    if (active && !this.#told) this.#say({ type: 'active' });
    this.#told = active;
  }

  /** To the background. */
  #say(message: FromPage): void {
    browser.runtime.sendMessage(message).catch(() => undefined);
  }

  /** Content scripts decide by this mark whether a click can be taken. */
  #mark(state: ConnectionState): void {
    if (state.status === 'ready') {
      this.met = true;
      void writeLocal({ host: 'ok', met: true });
    } else if (state.status === 'missing' || state.status === 'forbidden') {
      void writeLocal({ host: 'missing' });
    }
  }
}
