import type { Mirror } from './mirror';
import type { Event, ManyResult, Methods, Session, Torrent } from './protocol/generated';
import type { ConnectionState, RpcClient } from './rpc/client';
import { RpcFailure } from './rpc/errors';
import { callMany, type ManyMethod } from './rpc/many';
import { watchRemovals, withoutRemoved, type Removal } from './removal';

/** The engine as one page shows it. The engine is the only state; this follows it and asks for changes. */
export class Engine {
  connection = $state.raw<ConnectionState>({ status: 'idle' });
  #all = $state.raw<ReadonlyMap<string, Torrent>>(new Map());
  /** Those that the user removed and may still want back. */
  removals = $state.raw<readonly Removal[]>([]);
  readonly torrents = $derived(withoutRemoved(this.#all, this.removals));
  session = $state.raw<Session | undefined>(undefined);
  /** Whether the beginning of a list has arrived: what comes first in it is there. */
  begun = $state(false);
  /** Whether a full list has arrived: before that, an empty list means nothing. */
  listed = $state(false);
  /** The host has been there, in this page or before: when it is missing, it is not for want of a set-up. */
  met = $state(false);

  readonly client: RpcClient;
  readonly #mirror: Mirror;
  readonly #eventListeners = new Set<(event: Event) => void>();

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.client = mirror.client;
    mirror.follow({
      connection: (state) => (this.connection = state),
      torrents: (torrents, whole) => {
        this.#all = torrents;
        this.begun = true;
        this.listed = whole;
      },
      session: (session) => (this.session = session),
      met: () => (this.met = true),
      event: (event) => {
        for (const listener of this.#eventListeners) listener(event);
      },
    });
  }

  start(): void {
    this.#mirror.start();
    if (this.#mirror.topics.includes('torrents')) watchRemovals((removals) => (this.removals = removals));
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
}
