import { browser } from 'wxt/browser';
import { t } from './i18n';
import { findLinks, magnetFromHash } from './magnet';
import { BASE64_LIMIT, FILE_LIMIT, type FromPage, type Source } from './messages';
import { toBase64 } from './torrentfile';

/** What in a pasted text can be added. */
export function sourcesFromText(text: string): Source[] {
  const hash = magnetFromHash(text);
  if (hash !== undefined) return [{ kind: 'magnet', uri: hash }];
  const { magnets, urls } = findLinks(text);
  return [
    ...magnets.map((uri): Source => ({ kind: 'magnet', uri })),
    ...urls.map((url): Source => ({ kind: 'url', url })),
  ];
}

/** What was dropped or pasted: torrent files, or a text or link. Throws a sentence for what cannot be taken. */
export async function sourcesFromData(data: DataTransfer): Promise<Source[]> {
  const files = [...data.files];
  if (files.length === 0) {
    const sources = sourcesFromText(data.getData('text/uri-list') || data.getData('text/plain'));
    if (sources.length === 0) throw new Error(t('errorNoLink'));
    return sources;
  }
  return Promise.all(
    files.map(async (file): Promise<Source> => {
      if (!/\.torrent$/i.test(file.name) || file.size > FILE_LIMIT) throw new Error(t('errorNoTorrentFile'));
      return { kind: 'file', data: await toBase64(file), name: file.name };
    }),
  );
}

/** Whether a source is small enough to wait for its dialog in the session's storage. */
export function fitsDialog(sources: readonly Source[]): boolean {
  const size = sources.reduce((sum, source) => sum + (source.kind === 'file' ? source.data.length : 0), 0);
  return size <= BASE64_LIMIT;
}

/** Hands sources to the background, which opens the dialog. */
export async function openInDialog(sources: Source[]): Promise<void> {
  const message: FromPage = { type: 'take', sources };
  await browser.runtime.sendMessage(message);
}
