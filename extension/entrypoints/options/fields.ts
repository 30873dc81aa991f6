import type { MessageKey } from '@/lib/i18n';
import type { KeepRunning, OnLimit, Settings } from '@/lib/protocol/generated';

/** The settings whose type is `T`. */
type KeysOf<T> = { [K in keyof Settings]-?: Settings[K] extends T ? K : never }[keyof Settings];

interface Common<K extends keyof Settings> {
  key: K;
  label: MessageKey;
  hint?: MessageKey;
}

/** A setting of the engine as the page shows it. Only those that the engine takes are here. */
export type Field =
  | (Common<'download_folder' | 'incomplete_folder' | 'watch_folder'> & { kind: 'folder'; none?: MessageKey })
  | (Common<KeysOf<boolean>> & { kind: 'switch' })
  | (Common<KeysOf<number>> & { kind: 'number' })
  /** Off means none; `start` is what it begins with when it is switched on. */
  | (Common<'ratio_limit' | 'seed_minutes_limit' | 'listen_port'> & {
      kind: 'optional-number';
      min: number;
      max: number;
      step?: 'any';
      start: number;
    })
  | (Common<'on_limit'> & { kind: 'choice'; options: readonly (readonly [OnLimit, MessageKey])[] })
  | (Common<'keep_running'> & { kind: 'choice'; options: readonly (readonly [KeepRunning, MessageKey])[] })
  | (Common<'ignore_slow'> & { kind: 'slow' })
  | (Common<'extra_trackers' | 'banned_peers'> & { kind: 'lines' });

export type GroupId = 'adding' | 'queue' | 'seeding' | 'network' | 'background' | 'browser';

export interface Group {
  id: GroupId;
  title: MessageKey;
  fields: readonly Field[];
}

export const GROUPS: readonly Group[] = [
  {
    id: 'adding',
    title: 'optionsAdding',
    fields: [
      { kind: 'folder', key: 'download_folder', label: 'optionFolder' },
      {
        kind: 'folder',
        key: 'incomplete_folder',
        label: 'optionIncomplete',
        hint: 'optionIncompleteHint',
        none: 'optionIncompleteNone',
      },
      {
        kind: 'folder',
        key: 'watch_folder',
        label: 'optionWatch',
        hint: 'optionWatchHint',
        none: 'optionWatchNone',
      },
      { kind: 'switch', key: 'ask_before_add', label: 'optionAsk', hint: 'optionAskHint' },
      { kind: 'switch', key: 'start_paused', label: 'optionPaused' },
    ],
  },
  {
    id: 'queue',
    title: 'optionsQueue',
    fields: [
      { kind: 'number', key: 'max_active_downloads', label: 'optionDownloads' },
      { kind: 'number', key: 'max_active_seeds', label: 'optionSeeds' },
      { kind: 'number', key: 'max_active', label: 'optionActive' },
      { kind: 'number', key: 'max_resolving', label: 'optionResolving' },
      { kind: 'slow', key: 'ignore_slow', label: 'optionSlow', hint: 'optionSlowHint' },
    ],
  },
  {
    id: 'seeding',
    title: 'optionsSeeding',
    fields: [
      {
        kind: 'optional-number',
        key: 'ratio_limit',
        label: 'optionRatio',
        hint: 'optionRatioHint',
        min: 0,
        max: 9999,
        step: 'any',
        start: 2,
      },
      {
        kind: 'optional-number',
        key: 'seed_minutes_limit',
        label: 'optionSeedTime',
        hint: 'optionSeedTimeHint',
        min: 0,
        max: 5_256_000,
        start: 1440,
      },
      {
        kind: 'choice',
        key: 'on_limit',
        label: 'optionOnLimit',
        options: [
          ['stop', 'onLimitStop'],
          ['remove', 'onLimitRemove'],
        ],
      },
    ],
  },
  {
    id: 'network',
    title: 'optionsNetwork',
    fields: [
      {
        kind: 'optional-number',
        key: 'listen_port',
        label: 'optionPort',
        hint: 'optionPortHint',
        min: 1,
        max: 65_535,
        start: 51_413,
      },
      { kind: 'switch', key: 'upnp', label: 'optionUpnp', hint: 'optionUpnpHint' },
      { kind: 'switch', key: 'dht', label: 'optionDht', hint: 'optionDhtHint' },
      { kind: 'switch', key: 'lsd', label: 'optionLsd' },
      { kind: 'lines', key: 'extra_trackers', label: 'optionTrackers', hint: 'optionTrackersHint' },
      { kind: 'lines', key: 'banned_peers', label: 'optionBanned', hint: 'optionBannedHint' },
    ],
  },
  {
    id: 'background',
    title: 'optionsBackground',
    fields: [
      {
        kind: 'choice',
        key: 'keep_running',
        label: 'optionKeep',
        options: [
          ['while_downloading', 'keepWhileDownloading'],
          ['while_active', 'keepWhileActive'],
          ['always', 'keepAlways'],
          ['with_browser', 'keepWithBrowser'],
        ],
      },
      {
        kind: 'switch',
        key: 'notify_when_browser_closed',
        label: 'optionNotifyClosed',
        hint: 'optionNotifyClosedHint',
      },
      { kind: 'switch', key: 'repair_registrations', label: 'optionRepair', hint: 'optionRepairHint' },
    ],
  },
];
