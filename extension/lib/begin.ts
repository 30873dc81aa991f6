import '@/assets/base.css';
import { localiseDocument } from './i18n';
import { followTheme } from './theme';

/** What every page does before it has anything to show: its colours, its language. */
export function beginPage(title: string): void {
  followTheme();
  localiseDocument(title);
}
