import { browser, type Browser } from 'wxt/browser';
import { FILE_LIMIT, type Source } from '@/lib/messages';
import { readLocal } from '@/lib/settings';
import { fileName, isTorrent, looksLikeTorrent, toBase64 } from '@/lib/torrentfile';
import { take } from './take';

const FETCH_MS = 20_000;

type Download = Pick<
  Browser.downloads.DownloadItem,
  'id' | 'url' | 'filename' | 'mime' | 'incognito' | 'byExtensionId'
> & { finalUrl?: string };

let listening = false;

/** Sees what the browser is about to save, where the user gave the permission for it. */
export function listenToDownloads(): void {
  const downloads = browser.downloads as typeof browser.downloads | undefined;
  if (downloads === undefined || listening) return;
  listening = true;
  if (import.meta.env.FIREFOX) {
    downloads.onCreated.addListener((item) => {
      void onDownload(item);
    });
  } else {
    // Here first a name is known; the download waits for the answer.
    downloads.onDeterminingFilename.addListener((item, suggest) => {
      if (!looksLikeTorrent(item)) return;
      void onDownload(item).finally(() => {
        suggest();
      });
      return true;
    });
  }
}

/**
 * A torrent file is fetched once more, by us, with the cookies that the browser has for it. Only when that
 * went well the download is called off: a file is never lost to us.
 */
async function onDownload(item: Download): Promise<void> {
  // A private window's cookies are not ours to use.
  if (item.incognito || item.byExtensionId === browser.runtime.id || !looksLikeTorrent(item)) return;
  if ((await readLocal('catchFiles')) !== true) return;
  const source = await fetchFile(item.finalUrl ?? item.url, item.filename).catch(() => undefined);
  if (source === undefined || !(await take([source]))) return;
  await browser.downloads.cancel(item.id).catch(() => undefined);
  await browser.downloads.removeFile(item.id).catch(() => undefined);
  await browser.downloads.erase({ id: item.id });
}

async function fetchFile(url: string, path: string): Promise<Source | undefined> {
  if (!/^https?:/i.test(url)) return undefined;
  const response = await fetch(url, { credentials: 'include', signal: AbortSignal.timeout(FETCH_MS) });
  if (!response.ok || Number(response.headers.get('content-length') ?? 0) > FILE_LIMIT) return undefined;
  const blob = await response.blob();
  if (blob.size > FILE_LIMIT) return undefined;
  const data = await toBase64(blob);
  const name = path.split(/[/\\]/).at(-1);
  return isTorrent(data)
    ? { kind: 'file', data, name: name === undefined || name === '' ? fileName(url) : name }
    : undefined;
}
