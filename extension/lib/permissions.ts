import { browser } from 'wxt/browser';
import { readLocal, writeLocal } from './settings';

/** To see that a torrent file is about to be saved, and to fetch it as the site gives it to its user. */
const FILES = { permissions: ['downloads' as const], origins: ['<all_urls>'] };

/** Whether torrent files are taken: wished for, and still allowed. */
export async function filesCaught(): Promise<boolean> {
  return (await readLocal('catchFiles')) === true && (await browser.permissions.contains(FILES));
}

/** Must be called in the very moment of a click, since the browser may have a question. Says what holds. */
export async function catchFiles(on: boolean): Promise<boolean> {
  const granted = on && (await browser.permissions.request(FILES));
  await writeLocal({ catchFiles: granted });
  if (!granted) await browser.permissions.remove(FILES).catch(() => false);
  return granted;
}

/** Chromium lets a page of ours become the handler of magnet links; in Firefox the manifest says so. */
export const canHandleMagnets = !import.meta.env.FIREFOX && 'registerProtocolHandler' in navigator;

/** The browser asks the user, and keeps the answer to itself. */
export function handleMagnets(): void {
  navigator.registerProtocolHandler('magnet', browser.runtime.getURL('/add.html?uri=%s' as '/add.html'));
}
