import type { QueueMove, Torrent } from '../protocol/generated';

/** What can be done to torrents from the table. */
export const COMMANDS = [
  'pause',
  'resume',
  'force',
  'recheck',
  'open-folder',
  'move',
  'labels',
  'magnet',
  'export',
  'top',
  'up',
  'down',
  'bottom',
  'cancel',
  'remove',
] as const;
export type Command = (typeof COMMANDS)[number];

const STOPPED: readonly Torrent['state'][] = ['paused', 'cancelled', 'error', 'finished'];

/** Whether a command means something to a torrent; the engine would refuse the others. */
export function applies(command: Command, torrent: Torrent): boolean {
  const { state } = torrent;
  switch (command) {
    case 'pause':
      return !STOPPED.includes(state);
    case 'resume':
      return STOPPED.includes(state);
    case 'force':
      return !torrent.forced && (state === 'queued' || STOPPED.includes(state));
    case 'recheck':
      return torrent.file_count > 0 && state !== 'cancelled' && state !== 'checking';
    case 'move':
      return torrent.file_count > 0 && torrent.moving === undefined;
    case 'export':
      return torrent.file_count > 0;
    case 'top':
    case 'up':
    case 'down':
    case 'bottom':
      return torrent.queue_position !== null;
    case 'cancel':
      return state !== 'cancelled';
    case 'open-folder':
    case 'labels':
    case 'magnet':
    case 'remove':
      return true;
  }
}

/** A folder is opened, and one file is saved, for one torrent: nobody wants forty windows at once. */
const FOR_ONE: readonly Command[] = ['open-folder'];

/** Those of the chosen torrents that a command is for; none when it cannot be given. */
export function targets(command: Command, chosen: readonly Torrent[]): readonly Torrent[] {
  if (FOR_ONE.includes(command) && chosen.length !== 1) return [];
  return chosen.filter((torrent) => applies(command, torrent));
}

export function isQueueMove(command: Command): command is Command & QueueMove {
  return command === 'top' || command === 'up' || command === 'down' || command === 'bottom';
}
