import type { Torrent } from './protocol/generated';
import { bytes, count, eta, percent, rate, ratio } from './format';
import { plural, t } from './i18n';
import { displaySentence } from './text';
import { STATE_LABELS } from './torrents';

export type Tone = 'accent' | 'good' | 'soft' | 'warn' | 'bad';

const TONES: Record<Torrent['state'], Tone> = {
  queued: 'soft',
  fetching_metadata: 'warn',
  checking: 'warn',
  downloading: 'accent',
  seeding: 'good',
  finished: 'good',
  paused: 'soft',
  cancelled: 'soft',
  error: 'bad',
};

export function toneOf(torrent: Torrent): Tone {
  return TONES[torrent.state];
}

/** The state alone, where the progress has a place of its own. */
export function stateWord(torrent: Torrent): string {
  if (torrent.moving !== undefined) return t('stateMoving', percent(torrent.moving));
  return t(STATE_LABELS[torrent.state]);
}

/** The state in words, with how far it is where that means something. */
export function stateText(torrent: Torrent): string {
  const label = stateWord(torrent);
  if (torrent.moving !== undefined) return label;
  const partial = torrent.progress < 1 && torrent.total_bytes > 0;
  return partial && torrent.state !== 'error' ? `${label} ${percent(torrent.progress)}` : label;
}

/** What is wrong, for a narrow place: of the long path in it only the end, so that the reason is in sight. */
export function troubleText(torrent: Torrent): string | undefined {
  if (torrent.error === null) return undefined;
  const folder = torrent.save_path.split(/[/\\]/u).findLast(Boolean);
  const short = folder === undefined ? torrent.save_path : `…/${folder}`;
  return displaySentence(torrent.error.message.replaceAll(torrent.save_path, short));
}

/** What else is worth a glance in this state, most important first. */
export function details(torrent: Torrent): string[] {
  const parts: (string | undefined)[] = [];
  const peers = plural('peers', torrent.peers_connected, count(torrent.peers_connected));
  switch (torrent.state) {
    case 'downloading':
      parts.push(`↓ ${rate(torrent.download_rate)}`, eta(torrent.eta_ms), peers);
      break;
    case 'fetching_metadata':
      // Nobody yet is what the state says.
      if (torrent.peers_connected > 0) parts.push(peers);
      break;
    case 'seeding':
      parts.push(`↑ ${rate(torrent.upload_rate)}`, t('ratioValue', ratio(torrent.ratio)), peers);
      break;
    case 'finished':
      parts.push(t('ratioValue', ratio(torrent.ratio)));
      break;
    default:
  }
  return parts.filter((part) => part !== undefined);
}

export function sizeText(torrent: Torrent): string {
  const size = torrent.selected_bytes > 0 ? torrent.selected_bytes : torrent.total_bytes;
  if (size === 0) return '';
  if (torrent.done_bytes >= size) return bytes(size);
  return t('progressOf', bytes(torrent.done_bytes), bytes(size));
}
