import type { Torrent, TorrentState } from './protocol/generated';
import type { MessageKey } from './i18n';

/** The ways to look at the list. `active` is what moves or tries to. */
export const FILTERS = ['all', 'active', 'complete', 'paused', 'error'] as const;
export type Filter = (typeof FILTERS)[number];

export function isFilter(value: unknown): value is Filter {
  return (FILTERS as readonly unknown[]).includes(value);
}

export const FILTER_LABELS: Record<Filter, MessageKey> = {
  all: 'filterAll',
  active: 'filterActive',
  complete: 'filterComplete',
  paused: 'filterPaused',
  error: 'filterError',
};

const MEMBERS: Record<Exclude<Filter, 'all'>, readonly TorrentState[]> = {
  active: ['queued', 'fetching_metadata', 'checking', 'downloading'],
  complete: ['seeding', 'finished'],
  paused: ['paused', 'cancelled'],
  error: ['error'],
};

export function matches(filter: Filter, state: TorrentState): boolean {
  return filter === 'all' || MEMBERS[filter].includes(state);
}

/** How many torrents each filter lets through, by the numbers of each state. */
export function countFilters(counts: Partial<Record<TorrentState, number>>): Record<Filter, number> {
  const sums: Record<Filter, number> = { all: 0, active: 0, complete: 0, paused: 0, error: 0 };
  for (const [state, number] of Object.entries(counts)) {
    for (const each of FILTERS) if (matches(each, state as TorrentState)) sums[each] += number;
  }
  return sums;
}

export type Action = 'pause' | 'resume' | 'cancel' | 'delete-files' | 'remove' | 'open-folder';

/** What can be done in a state; the first is the one people want most. */
export function actionsFor(state: TorrentState): readonly Action[] {
  switch (state) {
    case 'queued':
    case 'fetching_metadata':
    case 'checking':
    case 'downloading':
      return ['pause', 'open-folder', 'cancel', 'remove'];
    case 'seeding':
      return ['pause', 'open-folder', 'cancel', 'remove'];
    case 'finished':
      return ['open-folder', 'resume', 'cancel', 'remove'];
    case 'paused':
    case 'error':
      return ['resume', 'open-folder', 'cancel', 'remove'];
    case 'cancelled':
      return ['resume', 'open-folder', 'delete-files', 'remove'];
  }
}

export const STATE_LABELS: Record<TorrentState, MessageKey> = {
  queued: 'stateQueued',
  fetching_metadata: 'stateFetchingMetadata',
  checking: 'stateChecking',
  downloading: 'stateDownloading',
  seeding: 'stateSeeding',
  finished: 'stateFinished',
  paused: 'statePaused',
  cancelled: 'stateCancelled',
  error: 'stateError',
};

/** In the order of the queue, then the newest first; the id settles what is left, so that rows stay put. */
export function inOrder(a: Torrent, b: Torrent): number {
  const left = a.queue_position ?? Infinity;
  const right = b.queue_position ?? Infinity;
  if (left !== right) return left - right;
  return b.added_at - a.added_at || (a.id < b.id ? -1 : 1);
}

/** Every word of the search must be in the name, in any order. */
export function searchWords(search: string): string[] {
  return search.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
}

export function found(torrent: Torrent, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const name = torrent.name.toLocaleLowerCase();
  return words.every((word) => name.includes(word));
}
