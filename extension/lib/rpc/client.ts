import type { Methods, Notifications, RpcError } from '../protocol/generated';
import { classifyPortEnd, RpcFailure } from './errors';

/** The part of `runtime.Port` that the client uses, so that tests can bring one of their own. */
export interface PortLike {
  postMessage(message: unknown): void;
  disconnect(): void;
  readonly onMessage: { addListener(listener: (message: unknown) => void): void };
  readonly onDisconnect: { addListener(listener: (port: PortLike) => void): void };
  readonly error?: { message: string } | null | undefined;
}

export interface ClientOptions {
  /** Opens a port to the native host; may throw. */
  connect: () => PortLike;
  /** Where Chromium says why a port ended; Firefox says it on the port. */
  lastError?: () => string | undefined;
  client: { name: string; version: string; browser?: string };
  /** What every connection begins with, right behind the greeting; its answer is not waited for. */
  subscribe?: Methods['subscribe']['params'];
  /** What to say when the browser gives no reason of its own. */
  sentences?: Partial<Record<'disconnected' | 'timeout' | 'too_large' | 'bad_answer', string>>;
}

/**
 * Where the connection stands. `missing` and `forbidden` are the browser's word that there is no host to
 * talk to; `unavailable` and `incompatible` are the relay's or engine's word; `lost` is being mended.
 */
export type ConnectionState =
  | { status: 'idle' }
  | { status: 'connecting' }
  | { status: 'ready'; hello: Methods['hello']['result'] }
  | { status: 'missing' | 'forbidden' | 'unavailable' | 'incompatible' | 'lost'; message: string };

type Method = keyof Methods;
type Notification = keyof Notifications;
type Listener<N extends Notification> = (params: Notifications[N]) => void;

interface Pending {
  resolve(result: unknown): void;
  reject(error: RpcFailure): void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export const PROTOCOL_VERSION = 1;
/** Chromium throws above 64 MiB; the escapes of JSON and the envelope need some of it. */
const FRAME_LIMIT = 60 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;
/** The relay may take ten seconds to start an engine before it answers `hello`. */
const HELLO_TIMEOUT_MS = 20_000;
const BACKOFF_MS = [150, 500, 1_000, 2_000, 4_000, 8_000];
/** A missing host is looked for at a steady pace: people install it and watch the page. */
const MISSING_RETRY_MS = 1_500;

export class RpcClient {
  state: ConnectionState = { status: 'idle' };

