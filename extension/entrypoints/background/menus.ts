import { browser } from 'wxt/browser';
import { t } from '@/lib/i18n';
import { findLinks, isMagnet, magnetFromHash } from '@/lib/magnet';
import type { Source } from '@/lib/messages';
import { notifyProblem } from './notify';
import { take } from './take';

export function createMenus(): void {
  browser.contextMenus.removeAll(() => {
    browser.contextMenus.create({
      id: 'link',
      title: t('menuLink'),
      contexts: ['link'],
      targetUrlPatterns: ['magnet:*'],
    });
    browser.contextMenus.create({ id: 'selection', title: t('menuSelection'), contexts: ['selection'] });
  });
}

export async function onMenuClicked(info: { linkUrl?: string; selectionText?: string }): Promise<void> {
  const sources: Source[] = [];
  if (isMagnet(info.linkUrl)) {
    sources.push({ kind: 'magnet', uri: info.linkUrl });
  } else if (info.selectionText !== undefined) {
    const hash = magnetFromHash(info.selectionText);
    const magnets = hash === undefined ? findLinks(info.selectionText).magnets : [hash];
    sources.push(...magnets.map((uri): Source => ({ kind: 'magnet', uri })));
    if (sources.length === 0) {
      await notifyProblem(t('menuNothing'));
      return;
    }
  }
  await take(sources);
}
