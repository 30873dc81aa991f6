import { t, type MessageKey } from '../i18n';
import type { Command } from './commands';

/** A key that gives a command while the table has the focus. */
interface Shortcut {
  key: string;
  ctrl?: boolean;
  alt?: boolean;
}

const SHORTCUTS: Partial<Record<Command, Shortcut>> = {
  pause: { key: 'p' },
  resume: { key: 'r' },
  force: { key: 'R' },
  'open-folder': { key: 'o' },
  move: { key: 'm' },
  labels: { key: 'l' },
  magnet: { key: 'c', ctrl: true },
  top: { key: 'Home', alt: true },
  up: { key: 'ArrowUp', alt: true },
  down: { key: 'ArrowDown', alt: true },
  bottom: { key: 'End', alt: true },
  remove: { key: 'Delete' },
};

const NAMES: Record<string, MessageKey> = {
  ArrowUp: 'keyUp',
  ArrowDown: 'keyDown',
  Home: 'keyHome',
  End: 'keyEnd',
  Delete: 'keyDelete',
};

export type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** The command of a key, if it is one. */
export function commandOf({ key, ctrlKey, metaKey, altKey }: Pressed): Command | undefined {
  for (const [command, shortcut] of Object.entries(SHORTCUTS)) {
    const same = shortcut.key === key && (shortcut.ctrl ?? false) === (ctrlKey || metaKey);
    if (same && (shortcut.alt ?? false) === altKey) return command as Command;
  }
  return undefined;
}

/** The keys of a command as they stand on keyboards. */
export function keysOf(command: Command): string | undefined {
  const shortcut = SHORTCUTS[command];
  if (shortcut === undefined) return undefined;
  const { key, ctrl = false, alt = false } = shortcut;
  const parts: string[] = [];
  if (ctrl) parts.push(t('keyCtrl'));
  if (alt) parts.push(t('keyAlt'));
  if (key.length === 1 && key !== key.toLowerCase()) parts.push(t('keyShift'));
  const name = NAMES[key];
  parts.push(name === undefined ? key.toUpperCase() : t(name));
  return parts.join('+');
}
