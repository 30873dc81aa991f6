import { browser } from 'wxt/browser';
import type { Torrent } from './protocol/generated';

/**
 * Removing a torrent can be undone for a moment. The engine cannot bring back what it forgot (what was
 * uploaded, the place in the queue, which files are its own), so it is told only when the moment is over.
 * Until then the removal waits in storage: pages hide the torrent, and the background carries it out,
 * whether the page that asked is still open or not.
 */
export interface Removal {
  key: string;
  ids: string[];
  /** The torrent's name, where it is only one. */
  name: string;
  /** When it is carried out. */
  until: number;
  /** The engine has removed them, but not every page has heard of it yet. */
  gone?: boolean;
}

const PREFIX = 'removing:';
export const GRACE_MS = 10_000;
/** Whoever decides at the very last moment is too late rather than half in time. */
export const UNDO_MARGIN_MS = 500;

function parse(stored: Record<string, unknown>): Removal[] {
  return Object.entries(stored)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([, value]) => value as Removal)
    .sort((a, b) => a.until - b.until);
}

export async function readRemovals(): Promise<Removal[]> {
  return parse(await browser.storage.local.get(null));
}

/** Each has a key of its own: pages and background never overwrite each other's. */
export async function writeRemoval(removal: Removal): Promise<void> {
  await browser.storage.local.set({ [PREFIX + removal.key]: removal });
}

export async function dropRemoval(key: string): Promise<void> {
  await browser.storage.local.remove(PREFIX + key);
}

export async function removeSoon(torrents: readonly Torrent[]): Promise<void> {
  const [first] = torrents;
  if (first === undefined) return;
  await writeRemoval({
    key: crypto.randomUUID(),
    ids: torrents.map((torrent) => torrent.id),
    name: torrents.length === 1 ? first.name : '',
    until: Date.now() + GRACE_MS,
  });
}

/** Somebody wants this torrent after all, such as by adding it again. */
export async function keepTorrent(id: string): Promise<void> {
  for (const removal of await readRemovals()) {
    if (!removal.ids.includes(id)) continue;
    const ids = removal.ids.filter((other) => other !== id);
    if (ids.length === 0) await dropRemoval(removal.key);
    else await writeRemoval({ ...removal, ids });
  }
}

/** Tells of the removals that wait, now and whenever they change. */
export function watchRemovals(listener: (removals: Removal[]) => void): () => void {
  const read = (): void => void readRemovals().then(listener);
  const changed = (changes: Record<string, unknown>, area: string): void => {
    if (area === 'local' && Object.keys(changes).some((key) => key.startsWith(PREFIX))) read();
  };
  browser.storage.onChanged.addListener(changed);
  read();
  return () => {
    browser.storage.onChanged.removeListener(changed);
  };
}

/** The list without what is being removed. */
export function withoutRemoved(
  torrents: ReadonlyMap<string, Torrent>,
  removals: readonly Removal[],
): ReadonlyMap<string, Torrent> {
  const hidden = removals.flatMap((removal) => removal.ids).filter((id) => torrents.has(id));
  if (hidden.length === 0) return torrents;
  const left = new Map(torrents);
  for (const id of hidden) left.delete(id);
  return left;
}
