import type { Settings } from '@/lib/protocol/generated';
import type { Group } from './fields';

/**
 * What settings are when nobody set them: `Settings::built_in` of host/protocol, which the protocol does not
 * tell. The browser tests hold the two together. The download folder is not here, because its default is the
 * system's; what the engine does not take yet is not here either.
 */
const DEFAULTS: Partial<Settings> = {
  incomplete_folder: null,
  watch_folder: null,
  ask_before_add: true,
  start_paused: false,
  max_active_downloads: 5,
  max_active_seeds: 20,
  max_active: 25,
  max_resolving: 10,
  ignore_slow: { enabled: false, rate: 2048, seconds: 60 },
  ratio_limit: null,
  seed_minutes_limit: null,
  on_limit: 'stop',
  listen_port: null,
  upnp: true,
  dht: true,
  lsd: true,
  extra_trackers: [],
  keep_running: 'while_downloading',
};

function pick(settings: Partial<Settings>, keys: readonly (keyof Settings)[]): Partial<Settings> {
  return Object.fromEntries(keys.filter((key) => key in settings).map((key) => [key, settings[key]]));
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What has to change for groups to be as they were delivered, and what takes that back. */
export function resetPatch(
  settings: Settings,
  groups: readonly Group[],
): { patch: Partial<Settings>; undo: Partial<Settings> } {
  const keys = groups
    .flatMap((group) => group.fields.map((field) => field.key))
    .filter((key) => key in DEFAULTS && !same(DEFAULTS[key], settings[key]));
  return { patch: pick(DEFAULTS, keys), undo: pick(settings, keys) };
}
