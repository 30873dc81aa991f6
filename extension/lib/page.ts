import { mount, type Component } from 'svelte';
import '@/assets/base.css';
import { localiseDocument } from './i18n';
import { followTheme } from './theme';
import { showTips } from './tips';

/** What every page does first: its colours, its language, its content, its tooltips. */
export function openPage(content: Component, title: string): void {
  followTheme();
  localiseDocument(title);
  mount(content, { target: document.body });
  showTips();
}
