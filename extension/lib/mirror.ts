import type { Event, Session, Topic, Torrent } from './protocol/generated';
import type { FromPage } from './messages';
import type { Glimpse } from './pending';
import { browser } from 'wxt/browser';
import { TorrentList } from './list';
import type { ConnectionState, RpcClient } from './rpc/client';
import { createClient } from './rpc/connect';
import { readLocal, writeLocal } from './settings';
import { workLeft } from './work';

/** What is told of the engine; what is known already is told at once. */
export interface Watcher {
  connection(state: ConnectionState): void;
  /** The list; not the whole one while the first is on its way, but what comes first in it. */
  torrents(torrents: ReadonlyMap<string, Torrent>, whole: boolean): void;
  session(session: Session): void;
  /** The host has been there, in this page or before. */
  met(): void;
  event(event: Event): void;
}

/**
 * One page's connection to the engine, and what came through it. It draws nothing and needs nothing that
 * does, so it can begin while all that is still being loaded: the host takes as long to start.
 */
export class Mirror {
  readonly client: RpcClient;
  readonly topics: readonly Topic[];
  /** Fulfilled when a list has begun to arrive, or it is known why none does. */
  readonly begun: Promise<void>;
  /** The same of a whole list. */
  readonly listed: Promise<void>;
  readonly #list = new TorrentList();
  #listed = false;
  #glimpse: Glimpse | undefined;
  #session: Session | undefined;
  #met = false;
  #watcher: Watcher | undefined;
  /** The background has been told that something is under way. */
  #called = false;

  constructor(page: string, topics: Topic[]) {
    // Any page may be the one that is asked to bring up the full one.
    this.topics = [...topics, 'events'];
    this.client = createClient(page, { topics: [...this.topics], interval_ms: 1000 });
    const [begun, begin] = signal();
    const [listed, end] = signal();
    this.begun = begun;
    this.listed = listed;
    this.client.onState((state) => {
      this.#watcher?.connection(state);
      if (state.status !== 'connecting' && state.status !== 'ready') {
        begin();
        end();
      }
      if (state.status === 'ready') this.#look();
      else this.#list.interrupt();
      this.#mark(state);
    });
    this.client.on('torrents_changed', (change) => {
      if (this.#list.apply(change)) {
        this.#listed = true;
        end();
      } else if (this.#listed) return;
      begin();
      this.#showList();
    });
    this.client.on('session_changed', (session) => {
      this.#onSession(session);
    });
    this.client.on('event', (event) => {
      if (event.kind === 'show_manager') this.#say({ type: 'manager' });
      this.#watcher?.event(event);
    });
  }

  start(): void {
    // The popup's has begun before there is a popup.
    if (this.client.state.status !== 'idle') return;
    this.client.start();
    void readLocal('met').then((known) => {
      if (known === true) this.#meet();
    });
  }

  /** Has something to tell until the engine has answered. */
  recall(glimpse: Glimpse): void {
    this.#glimpse = glimpse;
  }

  /** Tells `watcher` what is known, and from then on what comes. */
  follow(watcher: Watcher): void {
    this.#watcher = watcher;
    watcher.connection(this.client.state);
    this.#showList();
    const session = this.#session ?? this.#glimpse?.session;
    if (session !== undefined) watcher.session(session);
    if (this.#met) watcher.met();
  }

  #showList(): void {
    const { torrents, coming } = this.#list;
    if (this.#listed) this.#watcher?.torrents(torrents, true);
    else {
      const first = coming ?? this.#glimpse?.torrents.map((torrent) => [torrent.id, torrent] as const);
      if (first !== undefined) this.#watcher?.torrents(new Map(first), false);
    }
  }

  /** At the figures, which are told by themselves only when the next look at them is due. */
  #look(): void {
    if (!this.topics.includes('session')) return;
    this.client.call('get_session', {}).then(
      (session) => {
        this.#onSession(session);
      },
      () => undefined,
    );
  }

  #onSession(session: Session): void {
    this.#session = session;
    this.#watcher?.session(session);
    // The background holds a port only while something is under way; tell it when something is.
    const active = workLeft(session.counts) > 0;
    if (active && !this.#called) this.#say({ type: 'active' });
    this.#called = active;
  }

  #meet(): void {
    this.#met = true;
    this.#watcher?.met();
  }

  /** To the background. */
  #say(message: FromPage): void {
    browser.runtime.sendMessage(message).catch(() => undefined);
  }

  /** Content scripts decide by this mark whether a click can be taken. */
  #mark(state: ConnectionState): void {
    if (state.status === 'ready') {
      this.#meet();
      void writeLocal({ host: 'ok', met: true });
    } else if (state.status === 'missing' || state.status === 'forbidden') {
      void writeLocal({ host: 'missing' });
    }
  }
}

function signal(): [Promise<void>, () => void] {
  let tell = (): void => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  return [told, tell];
}
