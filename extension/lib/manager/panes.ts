/** What is open beside the table, and how large. */
export interface Panes {
  details: boolean;
  /** Of the details, in pixels. */
  height: number;
  tab: Tab;
}

export const TABS = ['overview', 'files', 'peers', 'trackers', 'log'] as const;
export type Tab = (typeof TABS)[number];

export const LOWEST = 160;
const HIGHEST = 900;
const DEFAULT_HEIGHT = 290;

export function isTab(value: unknown): value is Tab {
  return (TABS as readonly unknown[]).includes(value);
}

export function clampHeight(height: number): number {
  return Math.round(Math.min(HIGHEST, Math.max(LOWEST, height)));
}

/** What was remembered, as far as it still means something. */
export function readPanes(stored: unknown): Panes {
  const { details, height, tab } = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<
    string,
    unknown
  >;
  return {
    details: details === true,
    height: typeof height === 'number' && Number.isFinite(height) ? clampHeight(height) : DEFAULT_HEIGHT,
    tab: isTab(tab) ? tab : 'overview',
  };
}
