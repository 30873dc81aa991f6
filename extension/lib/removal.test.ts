import { beforeEach, describe, expect, it } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import type { Torrent } from './protocol/generated';
import { GRACE_MS, dropRemoval, keepTorrent, readRemovals, removeSoon, withoutRemoved } from './removal';

const torrent = (id: string): Torrent => ({ id, name: `Name ${id}` }) as Torrent;

beforeEach(() => {
  fakeBrowser.reset();
});

describe('a removal', () => {
  it('waits, with the name of what it is about', async () => {
    await removeSoon([torrent('a')]);
    const [removal] = await readRemovals();
    expect(removal).toMatchObject({ ids: ['a'], name: 'Name a' });
    const left = (removal?.until ?? 0) - Date.now();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(GRACE_MS);
  });

  it('of nothing is none', async () => {
    await removeSoon([]);
    expect(await readRemovals()).toEqual([]);
  });

  it('is taken back as a whole, and leaves the others alone', async () => {
    await removeSoon([torrent('a')]);
    await removeSoon([torrent('b'), torrent('c')]);
    const several = (await readRemovals()).find((removal) => removal.ids.length === 2);
    await dropRemoval(several?.key ?? '');
    expect((await readRemovals()).flatMap((removal) => removal.ids)).toEqual(['a']);
  });

  it('does not touch what was added again', async () => {
    await removeSoon([torrent('a'), torrent('b')]);
    await keepTorrent('a');
    expect((await readRemovals()).flatMap((removal) => removal.ids)).toEqual(['b']);
    await keepTorrent('b');
    expect(await readRemovals()).toEqual([]);
  });
});

describe('withoutRemoved', () => {
  const all = new Map(['a', 'b'].map((id) => [id, torrent(id)]));

  it('hides what is being removed', () => {
    const removal = { key: 'k', ids: ['a', 'x'], name: '', until: 0 };
    expect([...withoutRemoved(all, [removal]).keys()]).toEqual(['b']);
  });

  it('is the same list where there is nothing to hide', () => {
    expect(withoutRemoved(all, [])).toBe(all);
    expect(withoutRemoved(all, [{ key: 'k', ids: ['x'], name: '', until: 0 }])).toBe(all);
  });
});
