import type { MessageKey } from '../i18n';
import type { Peer, PeerSource } from '../protocol/generated';

/** What a column of the peers shows. */
export const PEER_COLUMNS = [
  'address',
  'client',
  'connection',
  'source',
  'flags',
  'progress',
  'down',
  'up',
  'downloaded',
  'uploaded',
] as const;
export type PeerColumn = (typeof PEER_COLUMNS)[number];

export interface PeerOrder {
  column: PeerColumn;
  descending: boolean;
}

/** The order until the user chooses another one. */
export const FASTEST_FIRST: PeerOrder = { column: 'down', descending: true };

/** Text begins with A, and numbers with the largest. */
const ASCENDING_FIRST: readonly PeerColumn[] = ['address', 'client', 'connection', 'source'];

/** The order after a click on the head of a column. */
export function orderBy(order: PeerOrder, column: PeerColumn): PeerOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: !ASCENDING_FIRST.includes(column) };
}

/** A letter of the flags and what it means. */
export interface PeerFlag {
  letter: string;
  meaning: MessageKey;
}

/** The flags of a peer, with the letters that other clients use for them. */
export function flagsOf({ flags }: Peer): PeerFlag[] {
  if (flags === undefined) return [];
  const found: PeerFlag[] = [];
  const add = (letter: string, meaning: MessageKey): void => void found.push({ letter, meaning });
  if (flags.am_interested) {
    if (flags.peer_choking) add('d', 'flagWaitsForPeer');
    else add('D', 'flagDownloads');
  } else if (!flags.peer_choking) add('K', 'flagPeerWouldSend');
  if (flags.peer_interested) {
    if (flags.am_choking) add('u', 'flagPeerWaits');
    else add('U', 'flagUploads');
  } else if (!flags.am_choking) add('?', 'flagWeWouldSend');
  if (flags.optimistic) add('O', 'flagOptimistic');
  if (flags.snubbed) add('S', 'flagSnubbed');
  return found;
}

export const SOURCE_LABELS: Record<PeerSource, MessageKey> = {
  tracker: 'sourceTracker',
  dht: 'sourceDht',
  lsd: 'sourceLsd',
  pex: 'sourcePex',
  user: 'sourceUser',
  incoming: 'sourceIncoming',
};

/** Compares addresses as numbers, so that 10.0.0.9 stands before 10.0.0.10. */
const addresses = new Intl.Collator('en', { numeric: true });
const words = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

function compare(a: Peer, b: Peer, column: PeerColumn): number {
  switch (column) {
    case 'address':
      return 0;
    case 'client':
      return words.compare(a.client ?? '', b.client ?? '');
    case 'connection':
      return words.compare(a.direction + a.transport, b.direction + b.transport);
    case 'source':
      return words.compare(a.source ?? '', b.source ?? '');
    case 'flags':
      return flagsOf(a).length - flagsOf(b).length;
    case 'progress':
      return (a.progress ?? -1) - (b.progress ?? -1);
    case 'down':
      return a.download_rate - b.download_rate || a.upload_rate - b.upload_rate;
    case 'up':
      return a.upload_rate - b.upload_rate || a.download_rate - b.download_rate;
    case 'downloaded':
      return a.downloaded - b.downloaded;
    case 'uploaded':
      return a.uploaded - b.uploaded;
  }
}

/** Peers in an order; those that are alike by their addresses, so that rows do not jump. */
export function sortPeers(peers: readonly Peer[], { column, descending }: PeerOrder): Peer[] {
  const sign = descending ? -1 : 1;
  return peers.toSorted(
    (a, b) =>
      sign * compare(a, b, column) ||
      (column === 'address' ? sign : 1) * addresses.compare(a.address, b.address),
  );
}

/** The IP address of a peer, without its port: what is banned. */
export function hostOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** How many addresses the engine takes at once. */
export const MOST_PEERS = 256;

/** The addresses in a text: one a line, or between spaces and commas. Each once. */
export function peersIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/u).filter(Boolean))];
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/u;
const NAME = /^[\w-]+(?:\.[\w-]+)*$/u;

/** Whether a text is a host with a port: a name, an IPv4 address or an IPv6 address in brackets. */
export function isPeer(text: string): boolean {
  const colon = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || !/^\d{1,5}$/u.test(port) || Number(port) < 1 || Number(port) > 65_535) return false;
  if (IPV4.test(host)) return host.split('.').every((part) => Number(part) <= 255);
  if (host.startsWith('[')) return URL.canParse(`http://${host}/`);
  return host.length <= 253 && NAME.test(host);
}
