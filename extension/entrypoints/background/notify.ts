import { browser } from 'wxt/browser';
import type { Torrent } from '@/lib/protocol/generated';
import { t } from '@/lib/i18n';
import { createClient } from '@/lib/rpc/connect';
import { readLocal } from '@/lib/settings';
import { displaySentence, displayText } from '@/lib/text';

const FOLDER = 'folder:';
const MANAGER = 'manager:';

async function show(id: string, title: string, message: string): Promise<void> {
  if ((await readLocal('notify')) === false) return;
  await browser.notifications.create(id, {
    type: 'basic',
    iconUrl: browser.runtime.getURL('/icon/128.png'),
    title,
    message,
  });
}

export async function notifyAdded(torrent: Torrent, already: boolean): Promise<void> {
  const title = t(already ? 'notifyAlready' : 'notifyAdded');
  await show(`${MANAGER}${torrent.id}`, title, displayText(torrent.name, 120));
}

export async function notifyCompleted(id: string, name: string): Promise<void> {
  await show(`${FOLDER}${id}`, t('notifyCompleted'), displayText(name, 120));
}

export async function notifyFailed(id: string, name: string, message: string): Promise<void> {
  await show(`${MANAGER}${id}`, t('notifyFailed', displayText(name, 80)), displaySentence(message));
}

/** Something the user asked for did not work. Shown even with notifications off: silence would swallow it. */
export async function notifyProblem(message: string): Promise<void> {
  await browser.notifications.create('problem', {
    type: 'basic',
    iconUrl: browser.runtime.getURL('/icon/128.png'),
    title: t('notifyProblem'),
    message: displaySentence(message),
  });
}

export async function onNotificationClicked(id: string): Promise<void> {
  await browser.notifications.clear(id);
  if (id.startsWith(FOLDER)) {
    const client = createClient('background');
    client.start();
    try {
      await client.call('open_folder', { id: id.slice(FOLDER.length) });
      return;
    } catch {
      // No desktop to open it on: the list shows at least where it is.
    } finally {
      client.stop();
    }
  }
  await browser.tabs.create({ url: browser.runtime.getURL('/manager.html') });
}
