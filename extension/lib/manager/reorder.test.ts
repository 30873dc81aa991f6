import { describe, expect, it } from 'vitest';
import type { Torrent } from '../protocol/generated';
import { queueOf, stepsTo, type QueueStep } from './reorder';

const QUEUE = 'abcdef';
const ids = (letters: string): string[] => letters.split('');

/** What the engine makes of the steps. */
function after(queue: readonly string[], steps: readonly QueueStep[]): string {
  let order = [...queue];
  for (const { ids: asked, to } of steps) {
    const moved = order.filter((id) => asked.includes(id));
    const rest = order.filter((id) => !asked.includes(id));
    order = to === 'top' ? [...moved, ...rest] : [...rest, ...moved];
  }
  return order.join('');
}

function dropped(moving: string, before?: string): { order: string; calls: number } {
  const steps = stepsTo(ids(QUEUE), new Set(ids(moving)), before);
  return { order: after(ids(QUEUE), steps), calls: steps.length };
}

describe('stepsTo', () => {
  it.each([
    ['d', 'b', 'adbcef', 1],
    ['b', 'e', 'acdbef', 1],
    ['a', undefined, 'bcdefa', 1],
    ['f', 'a', 'fabcde', 1],
    ['de', 'b', 'adebcf', 1],
    ['bf', 'd', 'acbfde', 2],
    ['ace', 'd', 'bacedf', 2],
  ])('brings %s before %s', (moving, before, order, calls) => {
    expect(dropped(moving, before)).toEqual({ order, calls });
  });

  it.each([
    ['c', 'd'],
    ['c', 'c'],
    ['bc', 'c'],
    ['f', undefined],
    ['', 'b'],
  ])('asks nothing where %s stands before %s already', (moving, before) => {
    expect(dropped(moving, before)).toEqual({ order: QUEUE, calls: 0 });
  });

  it('is right for every choice and every place, in two calls at most', () => {
    for (let bits = 0; bits < 64; bits += 1) {
      const moving = ids(QUEUE).filter((_, at) => bits & (1 << at));
      for (const before of [...ids(QUEUE), undefined]) {
        const { order, calls } = dropped(moving.join(''), before);
        const from = before === undefined ? QUEUE.length : QUEUE.indexOf(before);
        const stays = (id: string): boolean => !moving.includes(id);
        const ahead = ids(QUEUE.slice(0, from)).filter(stays);
        const behind = ids(QUEUE.slice(from)).filter(stays);
        expect(order).toBe([...ahead, ...moving, ...behind].join(''));
        expect(calls).toBeLessThanOrEqual(2);
      }
    }
  });
});

describe('queueOf', () => {
  it('is in the order of the places, without those that have none', () => {
    const one = (id: string, queue_position: number | null): Torrent => ({ id, queue_position }) as Torrent;
    expect(queueOf([one('b', 1), one('x', null), one('a', 0)])).toEqual(['a', 'b']);
  });
});
