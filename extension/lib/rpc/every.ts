import type { Torrent } from '../protocol/generated';
import type { RpcClient } from './client';

/** The whole list, for who looks once and does not follow it. */
export async function everyTorrent(client: RpcClient): Promise<Torrent[]> {
  const torrents: Torrent[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('get_status', cursor === undefined ? {} : { cursor });
    torrents.push(...page.torrents);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return torrents;
}
