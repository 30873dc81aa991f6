import { mount, type Component } from 'svelte';
import '@/assets/base.css';
import Tooltip from '@/components/Tooltip.svelte';
import { localiseDocument } from './i18n';
import { followTheme } from './theme';

/** What every page does first: its colours, its language, its tooltip, its content. */
export function openPage(content: Component, title: string): void {
  followTheme();
  localiseDocument(title);
  mount(Tooltip, { target: document.body });
  mount(content, { target: document.body });
}
