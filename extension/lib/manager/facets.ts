import type { Torrent } from '../protocol/generated';
import { found, matches, searchWords, type Filter } from '../torrents';

/** What narrows the list down. Each of them, where given, must hold. */
export interface Narrowing {
  state: Filter;
  label: string | undefined;
  folder: string | undefined;
  tracker: string | undefined;
  search: string;
}

/** A label, folder or tracker, and how many torrents have it. */
export interface Facet {
  value: string;
  count: number;
}

export interface Facets {
  states: Record<Filter, number>;
  labels: Facet[];
  folders: Facet[];
  trackers: Facet[];
}

/** Nobody reads a longer list; the search finds the rest. */
const MOST = 100;

export function narrow(by: Narrowing): (torrent: Torrent) => boolean {
  const words = searchWords(by.search);
  return (torrent) =>
    matches(by.state, torrent.state) &&
    (by.label === undefined || torrent.labels.includes(by.label)) &&
    (by.folder === undefined || torrent.save_path === by.folder) &&
    (by.tracker === undefined || torrent.tracker === by.tracker) &&
    found(torrent, words);
}

export function facetsOf(torrents: Iterable<Torrent>): Facets {
  const states: Facets['states'] = { all: 0, active: 0, complete: 0, paused: 0, error: 0 };
  const byState = new Map<Torrent['state'], number>();
  const labels = new Map<string, number>();
  const folders = new Map<string, number>();
  const trackers = new Map<string, number>();
  for (const torrent of torrents) {
    add(byState, torrent.state);
    add(folders, torrent.save_path);
    for (const label of torrent.labels) add(labels, label);
    if (torrent.tracker !== undefined) add(trackers, torrent.tracker);
  }
  for (const [state, count] of byState) {
    for (const filter of Object.keys(states) as Filter[]) {
      if (matches(filter, state)) states[filter] += count;
    }
  }
  return { states, labels: sorted(labels), folders: sorted(folders), trackers: sorted(trackers) };
}

/** The last part of a folder's path, with the one before where that alone would not tell two apart. */
export function folderNames(folders: readonly string[]): Map<string, string> {
  const parts = folders.map((folder) => folder.split(/[/\\]/u).filter(Boolean));
  const last = new Map<string, number>();
  for (const each of parts) add(last, each.at(-1) ?? '');
  return new Map(
    folders.map((folder, at) => {
      const own = parts[at] ?? [];
      const alone = last.get(own.at(-1) ?? '') === 1;
      return [folder, own.slice(alone ? -1 : -2).join('/') || folder];
    }),
  );
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Facet[] {
  const all = [...counts].map(([value, count]) => ({ value, count }));
  const most = all.length > MOST ? all.sort((a, b) => b.count - a.count).slice(0, MOST) : all;
  const collator = new Intl.Collator(undefined, { numeric: true });
  return most.sort((a, b) => collator.compare(a.value, b.value));
}
