import { describe, expect, it } from 'vitest';
import type { Tracker, TrackerState } from '../protocol/generated';
import { isTracker, stateOf, trackersIn, untilNext } from './trackers';

function tracker(more: Partial<Tracker> = {}): Tracker {
  return { url: 'udp://t.example:1/', tier: 0, state: 'working', ...more };
}

describe('the state of a tracker', () => {
  it('has words and a color', () => {
    expect(stateOf(tracker())).toEqual({ label: 'trackerWorking', tone: 'good' });
    expect(stateOf(tracker({ state: 'failed' })).tone).toBe('bad');
  });

  it('of an older engine is unknown', () => {
    expect(stateOf(tracker({ state: 'announcing' as TrackerState })).label).toBe('trackerNotContacted');
  });
});

describe('the time until it is asked', () => {
  it('counts down, and ends', () => {
    const asked = tracker({ next_announce_at: 61_000 });
    expect(untilNext(asked, 0)).toBe(61_000);
    expect(untilNext(asked, 60_000)).toBe(1_000);
    expect(untilNext(asked, 61_000)).toBeUndefined();
    expect(untilNext(tracker({ ...asked, state: 'updating' }), 0)).toBeUndefined();
    expect(untilNext(tracker(), 0)).toBeUndefined();
  });
});

describe('the addresses of trackers', () => {
  it('are read from lines, each once', () => {
    expect(trackersIn('\nudp://a:1\n\nhttp://b/x udp://a:1 ')).toEqual(['udp://a:1', 'http://b/x']);
  });

  it('begin with a scheme that trackers have', () => {
    for (const good of ['http://a/announce', 'HTTPS://a.example/x?y', 'udp://[::1]:80'])
      expect(isTracker(good), good).toBe(true);
    for (const bad of ['', 'a.example', 'ftp://a', 'udp://', 'http://a b/', 'wss://a', 'udp://:80'])
      expect(isTracker(bad), bad).toBe(false);
  });
});
