import { describe, expect, it } from 'vitest';
import { badgeText, shortRate } from './badge';
import type { Session } from './protocol/generated';

function session(counts: Session['counts'], rate = 0): Session {
  return { counts, download_rate: rate } as Session;
}

describe('the toolbar button', () => {
  it('never needs more than four characters for a rate', () => {
    for (let rate = 0; rate < 1e13; rate = rate * 1.7 + 1) {
      expect(shortRate(rate).length).toBeLessThanOrEqual(4);
    }
    expect(shortRate(0)).toBe('0K');
    expect(shortRate(820_400)).toBe('820K');
    expect(shortRate(999_900)).toBe('1.0M');
    expect(shortRate(12_400_000)).toBe('12M');
  });

  it('counts what is under way, not what waits', () => {
    expect(badgeText(session({ queued: 3, seeding: 2 }), 'count')).toBe('');
    expect(badgeText(session({ queued: 3, downloading: 2, checking: 1 }), 'count')).toBe('3');
    expect(badgeText(session({ downloading: 5000 }), 'count')).toBe('999+');
    expect(badgeText(session({ downloading: 1 }, 2_500_000), 'rate')).toBe('2.5M');
    expect(badgeText(session({ downloading: 1 }, 2_500_000), 'none')).toBe('');
  });
});
