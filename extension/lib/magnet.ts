/** As long as the engine takes them. */
export const MAGNET_LIMIT = 64 * 1024;

export interface MagnetSketch {
  /** Lower-case hex where that is what the link has, base32 otherwise: good for telling two links apart. */
  key: string;
  name: string | undefined;
}

/** Whether this may be handed on as a magnet link. The engine has the last word on what it means. */
export function isMagnet(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAGNET_LIMIT && /^magnet:\?./i.test(text);
}

/** What can be told from the link alone, at once. */
export function sketchMagnet(uri: string): MagnetSketch {
  const params = new URLSearchParams(uri.slice(uri.indexOf('?') + 1));
  const topic = params.getAll('xt').find((xt) => /^urn:btih:/i.test(xt));
  const name = params.get('dn')?.trim();
  return {
    key: topic === undefined ? uri : topic.slice('urn:btih:'.length).toLowerCase(),
    name: name === undefined || name === '' ? undefined : name,
  };
}

/** Every link in a piece of text that can be added: magnets anywhere, other addresses as whole words. */
export function findLinks(text: string, max = 200): { magnets: string[]; urls: string[] } {
  const magnets = new Set<string>();
  const urls = new Set<string>();
  for (const [word] of text.slice(0, 4 * 1024 * 1024).matchAll(/[^\s<>"']+/gu)) {
    if (magnets.size + urls.size >= max) break;
    const start = word.search(/magnet:\?/i);
    const magnet = start === -1 ? undefined : word.slice(start);
    if (isMagnet(magnet)) magnets.add(magnet);
    else if (/^https?:\/\/./i.test(word) && URL.canParse(word) && word.length <= MAGNET_LIMIT) urls.add(word);
  }
  return { magnets: [...magnets], urls: [...urls] };
}

/** A bare info-hash is what people paste, too. */
export function magnetFromHash(text: string): string | undefined {
  const hash = text.trim();
  return /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i.test(hash) ? `magnet:?xt=urn:btih:${hash}` : undefined;
}
