import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Topic } from '../protocol/generated';
import { RpcClient, type ClientOptions, type ConnectionState, type PortLike } from './client';
import { classifyPortEnd, RpcFailure } from './errors';

interface Sent {
  id: number;
  method: string;
}

class FakePort implements PortLike {
  sent: Sent[] = [];
  closed = false;
  error: { message: string } | undefined;
  #message: ((message: unknown) => void) | undefined;
  #end: ((port: PortLike) => void) | undefined;
  onMessage = { addListener: (listener: (message: unknown) => void) => (this.#message = listener) };
  onDisconnect = { addListener: (listener: (port: PortLike) => void) => (this.#end = listener) };

  postMessage(message: unknown): void {
    this.sent.push(message as Sent);
  }
  disconnect(): void {
    this.closed = true;
  }
  say(message: unknown): void {
    this.#message?.(message);
  }
  end(message?: string): void {
    this.error = message === undefined ? undefined : { message };
    this.#end?.(this);
  }
  greet(): void {
    this.say({ jsonrpc: '2.0', id: this.sent[0]?.id, result: { protocol: 1 } });
  }
}

let ports: FakePort[];
let states: ConnectionState['status'][];

function client(subscribe?: ClientOptions['subscribe']): RpcClient {
  const made = new RpcClient({
    ...(subscribe && { subscribe }),
    connect: () => {
      const port = new FakePort();
      ports.push(port);
      return port;
    },
    client: { name: 'test', version: '0' },
  });
  made.onState(({ status }) => states.push(status));
  return made;
}

function port(index = ports.length - 1): FakePort {
  const at = ports[index];
  if (at === undefined) throw new Error('no port');
  return at;
}

beforeEach(() => {
  vi.useFakeTimers();
  ports = [];
  states = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe('calls', () => {
  it('wait for the greeting and may be answered out of order', async () => {
    const rpc = client();
    rpc.start();
    const ping = rpc.call('ping', {});
    const session = rpc.call('get_session', {});
    expect(port().sent.map(({ method }) => method)).toEqual(['hello']);
    port().greet();
    expect(port().sent.map(({ method }) => method)).toEqual(['hello', 'ping', 'get_session']);
    port().say({ jsonrpc: '2.0', id: port().sent[2]?.id, result: { dht_nodes: 3 } });
    port().say({ jsonrpc: '2.0', id: port().sent[1]?.id, result: {} });
    await expect(session).resolves.toEqual({ dht_nodes: 3 });
    await expect(ping).resolves.toEqual({});
  });

  it('come after the subscription, which does not wait for the greeting’s answer', async () => {
    const subscribe = { topics: ['torrents'] as Topic[], interval_ms: 1000 };
    const rpc = client(subscribe);
    rpc.start();
    const call = rpc.call('ping', {});
    expect(port().sent.map(({ method }) => method)).toEqual(['hello', 'subscribe']);
    port().greet();
    expect(port().sent.map(({ method }) => method)).toEqual(['hello', 'subscribe', 'ping']);
    expect(new Set(port().sent.map(({ id }) => id)).size).toBe(3);
    port().say({ jsonrpc: '2.0', id: port().sent[2]?.id, result: {} });
    await call;
  });

  it('fail with the engine’s own sentence and kind', async () => {
    const rpc = client();
    rpc.start();
    port().greet();
    const call = rpc.call('add_magnet', { uri: 'magnet:?x' });
    const data = { kind: 'invalid_magnet' };
    port().say({ id: port().sent[1]?.id, error: { code: 2, message: 'No hash.', data } });
    await expect(call).rejects.toMatchObject({ kind: 'invalid_magnet', message: 'No hash.' });
  });

  it('fail when time is up, and a late answer harms nobody', async () => {
    const rpc = client();
    rpc.start();
    port().greet();
    const call = rpc.call('ping', {}, { timeoutMs: 1000 });
    const failed = expect(call).rejects.toMatchObject({ kind: 'timeout' });
    vi.advanceTimersByTime(1000);
    await failed;
    port().say({ id: port().sent[1]?.id, result: {} });
  });

  it('that nobody times wait as long as a person takes', async () => {
    const rpc = client();
    rpc.start();
    port().greet();
    const call = rpc.call('choose_folder', {}, { timeoutMs: 0 });
    vi.advanceTimersByTime(3_600_000);
    port().say({ id: port().sent[1]?.id, result: { path: '/x' } });
    await expect(call).resolves.toEqual({ path: '/x' });
  });

  it('above the browser’s limit are refused here', async () => {
    const rpc = client();
    rpc.start();
    port().greet();
    const data = 'A'.repeat(61 * 1024 * 1024);
    await expect(rpc.call('add_torrent', { data })).rejects.toMatchObject({ kind: 'too_large' });
  });

  it('bear with frames that are no answers', () => {
    const rpc = client();
    rpc.start();
    for (const junk of [null, 7, 'x', [], {}, { id: 'x' }, { id: 99, result: 1 }, { method: 'unknown' }]) {
      expect(() => {
        port().say(junk);
      }).not.toThrow();
    }
    port().say({ id: port().sent[0]?.id, error: 'no object' });
    expect(rpc.state.status).toBe('unavailable');
  });
});

describe('the connection', () => {
  it('is mended with growing pauses, and calls under way fail', async () => {
    const rpc = client();
    rpc.start();
    port().greet();
    const call = rpc.call('ping', {});
    const failed = expect(call).rejects.toMatchObject({ kind: 'disconnected' });
    port().end();
    await failed;
    expect(rpc.state.status).toBe('lost');
    vi.advanceTimersByTime(150);
    expect(ports).toHaveLength(2);
    port().end();
    vi.advanceTimersByTime(150);
    expect(ports).toHaveLength(2);
    vi.advanceTimersByTime(350);
    expect(ports).toHaveLength(3);
    port().greet();
    expect(rpc.state.status).toBe('ready');
    expect(states).toEqual(['connecting', 'ready', 'lost', 'lost', 'ready']);
  });

  it('looks for a missing host again and again without flickering', () => {
    const rpc = client();
    rpc.start();
    port().end('Specified native messaging host not found.');
    expect(rpc.state).toMatchObject({ status: 'missing' });
    vi.advanceTimersByTime(1500);
    expect(ports).toHaveLength(2);
    expect(rpc.state.status).toBe('missing');
    port().greet();
    expect(rpc.state.status).toBe('ready');
  });

  it('tells an engine that cannot start from one that does not fit', () => {
    for (const [kind, status] of [
      ['unavailable', 'unavailable'],
      ['incompatible', 'incompatible'],
    ]) {
      const rpc = client();
      rpc.start();
      port().say({ id: port().sent[0]?.id, error: { code: 6, message: 'Because.', data: { kind } } });
      expect(rpc.state).toEqual({ status, message: 'Because.' });
      expect(port().closed).toBe(true);
      rpc.stop();
    }
  });

  it('lets go when it is told to, and stays so', async () => {
    const rpc = client();
    rpc.start();
    const call = rpc.call('ping', {});
    const failed = expect(call).rejects.toBeInstanceOf(RpcFailure);
    rpc.stop();
    await failed;
    expect(port().closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(ports).toHaveLength(1);
    await expect(rpc.call('ping', {})).rejects.toBeInstanceOf(RpcFailure);
  });

  it('hands notifications to those who listen', () => {
    const rpc = client();
    const heard = vi.fn();
    const stop = rpc.on('event', heard);
    rpc.start();
    port().say({ method: 'event', params: { kind: 'torrent_added', at: 1 } });
    stop();
    port().say({ method: 'event', params: { kind: 'torrent_added', at: 2 } });
    expect(heard).toHaveBeenCalledExactlyOnceWith({ kind: 'torrent_added', at: 1 });
  });
});

it('reads the browsers’ own words', () => {
  expect(classifyPortEnd('Specified native messaging host not found.')).toBe('missing');
  expect(classifyPortEnd('No such native application org.torrpeddo.host')).toBe('missing');
  expect(classifyPortEnd('Access to the specified native messaging host is forbidden.')).toBe('forbidden');
  expect(classifyPortEnd('Native host has exited.')).toBe('lost');
  expect(classifyPortEnd(undefined)).toBe('lost');
});
