import { isMagnet, MAGNET_LIMIT } from './magnet';

/** Something to add: what the user clicked, pasted or dropped. */
export type Source =
  | { kind: 'magnet'; uri: string }
  | { kind: 'url'; url: string }
  | { kind: 'file'; data: string; name: string };

/** From a content script. `passed`: the click was left to the browser because the host was not there. */
export type FromContent = { type: 'link'; uri: string; nested: boolean } | { type: 'passed'; uri: string };

/** From the extension's own pages. */
export type FromPage = { type: 'take'; sources: Source[] } | { type: 'active' };

/** To a content script. */
export interface ToContent {
  type: 'site';
}

/** To the welcome page: come to the front. */
export interface ToWelcome {
  type: 'front';
}

/** What a content script is told: whether the link found a taker. */
export interface LinkAnswer {
  taken: boolean;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A page that took over its renderer could speak as our content script: nothing is believed unchecked. */
export function parseFromContent(message: unknown): FromContent | undefined {
  if (!isRecord(message) || !isMagnet(message['uri'])) return undefined;
  if (message['type'] === 'link')
    return { type: 'link', uri: message['uri'], nested: message['nested'] === true };
  if (message['type'] === 'passed') return { type: 'passed', uri: message['uri'] };
  return undefined;
}

export const FILE_LIMIT = 10 * 1024 * 1024;
/** The room that session storage has for what waits for its dialog. */
export const BASE64_LIMIT = 7 * 1024 * 1024;
export const SOURCES_LIMIT = 200;

export function parseSource(value: unknown): Source | undefined {
  if (!isRecord(value)) return undefined;
  if (value['kind'] === 'magnet' && isMagnet(value['uri'])) return { kind: 'magnet', uri: value['uri'] };
  const { url, data, name } = value;
  if (
    value['kind'] === 'url' &&
    typeof url === 'string' &&
    url.length <= MAGNET_LIMIT &&
    /^https?:/i.test(url)
  ) {
    return { kind: 'url', url };
  }
  if (
    value['kind'] === 'file' &&
    typeof data === 'string' &&
    typeof name === 'string' &&
    data.length <= BASE64_LIMIT
  ) {
    return { kind: 'file', data, name: name.slice(0, 1000) };
  }
  return undefined;
}

export function parseFromPage(message: unknown): FromPage | undefined {
  if (!isRecord(message)) return undefined;
  if (message['type'] === 'active') return { type: 'active' };
  if (message['type'] === 'take' && Array.isArray(message['sources'])) {
    const sources = message['sources'].slice(0, SOURCES_LIMIT).map(parseSource);
    return { type: 'take', sources: sources.filter((source) => source !== undefined) };
  }
  return undefined;
}
