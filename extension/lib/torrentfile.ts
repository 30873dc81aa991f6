import { BASE64_LIMIT } from './messages';

/** The last part of an address, as people know a file. */
export function fileName(url: string): string {
  try {
    const last = new URL(url).pathname.split('/').at(-1) ?? '';
    return decodeURIComponent(last) || url;
  } catch {
    return url;
  }
}

/** Whether bytes in base64 are a dictionary with an info, and not the page that asks to log in. The engine
 *  has the last word. */
export function isTorrent(base64: string): boolean {
  if (base64.length === 0 || base64.length > BASE64_LIMIT) return false;
  try {
    const text = atob(base64);
    return text.startsWith('d') && text.trimEnd().endsWith('e') && text.includes('4:infod');
  } catch {
    return false;
  }
}

/** What browsers say of a download that is a torrent file. */
export function looksLikeTorrent(item: {
  filename: string;
  mime?: string | undefined;
  url: string;
}): boolean {
  return (
    item.mime === 'application/x-bittorrent' ||
    /\.torrent$/i.test(item.filename) ||
    /^[^?#]+\.torrent(?:[?#]|$)/i.test(item.url)
  );
}

export async function toBase64(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = '';
  // In slices: a call has a limit of its own for arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
