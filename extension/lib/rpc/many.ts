import type { ManyResult, Methods, QueueMove } from '../protocol/generated';
import type { RpcClient } from './client';
import { RpcFailure } from './errors';

export type ManyMethod =
  'pause' | 'resume' | 'cancel' | 'remove' | 'recheck' | 'announce_now' | 'move_in_queue';
type Rest<M extends ManyMethod> = Omit<Methods[M]['params'], 'ids'>;

/**
 * Runs a method over many torrents, in as many calls as the engine's limit asks for, and waits for as long
 * as it takes: files may have to be deleted. Returns what failed.
 */
export async function callMany<M extends ManyMethod>(
  client: Pick<RpcClient, 'call' | 'state'>,
  method: M,
  ids: readonly string[],
  rest: Rest<M>,
): Promise<RpcFailure[]> {
  const limit = client.state.status === 'ready' ? client.state.hello.limits.ids : ids.length;
  const parts: (readonly string[])[] = [];
  for (let at = 0; at < ids.length; at += limit) parts.push(ids.slice(at, at + limit));
  // What comes to the top last stands first.
  if ((rest as { to?: QueueMove }).to === 'top') parts.reverse();
  const failures: RpcFailure[] = [];
  for (const part of parts) {
    const params = { ...rest, ids: part } as Methods[M]['params'];
    const { results }: ManyResult = await client.call(method, params, { timeoutMs: 0 });
    for (const result of results) if (!result.ok) failures.push(RpcFailure.from(result.error));
  }
  return failures;
}
