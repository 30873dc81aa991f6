import type { AddOptions, AddResult, PreviewResult } from './protocol/generated';
import type { Source } from './messages';
import { keepTorrent } from './removal';
import type { RpcClient } from './rpc/client';

/** The engine fetches the address itself, which may take a while. */
const FETCH_TIMEOUT_MS = 90_000;

export async function add(client: RpcClient, source: Source, options: AddOptions): Promise<AddResult> {
  const result = await send(client, source, options);
  // It may have been about to be removed: whoever adds it wants it.
  await keepTorrent(result.torrent.id);
  return result;
}

function send(client: RpcClient, source: Source, options: AddOptions): Promise<AddResult> {
  switch (source.kind) {
    case 'magnet':
      return client.call('add_magnet', { uri: source.uri, options });
    case 'url':
      return client.call('add_url', { url: source.url, options }, { timeoutMs: FETCH_TIMEOUT_MS });
    case 'file':
      return client.call('add_torrent', { data: source.data, options });
  }
}

export function preview(client: RpcClient, source: Source): Promise<PreviewResult> {
  switch (source.kind) {
    case 'magnet':
      return client.call('preview', { uri: source.uri });
    case 'url':
      return client.call('preview', { url: source.url }, { timeoutMs: FETCH_TIMEOUT_MS });
    case 'file':
      return client.call('preview', { data: source.data });
  }
}
