import type { Session } from './protocol/generated';
import type { LocalState } from './settings';
import { workLeft } from './work';

/** A rate in the four characters that a toolbar button has room for. */
export function shortRate(perSecond: number): string {
  let value = perSecond / 1000;
  for (const unit of ['K', 'M', 'G']) {
    if (value < 9.95 && unit !== 'K') return `${value.toFixed(1)}${unit}`;
    if (value < 999.5) return `${value.toFixed(0)}${unit}`;
    value /= 1000;
  }
  return '>1T';
}

/** What the toolbar button says: nothing while nothing is under way. */
export function badgeText(session: Session, what: LocalState['badge']): string {
  const active = workLeft(session.counts) - (session.counts.queued ?? 0);
  if (active === 0 || what === 'none') return '';
  if (what === 'rate') return shortRate(session.download_rate);
  return active > 999 ? '999+' : active.toFixed(0);
}
