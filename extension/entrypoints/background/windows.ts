import { browser } from 'wxt/browser';
import type { ToWelcome } from '@/lib/messages';
import { forgetSession, readSession, writeSession } from '@/lib/pending';

const ADD = { width: 600, height: 680 };
const WELCOME = { width: 620, height: 640 };

/** A small window over the middle of the one in front, or a tab where there are no windows (Android). */
async function openWindow(
  path: string,
  size: { width: number; height: number },
): Promise<{ tabId: number; windowId?: number }> {
  const url = browser.runtime.getURL(path as '/add.html');
  try {
    const window = await browser.windows.create({ url, type: 'popup', ...size, ...(await centred(size)) });
    const tabId = window?.tabs?.[0]?.id;
    if (tabId !== undefined && window?.id !== undefined) return { tabId, windowId: window.id };
  } catch {
    // No windows here, or none may be opened: a tab does as well.
  }
  const tab = await browser.tabs.create({ url });
  return { tabId: tab.id ?? -1 };
}

async function centred(size: { width: number; height: number }): Promise<{ left?: number; top?: number }> {
  const front = await browser.windows.getLastFocused().catch(() => undefined);
  if (front?.left === undefined || front.top === undefined || !front.width || !front.height) return {};
  return {
    left: Math.max(0, Math.round(front.left + (front.width - size.width) / 2)),
    top: Math.max(0, Math.round(front.top + (front.height - size.height) / 3)),
  };
}

async function isOpen(tabId: number): Promise<boolean> {
  const tab = await browser.tabs.get(tabId).catch(() => undefined);
  return tab !== undefined;
}

/** The one add dialog: opened, or brought to the front where it is open. It reads what waits by itself. */
export async function showDialog(): Promise<void> {
  const dialog = await readSession('dialog');
  if (dialog !== undefined && (await isOpen(dialog.tabId))) {
    if (dialog.windowId !== undefined) await browser.windows.update(dialog.windowId, { focused: true });
    else await browser.tabs.update(dialog.tabId, { active: true });
    return;
  }
  await writeSession({ dialog: await openWindow('/add.html', ADD) });
}

export async function dialogClosed(tabId: number): Promise<void> {
  if ((await readSession('dialog'))?.tabId !== tabId) return;
  await forgetSession('dialog');
  await forgetSession('pending');
  await forgetSession('offered');
}

/** Says that the host is missing, once: a page of links would otherwise bury the user in windows. */
export async function showMissing(): Promise<void> {
  const message: ToWelcome = { type: 'front' };
  // An open page brings itself to the front; without one there is nobody to answer.
  const answer: unknown = await browser.runtime.sendMessage(message).catch(() => undefined);
  if (answer !== true) await openWindow('/welcome.html?missing', WELCOME);
}

/** The full page: the one that is open, or a new one. */
export async function openManager(): Promise<void> {
  const url = browser.runtime.getURL('/manager.html');
  const open = await findTab(url).catch(() => undefined);
  if (open === undefined) {
    await browser.tabs.create({ url });
    return;
  }
  await browser.tabs.update(open.tabId, { active: true });
  await browser.windows.update(open.windowId, { focused: true });
}

/**
 * A tab with this page of ours. Firefox finds our own tabs by their address without a permission; Chromium
 * does not, but lists what runs in them.
 */
async function findTab(url: string): Promise<{ tabId: number; windowId: number } | undefined> {
  if (import.meta.env.FIREFOX) {
    const [tab] = await browser.tabs.query({ url: `${url}*` });
    return tab?.id === undefined ? undefined : { tabId: tab.id, windowId: tab.windowId };
  }
  const contexts = await browser.runtime.getContexts({ contextTypes: ['TAB'] });
  return contexts.find(({ documentUrl }) => documentUrl?.startsWith(url) === true);
}

export async function openWelcomeTab(): Promise<void> {
  await browser.tabs.create({ url: browser.runtime.getURL('/welcome.html') });
}
