import { describe, expect, it } from 'vitest';
import type { Torrent } from '../protocol/generated';
import { facetsOf, folderNames, narrow, type Narrowing } from './facets';

function torrent(more: Partial<Torrent>): Torrent {
  return { name: '', state: 'queued', labels: [], save_path: '/a', ...more } as Torrent;
}

const everything: Narrowing = {
  state: 'all',
  label: undefined,
  folder: undefined,
  tracker: undefined,
  search: '',
};

describe('the filters', () => {
  it('must all hold', () => {
    const one = torrent({
      name: 'A film',
      labels: ['films', 'new'],
      state: 'seeding',
      save_path: '/a/b',
      tracker: 'one.example',
    });
    const fits = (by: Partial<Narrowing>): boolean => narrow({ ...everything, ...by })(one);
    expect(fits({})).toBe(true);
    expect(fits({ label: 'new', folder: '/a/b', state: 'complete', search: 'FILM' })).toBe(true);
    expect(fits({ label: 'new', folder: '/a' })).toBe(false);
    expect(fits({ label: 'old' })).toBe(false);
    expect(fits({ tracker: 'one.example' })).toBe(true);
    expect(fits({ tracker: 'example' })).toBe(false);
    expect(fits({ state: 'active' })).toBe(false);
  });

  it('count every label, folder, tracker and state', () => {
    const facets = facetsOf([
      torrent({ labels: ['b', 'a'], tracker: 'two.example' }),
      torrent({ labels: ['b'], state: 'error', save_path: '/z' }),
      torrent({ tracker: 'one.example', state: 'finished', save_path: '/z' }),
    ]);
    expect(facets.labels).toEqual([
      { value: 'a', count: 1 },
      { value: 'b', count: 2 },
    ]);
    expect(facets.folders.map(({ count }) => count)).toEqual([1, 2]);
    expect(facets.trackers).toEqual([
      { value: 'one.example', count: 1 },
      { value: 'two.example', count: 1 },
    ]);
    expect(facets.states).toEqual({ all: 3, active: 1, complete: 1, paused: 0, error: 1 });
  });

  it('name folders as briefly as they can be told apart', () => {
    const names = folderNames(['/home/me/films', '/data/new', '/old/new/', 'C:\\Users\\x', '/']);
    expect([...names.values()]).toEqual(['films', 'data/new', 'old/new', 'x', '/']);
  });
});
