import { describe, expect, it } from 'vitest';
import { TorrentList } from './list';
import type { Torrent, TorrentState } from './protocol/generated';
import { STATE_LABELS, actionsFor, found, inOrder, matches, searchWords } from './torrents';
import { visible } from './virtual';

function torrent(id: string, more: Partial<Torrent> = {}): Torrent {
  return { id, name: id, state: 'queued', queue_position: null, added_at: 0, ...more } as Torrent;
}

describe('the list', () => {
  it('is replaced as a whole, when its last frame is here', () => {
    const list = new TorrentList();
    list.apply({ reset: true, upsert: [torrent('a')], removed: [] });
    expect(list.apply({ reset: true, upsert: [torrent('b')], removed: [], more: true })).toBe(false);
    expect([...list.torrents.keys()]).toEqual(['a']);
    expect(list.apply({ upsert: [torrent('c')], removed: [] })).toBe(true);
    expect([...list.torrents.keys()]).toEqual(['b', 'c']);
  });

  it('forgets half a list when the connection ends, and changes what it had', () => {
    const list = new TorrentList();
    list.apply({ reset: true, upsert: [torrent('a'), torrent('b')], removed: [] });
    list.apply({ reset: true, upsert: [torrent('x')], removed: [], more: true });
    list.interrupt();
    list.apply({ upsert: [torrent('b', { name: 'new' })], removed: ['a'] });
    expect([...list.torrents.values()].map(({ name }) => name)).toEqual(['new']);
  });

  it('gives a new map for each change, so that a view notices', () => {
    const list = new TorrentList();
    list.apply({ reset: true, upsert: [torrent('a')], removed: [] });
    const before = list.torrents;
    list.apply({ upsert: [torrent('a', { name: 'b' })], removed: [] });
    expect(list.torrents).not.toBe(before);
    expect(before.get('a')?.name).toBe('a');
  });
});

describe('order, filters and search', () => {
  it('has the queue first, then the newest', () => {
    const rows = [
      torrent('old', { added_at: 1 }),
      torrent('new', { added_at: 2 }),
      torrent('second', { queue_position: 1 }),
      torrent('first', { queue_position: 0 }),
    ];
    expect(rows.sort(inOrder).map(({ id }) => id)).toEqual(['first', 'second', 'new', 'old']);
  });

  it('finds every word in any order and case', () => {
    const one = torrent('a', { name: 'Big Buck Bunny 4K' });
    expect(found(one, searchWords('  bunny BIG '))).toBe(true);
    expect(found(one, searchWords('bunny 8k'))).toBe(false);
  });

  it('puts each state in exactly one filter besides «all», and gives it something to do', () => {
    const states = Object.keys(STATE_LABELS) as TorrentState[];
    for (const state of states) {
      const filters = (['active', 'complete', 'paused', 'error'] as const).filter((each) =>
        matches(each, state),
      );
      expect(filters, state).toHaveLength(1);
      expect(matches('all', state)).toBe(true);
      expect(actionsFor(state)).toContain('remove');
      // The protocol deletes files of cancelled torrents only.
      expect(actionsFor(state).includes('delete-files'), state).toBe(state === 'cancelled');
    }
  });
});

describe('the window of a long list', () => {
  it('has a few rows of ten thousand', () => {
    const { start, end } = visible(10_000, 80, 400_000, 500);
    expect(start).toBeLessThanOrEqual(5000);
    expect(end).toBeGreaterThanOrEqual(5007);
    expect(end - start).toBeLessThan(25);
  });

  it('stays within a list that has become shorter', () => {
    expect(visible(3, 80, 400_000, 500)).toEqual({ start: 0, end: 3 });
    expect(visible(0, 80, 0, 500)).toEqual({ start: 0, end: 0 });
  });
});
