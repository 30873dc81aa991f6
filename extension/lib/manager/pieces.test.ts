import { describe, expect, it } from 'vitest';
import { stretches } from './pieces';

const pieces = (count: number, ...bytes: number[]): Parameters<typeof stretches>[0] => ({
  piece_count: count,
  piece_bytes: 1,
  have: btoa(String.fromCharCode(...bytes)),
});

describe('the bar of pieces', () => {
  it('sums pieces up where there are more of them than pixels', () => {
    expect([...stretches(pieces(12, 0b11110001, 0b10000000), 3)]).toEqual([1, 0.25, 0.25]);
  });

  it('spreads them where there are fewer', () => {
    expect([...stretches(pieces(2, 0b01000000), 4)]).toEqual([0, 0, 1, 1]);
  });

  it('is empty while nothing is known', () => {
    expect([...stretches(pieces(0), 2)]).toEqual([0, 0]);
    expect(stretches(pieces(5, 0xff), 0)).toHaveLength(0);
  });
});
