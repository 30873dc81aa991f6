import type { Session } from './protocol/generated';

/** What is left to do and ends by itself. Seeding is the engine's own affair and needs no browser. */
export function workLeft(counts: Session['counts']): number {
  return (
    (counts.downloading ?? 0) +
    (counts.fetching_metadata ?? 0) +
    (counts.checking ?? 0) +
    (counts.queued ?? 0)
  );
}
