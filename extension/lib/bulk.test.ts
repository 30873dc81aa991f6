import { expect, it } from 'vitest';
import { bulkTargets } from './bulk';
import type { Torrent, TorrentState } from './protocol/generated';

it('pauses what runs or waits, resumes what was paused, and leaves the rest alone', () => {
  const states: TorrentState[] = [
    'queued',
    'fetching_metadata',
    'checking',
    'downloading',
    'seeding',
    'finished',
    'paused',
    'cancelled',
    'error',
  ];
  const torrents = states.map((state) => ({ id: state, state }) as Torrent);
  expect(bulkTargets(torrents)).toEqual({
    pause: ['queued', 'fetching_metadata', 'checking', 'downloading', 'seeding'],
    resume: ['paused'],
  });
});
