import { mount, type Component } from 'svelte';
import { beginPage } from './begin';
import { showTips } from './tips';

/** Opens a page that loads all it needs at once. */
export function openPage(content: Component, title: string): void {
  beginPage(title);
  showPage(content, {});
}

/** Shows the content of a page that has begun. */
export function showPage<P extends Record<string, unknown>>(content: Component<P>, props: P): void {
  mount(content, { target: document.body, props });
  showTips();
}
