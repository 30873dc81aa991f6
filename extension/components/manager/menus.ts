import {
  ArrowDownToLine,
  ArrowUpToLine,
  Ban,
  ChevronDown,
  ChevronUp,
  FastForward,
  FileDown,
  FolderInput,
  FolderOpen,
  ListOrdered,
  Magnet,
  Pause,
  Play,
  RotateCcw,
  ScanSearch,
  Tags,
  Trash2,
  type IconNode,
} from 'lucide';
import { t, type MessageKey } from '@/lib/i18n';
import { column, COLUMNS, DEFAULT_LAYOUT, toggleColumn } from '@/lib/manager/columns';
import { targets, type Command } from '@/lib/manager/commands';
import { keysOf } from '@/lib/manager/keys';
import type { ManagerPage } from '@/lib/manager/page.svelte';
import type { MenuEntry, MenuItem } from '@/lib/menu';

/** How each command looks in menus and on buttons. */
export const FACES: Record<Command, { label: MessageKey; icon: IconNode }> = {
  pause: { label: 'actionPause', icon: Pause },
  resume: { label: 'actionResume', icon: Play },
  force: { label: 'actionForce', icon: FastForward },
  recheck: { label: 'actionRecheck', icon: ScanSearch },
  'open-folder': { label: 'actionOpenFolder', icon: FolderOpen },
  move: { label: 'actionMove', icon: FolderInput },
  labels: { label: 'actionLabels', icon: Tags },
  magnet: { label: 'actionMagnet', icon: Magnet },
  export: { label: 'actionExport', icon: FileDown },
  top: { label: 'queueTop', icon: ArrowUpToLine },
  up: { label: 'queueUp', icon: ChevronUp },
  down: { label: 'queueDown', icon: ChevronDown },
  bottom: { label: 'queueBottom', icon: ArrowDownToLine },
  cancel: { label: 'actionCancel', icon: Ban },
  remove: { label: 'actionRemove', icon: Trash2 },
};

/** The menu over the chosen torrents. What cannot be done to any of them is not in it. */
export function menuFor(page: ManagerPage): MenuEntry[] {
  const chosen = page.chosen;
  const items = (...commands: Command[]): MenuItem[] =>
    commands
      .filter((command) => targets(command, chosen).length > 0)
      .map((command) => ({
        kind: 'item',
        id: command,
        label: t(FACES[command].label),
        icon: FACES[command].icon,
        keys: keysOf(command),
        bad: command === 'remove',
        choose: () => void page.run(command),
      }));
  const queue = items('top', 'up', 'down', 'bottom');
  const groups: MenuEntry[][] = [
    items('pause', 'resume', 'force'),
    [
      ...items('open-folder', 'move', 'labels', 'recheck'),
      ...(queue.length === 0
        ? []
        : [
            {
              kind: 'submenu',
              id: 'queue',
              label: t('actionQueue'),
              icon: ListOrdered,
              entries: queue,
            } satisfies MenuEntry,
          ]),
    ],
    items('magnet', 'export'),
    items('cancel', 'remove'),
  ];
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, at): MenuEntry[] => (at === 0 ? group : [{ kind: 'line', id: `line-${at}` }, ...group]));
}

/** Which columns there are. The name always stays: without it a row would say nothing. */
export function columnMenu(page: ManagerPage): MenuEntry[] {
  const columns = COLUMNS.filter((id) => id !== 'name').map((id): MenuItem => ({
    kind: 'item',
    id: `column-${id}`,
    label: t(column(id).label),
    checked: page.columns.some((shown) => shown.id === id),
    choose: () => {
      page.arrange(toggleColumn(page.layout, page.columns, id));
    },
  }));
  const reset: MenuItem = {
    kind: 'item',
    id: 'columns-reset',
    label: t('columnsReset'),
    icon: RotateCcw,
    choose: () => {
      page.arrange(DEFAULT_LAYOUT);
    },
  };
  return [...columns, { kind: 'line', id: 'line' }, reset];
}
