import { browser } from 'wxt/browser';
import {
  parseLinks,
  parseSource,
  SOURCES_LIMIT,
  type PageLink,
  type Source,
  type ToContent,
} from '@/lib/messages';
import { fileName, isTorrent } from '@/lib/torrentfile';

/** How long to wait for the first frame, and after each for the next: nobody knows how many there are, and
 *  one that is busy must not keep the others waiting. */
const FIRST_MS = 1_500;
const NEXT_MS = 250;

/** The magnet links of a tab, its frames included. The scripts that are there anyway look for them. */
export function linksOfPage(tabId: number): Promise<PageLink[]> {
  return new Promise((resolve) => {
    const links = new Map<string, PageLink>();
    const port = browser.tabs.connect(tabId);
    const done = (): void => {
      clearTimeout(timer);
      port.disconnect();
      resolve([...links.values()].slice(0, SOURCES_LIMIT));
    };
    let timer = setTimeout(done, FIRST_MS);
    port.onMessage.addListener((message: unknown) => {
      clearTimeout(timer);
      timer = setTimeout(done, NEXT_MS);
      for (const link of parseLinks(message)) if (!links.has(link.uri)) links.set(link.uri, link);
    });
    // No script of ours may run here, as on the browser's own pages.
    port.onDisconnect.addListener(done);
  });
}

/** A torrent file as the page gets it, with its cookies; where it may not, the engine fetches it itself. */
export async function torrentOfLink(url: string, tabId: number | undefined, frameId = 0): Promise<Source> {
  const elsewhere: Source = { kind: 'url', url };
  if (tabId === undefined) return elsewhere;
  const question: ToContent = { type: 'fetch', url };
  const reply: unknown = await browser.tabs.sendMessage(tabId, question, { frameId }).catch(() => undefined);
  const data = (reply as { data?: unknown } | undefined)?.data;
  const file = parseSource({ kind: 'file', data, name: fileName(url) });
  return file?.kind === 'file' && isTorrent(file.data) ? file : elsewhere;
}
