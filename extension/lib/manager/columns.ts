import { bytes, count, dateTime, percent, rate, ratio, timeLeft } from '../format';
import { t, type MessageKey } from '../i18n';
import type { Torrent } from '../protocol/generated';
import { stateWord } from '../row';
import { displayText } from '../text';
import { inOrder } from '../torrents';

export const COLUMNS = [
  'queue',
  'name',
  'size',
  'progress',
  'state',
  'down',
  'up',
  'eta',
  'peers',
  'ratio',
  'labels',
  'folder',
  'downloaded',
  'uploaded',
  'added',
  'completed',
] as const;
export type ColumnId = (typeof COLUMNS)[number];

export interface Column {
  id: ColumnId;
  label: MessageKey;
  /** What stands above a narrow column instead. */
  short?: MessageKey;
  width: number;
  /** Numbers stand at the end, so that their digits stand below each other. */
  numeric: boolean;
  /** Which way the first click sorts: names from A, sizes from the largest. */
  descending: boolean;
  compare: (a: Torrent, b: Torrent) => number;
  /** What stands in the cell; name and progress have cells of their own kind. */
  text: (torrent: Torrent) => string;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function byNumber(of: (torrent: Torrent) => number): Column['compare'] {
  return (a, b) => {
    const left = of(a);
    const right = of(b);
    // Not their difference: that of two infinities is no number.
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

function byText(of: (torrent: Torrent) => string): Column['compare'] {
  return (a, b) => {
    const left = of(a);
    const right = of(b);
    // Folders and labels are shared by many.
    return left === right ? 0 : collator.compare(left, right);
  };
}

const size = (torrent: Torrent): number => torrent.selected_bytes || torrent.total_bytes;
const moving = (perSecond: number): string => (perSecond > 0 ? rate(perSecond) : '');
const known = (value: number, shown: (value: number) => string): string => (value > 0 ? shown(value) : '');
const labels = (torrent: Torrent): string => torrent.labels.map((label) => displayText(label, 60)).join(', ');

/** In the order of work: what is under way first, what is over last. */
const STATES: Record<Torrent['state'], number> = {
  error: 0,
  downloading: 1,
  checking: 2,
  fetching_metadata: 3,
  queued: 4,
  seeding: 5,
  finished: 6,
  paused: 7,
  cancelled: 8,
};

function numeric(
  id: ColumnId,
  label: MessageKey,
  width: number,
  of: (torrent: Torrent) => number,
  text: (torrent: Torrent) => string,
  descending = true,
): Column {
  return { id, label, width, numeric: true, descending, compare: byNumber(of), text };
}

/** Sorted by what the engine says, not by what is shown: a long list has too many pairs to clean both of each. */
function textual(
  id: ColumnId,
  label: MessageKey,
  width: number,
  of: (torrent: Torrent) => string,
  text: (torrent: Torrent) => string,
): Column {
  return { id, label, width, numeric: false, descending: false, compare: byText(of), text };
}

const ALL: Record<ColumnId, Column> = {
  queue: {
    ...numeric('queue', 'columnQueue', 48, (one) => one.queue_position ?? Infinity, place, false),
    compare: inOrder,
    short: 'columnQueueShort',
  },
  name: textual(
    'name',
    'columnName',
    210,
    (one) => one.name,
    (one) => displayText(one.name),
  ),
  size: numeric('size', 'columnSize', 78, size, (one) => known(size(one), bytes)),
  progress: numeric(
    'progress',
    'columnProgress',
    104,
    (one) => one.progress,
    (one) => percent(one.progress),
  ),
  state: {
    ...textual('state', 'columnState', 134, stateWord, stateWord),
    compare: byNumber((one) => STATES[one.state]),
  },
  down: numeric(
    'down',
    'columnDown',
    92,
    (one) => one.download_rate,
    (one) => moving(one.download_rate),
  ),
  up: numeric(
    'up',
    'columnUp',
    80,
    (one) => one.upload_rate,
    (one) => moving(one.upload_rate),
  ),
  eta: numeric(
    'eta',
    'columnEta',
    92,
    (one) => one.eta_ms ?? Infinity,
    (one) => timeLeft(one.eta_ms) ?? '',
    false,
  ),
  peers: numeric('peers', 'columnPeers', 66, (one) => one.peers_connected, peers),
  ratio: numeric(
    'ratio',
    'columnRatio',
    80,
    (one) => one.ratio,
    (one) => known(one.ratio, ratio),
  ),
  labels: textual('labels', 'columnLabels', 130, (one) => one.labels.join(', '), labels),
  folder: textual(
    'folder',
    'columnFolder',
    220,
    (one) => one.save_path,
    (one) => displayText(one.save_path),
  ),
  downloaded: numeric(
    'downloaded',
    'columnDownloaded',
    100,
    (one) => one.downloaded,
    (one) => bytes(one.downloaded),
  ),
  uploaded: numeric(
    'uploaded',
    'columnUploaded',
    100,
    (one) => one.uploaded,
    (one) => bytes(one.uploaded),
  ),
  added: numeric(
    'added',
    'columnAdded',
    136,
    (one) => one.added_at,
    (one) => dateTime(one.added_at),
  ),
  completed: numeric(
    'completed',
    'columnCompleted',
    136,
    (one) => one.completed_at ?? 0,
    (one) => (one.completed_at === null ? '' : dateTime(one.completed_at)),
  ),
};

function place(torrent: Torrent): string {
  return torrent.queue_position === null ? '' : count(torrent.queue_position + 1);
}

function peers(torrent: Torrent): string {
  if (torrent.peers_connected === 0 && torrent.peers_known === 0) return '';
  return t('countOf', count(torrent.peers_connected), count(torrent.peers_known));
}

export function column(id: ColumnId): Column {
  return ALL[id];
}

/** How the user wants the table. */
export interface Layout {
  hidden: readonly ColumnId[];
  /** The user has chosen the columns. Until then those fold away that there is no room for. */
  chosen: boolean;
  widths: Readonly<Partial<Record<ColumnId, number>>>;
  sort: ColumnId;
  descending: boolean;
}

export const DEFAULT_LAYOUT: Layout = {
  hidden: ['labels', 'folder', 'downloaded', 'uploaded', 'added', 'completed'],
  chosen: false,
  widths: {},
  sort: 'queue',
  descending: false,
};

/** Those that people miss least come first. */
const FOLDING: readonly ColumnId[] = ['ratio', 'peers', 'up', 'eta', 'size', 'queue'];
/** Of a row, at both ends together. */
const PADDING = 16;

export const NARROWEST = 48;
const WIDEST = 1200;

/** What was remembered, as far as it still means something: columns come and go with versions. */
export function readLayout(stored: unknown): Layout {
  if (typeof stored !== 'object' || stored === null) return DEFAULT_LAYOUT;
  const { hidden, chosen, widths, sort, descending } = stored as Record<string, unknown>;
  const isColumn = (value: unknown): value is ColumnId => (COLUMNS as readonly unknown[]).includes(value);
  const kept: Partial<Record<ColumnId, number>> = {};
  if (typeof widths === 'object' && widths !== null) {
    for (const [id, width] of Object.entries(widths)) {
      if (isColumn(id) && typeof width === 'number' && Number.isFinite(width)) kept[id] = clampWidth(width);
    }
  }
  return {
    hidden: Array.isArray(hidden)
      ? hidden.filter(isColumn).filter((id) => id !== 'name')
      : DEFAULT_LAYOUT.hidden,
    chosen: chosen === true,
    widths: kept,
    sort: isColumn(sort) ? sort : DEFAULT_LAYOUT.sort,
    descending: descending === true,
  };
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
}

/** The columns that are shown where there is so much room. */
export function shownColumns(layout: Layout, room = Infinity): Column[] {
  let shown = COLUMNS.filter((id) => !layout.hidden.includes(id)).map(column);
  if (layout.chosen) return shown;
  for (const folding of FOLDING) {
    // By their first widths: who widens one wants it so, and loses none of the others over it.
    if (rowWidth(DEFAULT_LAYOUT, shown) <= room) break;
    if (folding !== layout.sort) shown = shown.filter(({ id }) => id !== folding);
  }
  return shown;
}

/** What a row needs; below that it is scrolled sideways. */
export function rowWidth(layout: Layout, columns: readonly Column[]): number {
  return columns.reduce((sum, each) => sum + widthOf(layout, each), PADDING);
}

export function widthOf(layout: Layout, of: Column): number {
  return layout.widths[of.id] ?? of.width;
}

/** A click on a heading: the other way round when it sorts already. */
export function sortBy(layout: Layout, id: ColumnId): Layout {
  const again = layout.sort === id;
  return { ...layout, sort: id, descending: again ? !layout.descending : column(id).descending };
}

/** Shows or hides a column beside those that are in sight. From then on none folds away by itself. */
export function toggleColumn(layout: Layout, shown: readonly Column[], id: ColumnId): Layout {
  const now = shown.map((each) => each.id);
  const wanted = now.includes(id) ? now.filter((each) => each !== id) : [...now, id];
  return { ...layout, hidden: COLUMNS.filter((each) => !wanted.includes(each)), chosen: true };
}

/** Without a width it is again as wide as at the beginning. */
export function resize(layout: Layout, id: ColumnId, width: number | undefined): Layout {
  const others = Object.entries(layout.widths).filter(([each]) => each !== id);
  const own: [string, number][] = width === undefined ? [] : [[id, clampWidth(width)]];
  return { ...layout, widths: Object.fromEntries([...others, ...own]) };
}

export function comparison(sort: ColumnId, descending: boolean): Column['compare'] {
  const { compare } = column(sort);
  return descending ? (a, b) => compare(b, a) : compare;
}
