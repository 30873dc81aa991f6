import type { Torrent } from './protocol/generated';
import { matches } from './torrents';

/** What “pause all” and “resume all” are about. What was cancelled or is finished is left alone. */
export function bulkTargets(torrents: Iterable<Torrent>): { pause: string[]; resume: string[] } {
  const pause: string[] = [];
  const resume: string[] = [];
  for (const { id, state } of torrents) {
    if (matches('active', state) || state === 'seeding') pause.push(id);
    else if (state === 'paused') resume.push(id);
  }
  return { pause, resume };
}
