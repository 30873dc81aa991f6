import type { FileStatus } from '../protocol/generated';
import type { RpcClient } from '../rpc/client';

/** All files of a torrent; long lists come in pages. */
export async function allFiles(client: RpcClient, id: string): Promise<FileStatus[]> {
  const files: FileStatus[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('get_files', cursor === undefined ? { id } : { id, cursor });
    files.push(...page.files);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return files;
}
