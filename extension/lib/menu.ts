import type { IconNode } from 'lucide';

/** Something to choose from a menu. With `checked` it is a box that is ticked, and the menu stays open. */
export interface MenuItem {
  kind: 'item';
  id: string;
  label: string;
  icon?: IconNode | undefined;
  /** The keys that do the same without the menu. */
  keys?: string | undefined;
  bad?: boolean;
  disabled?: boolean;
  checked?: boolean;
  choose: () => void;
}

export interface Submenu {
  kind: 'submenu';
  id: string;
  label: string;
  icon?: IconNode | undefined;
  entries: readonly MenuItem[];
}

export interface Line {
  kind: 'line';
  id: string;
}

export type MenuEntry = MenuItem | Submenu | Line;

/** Where a menu opens: below what was clicked, or at a point of the page. */
export type MenuPlace = HTMLElement | { x: number; y: number };
