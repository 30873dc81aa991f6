import { browser } from 'wxt/browser';
import { sketchMagnet } from './magnet';
import { SOURCES_LIMIT, type Source } from './messages';
import type { Sample } from './rates';

/** What waits for the add dialog. */
export interface PendingItem {
  key: string;
  source: Source;
}

/** What lives as long as the browser does. */
interface SessionState {
  pending: PendingItem[];
  /** The rates of the last minutes, so that a popup opens with a past. */
  rates: Sample[];
  /** Where the popup was when it was closed. */
  place: { search: string; top: number };
  dialog: { tabId: number; windowId?: number };
}

export function keyOf(source: Source): string {
  if (source.kind === 'magnet') return sketchMagnet(source.uri).key;
  return source.kind === 'url'
    ? source.url
    : `${source.name}:${source.data.length}:${source.data.slice(-64)}`;
}

/** Adds what is not there yet: a double click is one. Says how many were new. */
export function merge(pending: PendingItem[], sources: Source[]): PendingItem[] {
  const merged = [...pending];
  for (const source of sources) {
    const key = keyOf(source);
    if (merged.length < SOURCES_LIMIT && !merged.some((item) => item.key === key))
      merged.push({ key, source });
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

export async function forgetSession(key: keyof SessionState): Promise<void> {
  await browser.storage.session.remove(key);
}

export function watchPending(listener: (items: PendingItem[]) => void): () => void {
  const changed = (changes: Record<string, { newValue?: unknown }>, area: string): void => {
    if (area === 'session' && 'pending' in changes) {
      listener((changes['pending'].newValue as PendingItem[] | undefined) ?? []);
    }
  };
  browser.storage.onChanged.addListener(changed);
  return () => {
    browser.storage.onChanged.removeListener(changed);
  };
}
