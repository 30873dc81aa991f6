import { browser, type Browser } from 'wxt/browser';
import { t, type MessageKey } from '@/lib/i18n';
import { findLinks, isMagnet, magnetFromHash } from '@/lib/magnet';
import { parseLinks, type Source, type ToContent } from '@/lib/messages';
import { run, type Command } from './commands';
import { linksOfPage, torrentOfLink } from './frames';
import { notifyProblem } from './notify';
import { offer, take } from './take';

type Context = `${Browser.contextMenus.ContextType}`;

const COMMANDS: [Command, MessageKey][] = [
  ['open-manager', 'openManager'],
  ['pause-all', 'menuPauseAll'],
  ['resume-all', 'menuResumeAll'],
  ['open-panel', import.meta.env.FIREFOX ? 'menuSidebar' : 'menuPanel'],
];

export function createMenus(): void {
  const create = (
    id: string,
    title: MessageKey,
    contexts: [Context, ...Context[]],
    links?: string[],
  ): void => {
    browser.contextMenus.create({
      id,
      title: t(title),
      contexts,
      ...(links === undefined ? {} : { targetUrlPatterns: links }),
    });
  };
  browser.contextMenus.removeAll(() => {
    create('link', 'menuLink', ['link'], ['magnet:*']);
    create('torrent', 'menuLink', ['link'], ['*://*/*.torrent', '*://*/*.torrent?*']);
    create('selection', 'menuSelection', ['selection']);
    create('page', 'menuPage', ['page']);
    for (const [command, title] of COMMANDS) create(command, title, ['action']);
  });
}

export async function onMenuClicked(
  info: Browser.contextMenus.OnClickData,
  tab: Browser.tabs.Tab | undefined,
): Promise<void> {
  switch (info.menuItemId) {
    case 'link':
      if (isMagnet(info.linkUrl)) await take([{ kind: 'magnet', uri: info.linkUrl }]);
      break;
    case 'torrent':
      if (info.linkUrl !== undefined) await take([await torrentOfLink(info.linkUrl, tab?.id, info.frameId)]);
      break;
    case 'selection':
      await onSelection(info, tab?.id);
      break;
    case 'page': {
      const links = tab?.id === undefined ? [] : await linksOfPage(tab.id);
      if (links.length === 0) await notifyProblem(t('menuPageNothing'));
      else await offer(links);
      break;
    }
    default:
      await run(String(info.menuItemId), tab?.windowId);
  }
}

/** What is selected may be text that has links in it, or links whose text says nothing of them. */
async function onSelection(info: Browser.contextMenus.OnClickData, tabId: number | undefined): Promise<void> {
  const text = info.selectionText ?? '';
  const hash = magnetFromHash(text);
  const uris = new Set(hash === undefined ? findLinks(text).magnets : [hash]);
  if (tabId !== undefined) {
    const question: ToContent = { type: 'selection' };
    const reply: unknown = await browser.tabs
      .sendMessage(tabId, question, { frameId: info.frameId ?? 0 })
      .catch(() => undefined);
    for (const { uri } of parseLinks((reply as { links?: unknown } | undefined)?.links)) uris.add(uri);
  }
  if (uris.size === 0) await notifyProblem(t('menuNothing'));
  else await take([...uris].map((uri): Source => ({ kind: 'magnet', uri })));
}
