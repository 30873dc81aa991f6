import { isMagnet, MAGNET_LIMIT } from './magnet';

/** Something to add: what the user clicked, pasted or dropped. */
export type Source =
  | { kind: 'magnet'; uri: string }
  | { kind: 'url'; url: string }
  | { kind: 'file'; data: string; name: string };

/**
 * From a content script. `scripted`: the page's own script followed the link, so it is asked about whatever
 * the settings say. `passed`: the click was left to the browser because the host was not there.
 */
export type FromContent =
  { type: 'link'; uri: string; nested: boolean; scripted: boolean } | { type: 'passed'; uri: string };

/** From the extension's own pages. */
export type FromPage = { type: 'take'; sources: Source[] } | { type: 'active' } | { type: 'manager' };

/** To a content script: which site, which links are selected, or a torrent file as the page would get it. */
export type ToContent = { type: 'site' } | { type: 'selection' } | { type: 'fetch'; url: string };

/** A magnet link as a page shows it. */
export interface PageLink {
  uri: string;
  text: string;
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
    return {
      type: 'link',
      uri: message['uri'],
      nested: message['nested'] === true,
      scripted: message['scripted'] !== false,
    };
  if (message['type'] === 'passed') return { type: 'passed', uri: message['uri'] };
  return undefined;
}

export function parseLinks(message: unknown): PageLink[] {
  if (!Array.isArray(message)) return [];
  return message.slice(0, SOURCES_LIMIT).flatMap((link: unknown): PageLink[] => {
    if (!isRecord(link) || !isMagnet(link['uri'])) return [];
    const { text } = link;
    return [{ uri: link['uri'], text: typeof text === 'string' ? text.slice(0, 300) : '' }];
  });
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
  if (message['type'] === 'active' || message['type'] === 'manager') return { type: message['type'] };
  if (message['type'] === 'take' && Array.isArray(message['sources'])) {
    const sources = message['sources'].slice(0, SOURCES_LIMIT).map(parseSource);
    return { type: 'take', sources: sources.filter((source) => source !== undefined) };
  }
  return undefined;
}
