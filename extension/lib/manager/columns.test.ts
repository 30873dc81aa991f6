import { describe, expect, it } from 'vitest';
import type { Torrent } from '../protocol/generated';
import {
  column,
  COLUMNS,
  comparison,
  DEFAULT_LAYOUT,
  readLayout,
  resize,
  rowWidth,
  shownColumns,
  sortBy,
  toggleColumn,
  widthOf,
} from './columns';

const torrents = [
  { id: 'a', name: 'Film 10', eta_ms: null, queue_position: 1, download_rate: 5 },
  { id: 'b', name: 'film 9', eta_ms: 2000, queue_position: null, added_at: 3, download_rate: 0 },
  { id: 'c', name: 'Äpfel', eta_ms: 1000, queue_position: 0, download_rate: 9 },
] as Torrent[];

const order = (sort: (typeof COLUMNS)[number], descending = false): string =>
  [...torrents]
    .sort(comparison(sort, descending))
    .map(({ id }) => id)
    .join('');

describe('the columns', () => {
  it('sort as people do: numbers in names by value, what is unknown last', () => {
    expect(order('name')).toBe('cba');
    expect(order('eta')).toBe('cba');
    expect(order('down', true)).toBe('cab');
    expect(order('queue')).toBe('cab');
  });

  it('turn round at the second click, and begin the way that is wanted first', () => {
    const bySize = sortBy(DEFAULT_LAYOUT, 'size');
    expect([bySize.sort, bySize.descending]).toEqual(['size', true]);
    expect(sortBy(bySize, 'size').descending).toBe(false);
    expect(sortBy(bySize, 'name').descending).toBe(false);
  });

  it('can be hidden and shown, and keep their place', () => {
    const all = shownColumns(DEFAULT_LAYOUT);
    const without = toggleColumn(DEFAULT_LAYOUT, all, 'size');
    expect(shownColumns(without).map(({ id }) => id)).not.toContain('size');
    expect(shownColumns(toggleColumn(without, shownColumns(without), 'size'))).toEqual(all);
  });

  it('fold away where there is no room, until somebody chooses them', () => {
    const all = shownColumns(DEFAULT_LAYOUT);
    // Beside the sidebar, in a window of 1,000 pixels.
    const few = shownColumns(DEFAULT_LAYOUT, 777);
    expect(rowWidth(DEFAULT_LAYOUT, few)).toBeLessThanOrEqual(777);
    expect(all.filter((each) => !few.includes(each)).map(({ id }) => id)).toEqual(['up', 'peers', 'ratio']);
    const byRatio = sortBy(DEFAULT_LAYOUT, 'ratio');
    expect(shownColumns(byRatio, 777).map(({ id }) => id)).toContain('ratio');
    const chosen = toggleColumn(DEFAULT_LAYOUT, few, 'ratio');
    expect(shownColumns(chosen, 777).map(({ id }) => id)).toEqual([...few.map(({ id }) => id), 'ratio']);
  });

  it('have widths within reason', () => {
    expect(widthOf(resize(DEFAULT_LAYOUT, 'size', 1), column('size'))).toBeGreaterThan(40);
    expect(widthOf(resize(DEFAULT_LAYOUT, 'size', 123.4), column('size'))).toBe(123);
  });
});

describe('a remembered layout', () => {
  it('survives nonsense and columns that are gone', () => {
    expect(readLayout(undefined)).toBe(DEFAULT_LAYOUT);
    expect(readLayout('x')).toBe(DEFAULT_LAYOUT);
    const read = readLayout({
      hidden: ['name', 'size', 'gone'],
      widths: { size: 'x', up: 1e9, gone: 5 },
      sort: 'gone',
    });
    expect(read.hidden).toEqual(['size']);
    expect(Object.keys(read.widths)).toEqual(['up']);
    expect(read.sort).toBe(DEFAULT_LAYOUT.sort);
  });

  it('is what was stored', () => {
    const layout = resize(
      sortBy(toggleColumn(DEFAULT_LAYOUT, shownColumns(DEFAULT_LAYOUT), 'labels'), 'ratio'),
      'name',
      400,
    );
    expect(readLayout(JSON.parse(JSON.stringify(layout)))).toEqual(layout);
  });
});
