import { describe, expect, it } from 'vitest';
import type { Torrent } from '../protocol/generated';
import { History } from './history';

function list(...rates: [string, number][]): Map<string, Torrent> {
  return new Map(rates.map(([id, down]) => [id, { id, download_rate: down, upload_rate: 0 } as Torrent]));
}

describe('the history of rates', () => {
  it('begins when something moves, and goes on when it stops', () => {
    const history = new History();
    history.record(list(['a', 0]), 1000);
    expect(history.of('a')).toBeUndefined();
    history.record(list(['a', 5]), 2000);
    history.record(list(['a', 0]), 3000);
    expect(history.of('a')).toEqual({ times: [2, 3], down: [5, 0], up: [0, 0] });
  });

  it('forgets what is gone, what is old, and what has been quiet for long', () => {
    const history = new History();
    history.record(list(['a', 1], ['b', 1]), 0);
    history.record(list(['b', 1]), 1000);
    expect(history.of('a')).toBeUndefined();
    for (let second = 2; second < 700; second += 1) history.record(list(['b', 1]), second * 1000);
    expect(history.of('b')?.times).toHaveLength(600);
    for (let second = 700; second < 1400; second += 1) history.record(list(['b', 0]), second * 1000);
    expect(history.of('b')).toBeUndefined();
  });
});
