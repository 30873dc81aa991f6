import type { QueueMove, Torrent } from '../protocol/generated';

/** One call of `move_in_queue`. */
export interface QueueStep {
  ids: string[];
  to: QueueMove;
}

/** The queue from its front; what is over or was taken out has no place in it. */
export function queueOf(torrents: Iterable<Torrent>): string[] {
  return [...torrents]
    .filter((torrent) => torrent.queue_position !== null)
    .sort((a, b) => (a.queue_position ?? 0) - (b.queue_position ?? 0))
    .map(({ id }) => id);
}

/**
 * The calls that bring some torrents, in the order that they have, right before another one; without one, to
 * the end. The engine knows no such move, but what it moves to the top keeps its order. So all that shall stand
 * up to there is moved to the top, or all that shall stand behind it to the bottom, whatever is less: in one
 * call where it has this order already, else in two.
 */
export function stepsTo(queue: readonly string[], moving: ReadonlySet<string>, before?: string): QueueStep[] {
  const moved = queue.filter((id) => moving.has(id));
  // Before one that moves itself: before the next that does not.
  let place = before === undefined ? -1 : queue.indexOf(before);
  if (place === -1) place = queue.length;
  while (place < queue.length && moving.has(queue[place] ?? '')) place += 1;
  const stays = (id: string): boolean => !moving.has(id);
  const ahead = queue.slice(0, place).filter(stays);
  const behind = queue.slice(place).filter(stays);
  const wanted = [...ahead, ...moved, ...behind];
  if (moved.length === 0 || wanted.every((id, at) => id === queue[at])) return [];

  const places = new Map(queue.map((id, at) => [id, at]));
  const placeOf = (id: string | undefined): number => (id === undefined ? -1 : (places.get(id) ?? -1));
  const inOrder = (ids: readonly string[]): boolean =>
    ids.every((id, at) => placeOf(id) > placeOf(ids[at - 1]));
  const toTop = [...ahead, ...moved];
  const toBottom = [...moved, ...behind];
  const ways: QueueStep[][] = [
    inOrder(toTop)
      ? [{ ids: toTop, to: 'top' }]
      : [
          { ids: moved, to: 'top' },
          { ids: ahead, to: 'top' },
        ],
    inOrder(toBottom)
      ? [{ ids: toBottom, to: 'bottom' }]
      : [
          { ids: moved, to: 'bottom' },
          { ids: behind, to: 'bottom' },
        ],
  ];
  const cost = (way: readonly QueueStep[]): number =>
    way.reduce((sum, { ids }) => sum + ids.length, way.length * queue.length);
  const [best = []] = ways.sort((a, b) => cost(a) - cost(b));
  return best.filter(({ ids }) => ids.length > 0);
}
