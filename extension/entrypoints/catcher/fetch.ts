/** The same as in lib; imported, it would bring its neighbours along. */
const FILE_LIMIT = 7 * 1024 * 1024;

/**
 * A torrent file as the page itself would get it, with the page's own cookies. Only what the page may read
 * is read: for a file elsewhere the browser asks that server first.
 */
export async function fetchTorrent(url: string): Promise<{ data: string } | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok || Number(response.headers.get('content-length') ?? 0) > FILE_LIMIT) return undefined;
  const file = await response.blob();
  if (file.size > FILE_LIMIT) return undefined;
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const text = reader.result as string;
      resolve({ data: text.slice(text.indexOf(',') + 1) });
    };
    reader.onerror = reject;
    reader.readAsDataURL(file);
  });
}
