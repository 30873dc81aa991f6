import { describe, expect, it } from 'vitest';
import { Gestures } from './gesture';

describe('what a script may do for the user', () => {
  it('is one thing for each thing the user did', () => {
    const gestures = new Gestures();
    gestures.note(1_000, false);
    expect(gestures.spend(1_001, true)).toBe(true);
    for (let at = 1_002; at < 2_000; at += 1) expect(gestures.spend(at, true)).toBe(false);
    gestures.note(2_000, false);
    expect(gestures.spend(2_001, true)).toBe(true);
  });

  it('is nothing without the browser’s word that the user did something', () => {
    const gestures = new Gestures();
    gestures.note(1_000, false);
    expect(gestures.spend(1_001, false)).toBe(false);
  });

  it('is nothing while Alt says that the browser shall have it', () => {
    const gestures = new Gestures();
    gestures.note(1_000, true);
    expect(gestures.spend(1_001, true)).toBe(false);
  });

  it('tells by time what happened in another frame', () => {
    const gestures = new Gestures();
    expect(gestures.spend(1_000, true)).toBe(true);
    expect(gestures.spend(5_900, true)).toBe(false);
    expect(gestures.spend(6_100, true)).toBe(true);
  });
});
