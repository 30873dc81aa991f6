import { browser } from 'wxt/browser';
import { sketchMagnet } from './magnet';
import { SOURCES_LIMIT, type PageLink, type Source } from './messages';
import type { Session, Torrent } from './protocol/generated';
import type { Sample } from './rates';

/** What waits for the add dialog. */
export interface PendingItem {
  key: string;
  source: Source;
  /** It is not from the user's own hand: asked about whatever the settings say. */
  ask?: true;
}

/** The beginning of the list, and the totals, as they were. */
export interface Glimpse {
  torrents: readonly Torrent[];
  session: Session;
}

/** What lives as long as the browser does. */
interface SessionState {
  pending: PendingItem[];
  /** The rates of the last minutes, so that a popup opens with a past. */
  rates: Sample[];
  /** When the background last heard of the engine, in a watch that has not come to its end. */
  heardAt: number;
  /** Where the popup was when it was closed. */
  place: { search: string; top: number };
  /** What it showed first, so that it has something to show before the engine has answered. */
  glimpse: Glimpse;
  /** The links of a page, for the user to choose from. */
  offered: PageLink[];
  /** What the toolbar button says while nothing is wrong. */
  badge: string;
  dialog: { tabId: number; windowId?: number };
}

export function keyOf(source: Source): string {
  if (source.kind === 'magnet') return sketchMagnet(source.uri).key;
  return source.kind === 'url' ? source.url : `file:${source.data.length}:${fingerprint(source.data)}`;
}

/** Two files of one name and size are two (FNV-1a; good enough to tell apart, and ready in the same moment). */
function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Adds what is not there yet: a double click is one. */
export function merge(pending: PendingItem[], sources: readonly Source[], ask = false): PendingItem[] {
  const merged = [...pending];
  for (const source of sources) {
    const key = keyOf(source);
    if (merged.length < SOURCES_LIMIT && !merged.some((item) => item.key === key))
      merged.push(ask ? { key, source, ask } : { key, source });
  }
  return merged;
}

export async function readSession<K extends keyof SessionState>(
  key: K,
): Promise<SessionState[K] | undefined> {
  return (await browser.storage.session.get(key))[key] as SessionState[K] | undefined;
}

export async function writeSession(values: Partial<SessionState>): Promise<void> {
  await browser.storage.session.set(values);
}

/**
 * Changes what waits, one change after the other: the background and the dialog both do, and what one of
 * them reads must not be what the other is about to replace.
 */
export async function changePending(change: (items: PendingItem[]) => PendingItem[]): Promise<PendingItem[]> {
  return navigator.locks.request('pending', async () => {
    const pending = change((await readSession('pending')) ?? []);
    await writeSession({ pending });
    return pending;
  });
}

export async function forgetSession(key: keyof SessionState): Promise<void> {
  await browser.storage.session.remove(key);
}

export function watchSession<K extends keyof SessionState>(
  key: K,
  listener: (value: SessionState[K] | undefined) => void,
): () => void {
  const changed = (changes: Record<string, { newValue?: unknown }>, area: string): void => {
    if (area === 'session' && key in changes) {
      listener(changes[key]?.newValue as SessionState[K] | undefined);
    }
  };
  browser.storage.onChanged.addListener(changed);
  return () => {
    browser.storage.onChanged.removeListener(changed);
  };
}
