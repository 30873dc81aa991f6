import type { Settings } from '@/lib/protocol/generated';
import type { Group } from './fields';

function pick(settings: Settings, keys: readonly (keyof Settings)[]): Partial<Settings> {
  return Object.fromEntries(keys.map((key) => [key, settings[key]]));
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What has to change for groups to be as `defaults` say, and what takes that back. */
export function resetPatch(
  settings: Settings,
  defaults: Settings,
  groups: readonly Group[],
): { patch: Partial<Settings>; undo: Partial<Settings> } {
  const keys = groups
    .flatMap((group) => group.fields.map((field) => field.key))
    .filter((key) => !same(defaults[key], settings[key]));
  return { patch: pick(defaults, keys), undo: pick(settings, keys) };
}
