import { describe, expect, it } from 'vitest';
import type { RpcClient } from './client';
import { callMany } from './many';

/** A client whose engine takes two ids at once, and does not know the torrent `x`. */
function small(): { client: Pick<RpcClient, 'call' | 'state'>; asked: string[] } {
  const asked: string[] = [];
  const call = (_method: string, { ids }: { ids: string[] }): Promise<unknown> => {
    asked.push(ids.join(''));
    const error = { code: 1, message: 'There is none.', data: { kind: 'not_found' } };
    return Promise.resolve({
      results: ids.map((id) => (id === 'x' ? { id, ok: false, error } : { id, ok: true })),
    });
  };
  const state = { status: 'ready', hello: { limits: { ids: 2 } } };
  return { client: { call, state } as unknown as Pick<RpcClient, 'call' | 'state'>, asked };
}

describe('callMany', () => {
  it('asks in parts that the engine takes, and tells what failed', async () => {
    const { client, asked } = small();
    const failures = await callMany(client, 'pause', ['a', 'x', 'c'], {});
    expect(asked).toEqual(['ax', 'c']);
    expect(failures.map(({ kind }) => kind)).toEqual(['not_found']);
  });

  it('keeps the order of what goes to the top', async () => {
    const { client, asked } = small();
    await callMany(client, 'move_in_queue', ['a', 'b', 'c'], { to: 'top' });
    expect(asked).toEqual(['c', 'ab']);
  });

  it('asks nothing about nothing', async () => {
    const { client, asked } = small();
    await callMany(client, 'remove', [], {});
    expect(asked).toEqual([]);
  });
});
