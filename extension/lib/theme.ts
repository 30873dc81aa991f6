import { readLocal, watchLocal } from './settings';

/** The colours of all pages: the system's, unless the user prefers one kind. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** A copy that can be read before the first frame; `storage.local` answers only after it. */
const EARLY_KEY = 'theme';

export function isTheme(value: unknown): value is Theme {
  return (THEMES as readonly unknown[]).includes(value);
}

function show(stored: unknown): void {
  const theme = isTheme(stored) ? stored : 'system';
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function early(): string | null {
  try {
    return localStorage.getItem(EARLY_KEY);
  } catch {
    // Switched off in this browser: the page starts in the system's colours.
    return null;
  }
}

function remember(theme: unknown): void {
  show(theme);
  try {
    localStorage.setItem(EARLY_KEY, isTheme(theme) ? theme : 'system');
  } catch {
    // As above.
  }
}

/** Gives the page its colours, now and whenever they are changed. */
export function followTheme(): void {
  show(early());
  void readLocal('theme').then(remember);
  watchLocal('theme', remember);
}
