import { expect, it } from 'vitest';
import { bulkTargets } from './bulk';
import type { Torrent, TorrentState } from './protocol/generated';
import { STATE_LABELS } from './torrents';

it('pauses what runs or waits, resumes what was paused, and leaves the rest alone', () => {
  const states = Object.keys(STATE_LABELS) as TorrentState[];
  const torrents = states.map((state) => ({ id: state, state }) as Torrent);
  expect(bulkTargets(torrents)).toEqual({
    pause: ['queued', 'fetching_metadata', 'checking', 'downloading', 'seeding'],
    resume: ['paused'],
  });
});
