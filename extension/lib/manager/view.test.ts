import { describe, expect, it } from 'vitest';
import type { Torrent } from '../protocol/generated';
import { View } from './view';

function torrent(id: string, rate: number, name = id): Torrent {
  return { id, name, download_rate: rate } as Torrent;
}

const map = (...torrents: Torrent[]): Map<string, Torrent> =>
  new Map(torrents.map((each) => [each.id, each]));
const fast = {
  matches: (each: Torrent) => each.download_rate > 0,
  compare: (a: Torrent, b: Torrent) => b.download_rate - a.download_rate,
};
const ids = (view: View): string => view.rows.map(({ id }) => id).join('');

describe('the view of a list', () => {
  it('shows what matches, in order, and ties by id', () => {
    const view = new View();
    view.update(map(torrent('c', 1), torrent('a', 1), torrent('b', 2), torrent('d', 0)));
    view.ask(fast);
    expect(ids(view)).toBe('bac');
  });

  it('puts what changed where it belongs, lets in what matches now, and out what does not', () => {
    const view = new View();
    const [a, b, c, d] = [torrent('a', 4), torrent('b', 3), torrent('c', 2), torrent('d', 0)];
    view.update(map(a, b, c, d));
    view.ask(fast);
    view.update(map(a, torrent('b', 1), torrent('c', 0), torrent('d', 9), torrent('e', 2)));
    expect(ids(view)).toBe('daeb');
  });

  it('keeps the place of what changed in something else, with its new content', () => {
    const view = new View();
    const [a, b] = [torrent('a', 2), torrent('b', 1)];
    view.update(map(a, b));
    view.ask(fast);
    view.update(map(a, torrent('b', 1, 'renamed')));
    expect(view.rows.map(({ name }) => name)).toEqual(['a', 'renamed']);
  });

  it('is the same array as long as nothing of it changed', () => {
    const view = new View();
    const [a, b] = [torrent('a', 2), torrent('b', 0)];
    view.update(map(a, b));
    const before = view.ask(fast);
    expect(view.update(map(a, torrent('b', 0, 'other')))).toBe(before);
  });

  it('stays as if sorted anew, whatever happens', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % below;
    };
    const view = new View();
    view.ask(fast);
    let now = new Map<string, Torrent>();
    for (let round = 0; round < 300; round += 1) {
      now = new Map(now);
      for (let change = random(6); change >= 0; change -= 1) {
        const id = `t${random(40)}`;
        if (random(4) === 0) now.delete(id);
        else now.set(id, torrent(id, random(5)));
      }
      view.update(now);
      const anew = new View();
      anew.update(now);
      anew.ask(fast);
      expect(view.rows).toEqual(anew.rows);
    }
  });
});
