import { describe, expect, it } from 'vitest';
import type { Session } from './protocol/generated';
import { addSample, curves, mergeSamples, WINDOW_MS, type Sample } from './rates';

const session = (down: number, up = 0): Session => ({ download_rate: down, upload_rate: up }) as Session;
const sample = (at: number, down: number, up = 0): Sample => ({ at, down, up });
const NOW = 1_000_000;

describe('addSample', () => {
  it('keeps what shows, and how the window begins', () => {
    const old = [sample(NOW - 3 * WINDOW_MS, 1), sample(NOW - 2 * WINDOW_MS, 2), sample(NOW - 10_000, 3)];
    expect(addSample(old, session(4), NOW).map(({ down }) => down)).toEqual([2, 3, 4]);
  });

  it('takes two of one moment for one, the newer', () => {
    expect(addSample([sample(NOW - 100, 1)], session(2), NOW).map(({ down }) => down)).toEqual([2]);
  });

  it('never grows without bound', () => {
    let samples: Sample[] = [];
    for (let at = 0; at < 10 * WINDOW_MS; at += 1_000) samples = addSample(samples, session(at), at);
    expect(samples.length).toBeLessThan(WINDOW_MS / 1_000 + 2);
  });
});

describe('mergeSamples', () => {
  it('is in the order of time', () => {
    const merged = mergeSamples([sample(1, 0), sample(3, 0)], [sample(2, 0)]);
    expect(merged.map(({ at }) => at)).toEqual([1, 2, 3]);
  });
});

describe('curves', () => {
  it('are none where nothing moved', () => {
    expect(curves([], NOW, 100, 20)).toBeUndefined();
    expect(curves([sample(NOW - 1_000, 0)], NOW, 100, 20)).toBeUndefined();
  });

  it('reach from the first sample to now, and stay inside', () => {
    const made = curves([sample(NOW - 15_000, 0), sample(NOW - 3_000, 1e6, 5e5)], NOW, 100, 20);
    expect(made?.down).toBe('M50.0,19.5L90.0,0.5L100,0.5');
    expect(made?.area).toMatch(/L100,20L50\.0,20Z$/);
    expect(made?.up).toContain('L100,10.0');
  });

  it('fill the width as soon as half a minute is known', () => {
    const made = curves([sample(NOW - 45_000, 0), sample(NOW, 1e6)], NOW, 100, 20);
    expect(made?.down).toMatch(/^M0\.0,19\.5L100\.0,0\.5/);
  });

  it('begin at the edge with what was before it', () => {
    const made = curves([sample(NOW - 2 * WINDOW_MS, 1e6), sample(NOW, 1e6)], NOW, 100, 20);
    expect(made?.down).toMatch(/^M0\.0,0\.5L/);
  });

  it('have none for what stood still', () => {
    expect(curves([sample(NOW - 1_000, 5)], NOW, 100, 20)?.up).toBe('');
  });

  it('do not make much of little', () => {
    const made = curves([sample(NOW - 1_000, 200)], NOW, 100, 20);
    expect(made?.down).toMatch(/L100,19\.\d$/);
  });
});
