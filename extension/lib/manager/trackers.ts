import type { MessageKey } from '../i18n';
import type { Tracker, TrackerState } from '../protocol/generated';
import type { Tone } from '../row';

const STATES: Record<TrackerState, { label: MessageKey; tone: Tone }> = {
  disabled: { label: 'trackerDisabled', tone: 'soft' },
  not_contacted: { label: 'trackerNotContacted', tone: 'soft' },
  updating: { label: 'trackerUpdating', tone: 'accent' },
  working: { label: 'trackerWorking', tone: 'good' },
  failed: { label: 'trackerFailed', tone: 'bad' },
};

/** The state of a tracker for people. An older engine has other words for it. */
export function stateOf(tracker: Tracker): { label: MessageKey; tone: Tone } {
  return (STATES as Partial<typeof STATES>)[tracker.state] ?? STATES.not_contacted;
}

/** Milliseconds until it is asked next; nothing where that is not known, or is now. */
export function untilNext(tracker: Tracker, now: number): number | undefined {
  const at = tracker.next_announce_at;
  return at === undefined || at <= now || tracker.state === 'updating' ? undefined : at - now;
}

/** The addresses in a text: one a line, or between spaces. Each once. */
export function trackersIn(text: string): string[] {
  return [...new Set(text.split(/\s+/u).filter(Boolean))];
}

/** Whether a text is the address of a tracker. */
export function isTracker(text: string): boolean {
  // Firefox gives a scheme that it does not know no host of its own.
  const rest = /^(https?|udp):\/\/(.*)$/iu.exec(text)?.[2];
  return rest !== undefined && URL.canParse(`http://${rest}`);
}