  readonly #options: ClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #waiting = new Map<number, string>();
  readonly #listeners = new Map<Notification, Set<(params: never) => void>>();
  readonly #stateListeners = new Set<(state: ConnectionState) => void>();
  #port: PortLike | undefined;
  #nextId = 1;
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #wanted = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Connects and stays connected until `stop`. */
  start(): void {
    this.#wanted = true;
    if (this.#port === undefined && this.#retryTimer === undefined) this.#open();
  }

  /** Looks again at once instead of when the back-off says so. */
  retryNow(): void {
    if (!this.#wanted || this.#port !== undefined) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#attempt = 0;
    this.#open();
  }

  /** Lets the port go. Calls under way are rejected. */
  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const port = this.#port;
    this.#port = undefined;
    port?.disconnect();
    this.#rejectAll(this.#failure('disconnected'));
    this.#setState({ status: 'idle' });
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  on<N extends Notification>(name: N, listener: Listener<N>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /**
   * Calls a method. Before the connection stands the call waits for it; it fails when the connection fails.
   * `timeoutMs: 0` waits for as long as the connection lives (a folder dialog, a slow download).
   */
  call<M extends Method>(
    method: M,
    params: Methods[M]['params'],
    options: { timeoutMs?: number } = {},
  ): Promise<Methods[M]['result']> {
    const id = this.#nextId++;
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    if (text.length > FRAME_LIMIT) return Promise.reject(this.#failure('too_large'));
    return new Promise((resolve, reject) => {
      const { status } = this.state;
      if (status !== 'ready' && status !== 'connecting' && status !== 'lost') {
        reject(this.#failure('disconnected'));
        return;
      }
      this.#expect(id, resolve, reject, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      if (status === 'ready') this.#post(id, text);
      else this.#waiting.set(id, text);
    });
  }

  #expect(id: number, resolve: Pending['resolve'], reject: Pending['reject'], timeoutMs: number): void {
    const timer =
      timeoutMs === 0
        ? undefined
        : setTimeout(() => {
            this.#pending.delete(id);
            this.#waiting.delete(id);
            reject(this.#failure('timeout'));
          }, timeoutMs);
    this.#pending.set(id, { resolve, reject, timer });
  }

  #post(id: number, text: string): void {
    try {
      this.#port?.postMessage(JSON.parse(text));
    } catch (error) {
      this.#settle(id, (pending) => {
        pending.reject(
          new RpcFailure('disconnected', error instanceof Error ? error.message : String(error)),
        );
      });
    }
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    how(pending);
  }

  #open(): void {
    this.#retryTimer = undefined;
    // A page that shows «the host is missing» keeps showing it while it looks again.
    if (this.state.status === 'idle') this.#setState({ status: 'connecting' });
    let port: PortLike;
    try {
      port = this.#options.connect();
    } catch (error) {
      this.#ended(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#port = port;
    port.onMessage.addListener((message) => {
      if (port === this.#port) this.#receive(message);
    });
    port.onDisconnect.addListener((ended) => {
      if (port !== this.#port) return;
      this.#port = undefined;
      this.#ended(ended.error?.message ?? this.#options.lastError?.());
    });
    this.#greet(port);
  }

  #greet(port: PortLike): void {
    const id = this.#nextId++;
    const hello = {
      jsonrpc: '2.0',
      id,
      method: 'hello',
      params: { protocol: PROTOCOL_VERSION, client: this.#options.client },
    };
    const failed = (failure: RpcFailure): void => {
      if (port !== this.#port) return;
      this.#port = undefined;
      port.disconnect();
      const status = failure.kind === 'incompatible' ? 'incompatible' : 'unavailable';
      this.#down({ status, message: failure.message });
    };
    this.#expect(
      id,
      (result) => {
        if (port !== this.#port) return;
        this.#attempt = 0;
        this.#setState({ status: 'ready', hello: result as Methods['hello']['result'] });
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const [waitingId, text] of waiting) this.#post(waitingId, text);
      },
      failed,
      HELLO_TIMEOUT_MS,
    );
    this.#post(id, JSON.stringify(hello));
    const { subscribe: params } = this.#options;
    if (params === undefined) return;
    const subscribe = { jsonrpc: '2.0', id: this.#nextId++, method: 'subscribe', params };
    this.#post(subscribe.id, JSON.stringify(subscribe));
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const frame = message as {
      id?: unknown;
      method?: unknown;
      params?: unknown;
      result?: unknown;
      error?: RpcError;
    };
    if (typeof frame.method === 'string') {
      const listeners = this.#listeners.get(frame.method as Notification);
      for (const listener of listeners ?? []) listener(frame.params as never);
      return;
    }
    if (typeof frame.id !== 'number') return;
    this.#settle(frame.id, (pending) => {
      if (frame.error !== undefined) pending.reject(toFailure(frame.error));
      else pending.resolve(frame.result);
    });
  }

  #ended(message: string | undefined): void {
    const end = classifyPortEnd(message);
    this.#down({ status: end, message: message ?? this.#sentence('disconnected') });
  }

  #down(state: Exclude<ConnectionState, { status: 'idle' | 'connecting' | 'ready' }>): void {
    if (!this.#wanted) return;
    const kind = state.status === 'incompatible' ? 'incompatible' : 'unavailable';
    this.#rejectAll(new RpcFailure(state.status === 'lost' ? 'disconnected' : kind, state.message));
    const steady = state.status === 'missing' || state.status === 'forbidden';
    const delay = steady ? MISSING_RETRY_MS : (BACKOFF_MS[this.#attempt] ?? BACKOFF_MS.at(-1));
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => {
      this.#open();
    }, delay);
    this.#setState(state);
  }

  #rejectAll(failure: RpcFailure): void {
    this.#waiting.clear();
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id, (pending) => {
        pending.reject(failure);
      });
    }
  }

  #setState(state: ConnectionState): void {
    this.state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }

  #failure(kind: 'disconnected' | 'timeout' | 'too_large'): RpcFailure {
    return new RpcFailure(kind, this.#sentence(kind));
  }

  #sentence(kind: 'disconnected' | 'timeout' | 'too_large'): string {
    return this.#options.sentences?.[kind] ?? kind;
  }
}

/** An error object that breaks the protocol is still shown, as a bug of the engine. */
function toFailure(error: unknown): RpcFailure {
  const { message, data } = error as Partial<RpcError>;
  return new RpcFailure(data?.kind ?? 'internal', typeof message === 'string' ? message : 'internal', data);
}
