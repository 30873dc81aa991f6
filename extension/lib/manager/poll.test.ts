import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { poll } from './poll';

describe('polling', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', { hidden: false });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('begins at once and never overtakes itself', async () => {
    let running = 0;
    let calls = 0;
    const stop = poll(async () => {
      calls += 1;
      running += 1;
      expect(running).toBe(1);
      await new Promise((done) => setTimeout(done, 5000));
      running -= 1;
    }, 1000);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(17_500);
    expect(calls).toBe(3);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(3);
  });

  it('waits while nobody looks', async () => {
    const act = vi.fn(() => Promise.resolve());
    const stop = poll(act, 1000);
    vi.stubGlobal('document', { hidden: true });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(act).toHaveBeenCalledTimes(1);
    vi.stubGlobal('document', { hidden: false });
    await vi.advanceTimersByTimeAsync(1000);
    expect(act).toHaveBeenCalledTimes(2);
    stop();
  });
});
