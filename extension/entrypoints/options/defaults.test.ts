import { describe, expect, it } from 'vitest';
import type { Settings } from '@/lib/protocol/generated';
import { resetPatch } from './defaults';
import { GROUPS } from './fields';

const DEFAULTS = {
  dht: true,
  max_active: 25,
  ignore_slow: { enabled: false, rate: 2048, seconds: 60 },
  extra_trackers: [] as string[],
} as Settings;

describe('resetPatch', () => {
  it('changes nothing where nothing was changed', () => {
    expect(resetPatch({ ...DEFAULTS }, DEFAULTS, GROUPS)).toEqual({ patch: {}, undo: {} });
  });

  it('names what differs, and what takes it back', () => {
    const slow = { enabled: true, rate: 1, seconds: 1 };
    const settings = { ...DEFAULTS, dht: false, ignore_slow: slow, extra_trackers: ['udp://t:1'] };
    expect(resetPatch(settings, DEFAULTS, GROUPS)).toEqual({
      patch: { dht: true, ignore_slow: { enabled: false, rate: 2048, seconds: 60 }, extra_trackers: [] },
      undo: { dht: false, ignore_slow: slow, extra_trackers: ['udp://t:1'] },
    });
  });

  it('keeps to the groups that are meant', () => {
    const settings = { ...DEFAULTS, dht: false, max_active: 1 };
    const queue = GROUPS.filter((group) => group.id === 'queue');
    expect(resetPatch(settings, DEFAULTS, queue).patch).toEqual({ max_active: 25 });
  });
});
