import { describe, expect, it } from 'vitest';
import type { Torrent, TorrentState } from '../protocol/generated';
import { STATE_LABELS } from '../torrents';
import { applies, targets, type Command } from './commands';

function torrent(state: TorrentState, more: Partial<Torrent> = {}): Torrent {
  return { state, forced: false, file_count: 1, queue_position: null, ...more } as Torrent;
}

describe('the commands', () => {
  it('offer to pause or to resume, never both', () => {
    const states = Object.keys(STATE_LABELS) as TorrentState[];
    for (const state of states) {
      expect(applies('pause', torrent(state)), state).not.toBe(applies('resume', torrent(state)));
      expect(applies('remove', torrent(state)), state).toBe(true);
    }
  });

  it('leave out what the engine would refuse', () => {
    const unknown = torrent('fetching_metadata', { file_count: 0 });
    const refused: Command[] = ['recheck', 'export', 'move', 'up'];
    for (const command of refused) expect(applies(command, unknown), command).toBe(false);
    expect(applies('recheck', torrent('cancelled'))).toBe(false);
    expect(applies('cancel', torrent('cancelled'))).toBe(false);
    expect(applies('move', torrent('paused', { moving: 0.5 }))).toBe(false);
    expect(applies('top', torrent('queued', { queue_position: 3 }))).toBe(true);
    expect(applies('force', torrent('downloading'))).toBe(false);
  });

  it('go to those of many that they are for', () => {
    const many = [torrent('paused'), torrent('downloading'), torrent('error')];
    expect(targets('resume', many)).toHaveLength(2);
    expect(targets('open-folder', many)).toEqual([]);
    expect(targets('open-folder', [torrent('paused')])).toHaveLength(1);
  });
});
