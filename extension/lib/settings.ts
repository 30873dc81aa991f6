import { browser } from 'wxt/browser';
import type { Settings } from './protocol/generated';
import type { Theme } from './theme';

/**
 * What the extension itself remembers. Everything about torrents is the engine's; here are only the marks
 * that must be readable before or without it.
 */
export interface LocalState {
  /** What the last attempt to reach the host said; absent = not tried since the browser started. */
  host: 'ok' | 'missing' | 'down';
  /** The host has been there: when it is missing, it is not for want of a set-up. */
  met: boolean;
  /** Sites on which clicks are left alone. */
  sitesOff: string[];
  /** The engine's `ask_before_add` as last seen, for the moment before the engine answers; absent before. */
  ask: boolean;
  /** Whether something was left to do when the engine was last seen. */
  workLeft: boolean;
  /** Desktop notifications of this extension. */
  notify: boolean;
  recentFolders: string[];
  theme: Theme;
  /** What the engine that started then still goes by, though the settings say otherwise by now. */
  restart: { startedAt: number; running: Partial<Settings> };
  recentLabels: string[];
  /** What the toolbar button counts. */
  badge: 'count' | 'rate' | 'none';
  /** Whether torrent files that the browser is about to save are taken; needs a permission of its own. */
  catchFiles: boolean;
  popupFilter: string;
  /** How the full page was left: columns, and what is open. */
  managerLayout: unknown;
  managerPanes: unknown;
}

const DEFAULTS: Omit<LocalState, 'host' | 'met' | 'ask' | 'restart' | 'managerLayout' | 'managerPanes'> = {
  sitesOff: [],
  workLeft: false,
  notify: true,
  recentFolders: [],
  theme: 'system',
  recentLabels: [],
  badge: 'count',
  catchFiles: false,
  popupFilter: 'all',
};

type Key = keyof LocalState;

export async function readLocal<K extends Key>(key: K): Promise<LocalState[K] | undefined> {
  const stored = await browser.storage.local.get(key);
  const fallback = (DEFAULTS as Partial<LocalState>)[key];
  return (stored[key] as LocalState[K] | undefined) ?? fallback;
}

export async function writeLocal(values: Partial<LocalState>): Promise<void> {
  await browser.storage.local.set(values);
}

export async function forgetLocal(key: Key): Promise<void> {
  await browser.storage.local.remove(key);
}

export function watchLocal<K extends Key>(
  key: K,
  listener: (value: LocalState[K] | undefined) => void,
): () => void {
  const changed = (changes: Record<string, { newValue?: unknown }>, area: string): void => {
    if (area === 'local' && key in changes) listener(changes[key]?.newValue as LocalState[K] | undefined);
  };
  browser.storage.onChanged.addListener(changed);
  return () => {
    browser.storage.onChanged.removeListener(changed);
  };
}

const RECENT_FOLDERS = 8;
const RECENT_LABELS = 12;

/** The newest first, each once. */
function withNewest(
  recent: readonly string[] | undefined,
  newest: readonly string[],
  most: number,
): string[] {
  return [...new Set([...newest, ...(recent ?? [])])].slice(0, most);
}

export async function rememberFolder(folder: string): Promise<void> {
  await writeLocal({ recentFolders: withNewest(await readLocal('recentFolders'), [folder], RECENT_FOLDERS) });
}

export async function rememberLabels(labels: readonly string[]): Promise<void> {
  await writeLocal({ recentLabels: withNewest(await readLocal('recentLabels'), labels, RECENT_LABELS) });
}

/** Sites are compared by host name; `www.` is the same site to people. */
export function siteOf(host: string): string {
  return host.replace(/^www\./, '');
}

/** The site that somebody means who types a name or pastes an address. */
export function siteFromText(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || /\s/.test(trimmed)) return undefined;
  try {
    const { hostname } = new URL(trimmed.includes('://') ? trimmed : `https://${trimmed}`);
    return hostname === '' ? undefined : siteOf(hostname);
  } catch {
    return undefined;
  }
}
