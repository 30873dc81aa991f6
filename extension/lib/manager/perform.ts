import { fromBase64 } from '../base64';
import type { Engine } from '../engine.svelte';
import type { Torrent } from '../protocol/generated';
import { removeSoon } from '../removal';
import { RpcFailure } from '../rpc/errors';
import { isQueueMove, type Command } from './commands';

/** What happens to the files of a torrent that leaves the list. */
export type Fate = 'keep' | 'trash' | 'delete';

/** The commands that need no further question. */
export type Plain = Exclude<Command, 'remove' | 'move' | 'labels'>;

/** Does it, and returns what failed: some of many may. */
export async function perform(
  engine: Engine,
  command: Plain,
  torrents: readonly Torrent[],
): Promise<RpcFailure[]> {
  const ids = torrents.map(({ id }) => id);
  if (isQueueMove(command)) return engine.many('move_in_queue', ids, { to: command });
  switch (command) {
    case 'force':
      return engine.many('resume', ids, { force: true });
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'recheck':
      return engine.many(command, ids, {});
    case 'magnet':
      await navigator.clipboard.writeText(torrents.map(({ magnet }) => magnet).join('\n'));
      return [];
    case 'export':
      return eachOf(torrents, ({ id }) => exportFile(engine, id));
    case 'open-folder':
      return eachOf(torrents, ({ id }) => engine.client.call('open_folder', { id }));
  }
}

/** A removal that keeps the files can be undone for a moment; what becomes of files happens at once. */
export async function remove(
  engine: Engine,
  torrents: readonly Torrent[],
  fate: Fate,
): Promise<RpcFailure[]> {
  if (fate === 'keep') {
    await removeSoon(torrents);
    return [];
  }
  const ids = torrents.map(({ id }) => id);
  return engine.many('remove', ids, { delete_files: true, trash: fate === 'trash' });
}

/** One after the other: two moves at once would only fight for the disk. */
export function move(engine: Engine, torrents: readonly Torrent[], folder: string): Promise<RpcFailure[]> {
  return eachOf(torrents, ({ id }) =>
    engine.client.call('move_files', { id, save_path: folder }, { timeoutMs: 0 }),
  );
}

export function setLabels(
  engine: Engine,
  torrents: readonly Torrent[],
  add: readonly string[],
  take: readonly string[],
): Promise<RpcFailure[]> {
  return eachOf(torrents, ({ id, labels }) => {
    const kept = labels.filter((label) => !take.includes(label) && !add.includes(label));
    return engine.client.call('set_torrent', { id, labels: [...kept, ...add] });
  });
}

async function eachOf(
  torrents: readonly Torrent[],
  act: (torrent: Torrent) => Promise<unknown>,
): Promise<RpcFailure[]> {
  const failures: RpcFailure[] = [];
  for (const torrent of torrents) {
    try {
      await act(torrent);
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      failures.push(error);
    }
  }
  return failures;
}

/** Saves the torrent file as browsers save files. A large one comes in parts. */
async function exportFile(engine: Engine, id: string): Promise<void> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let part = await engine.client.call('get_torrent_file', { id });
  parts.push(fromBase64(part.data));
  while (part.next_cursor !== undefined) {
    part = await engine.client.call('get_torrent_file', { id, cursor: part.next_cursor });
    parts.push(fromBase64(part.data));
  }
  const url = URL.createObjectURL(new Blob(parts, { type: 'application/x-bittorrent' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = part.name;
  link.click();
  // The download has begun by then; the bytes need not stay.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}
