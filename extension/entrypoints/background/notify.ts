import { browser } from 'wxt/browser';
import type { Torrent } from '@/lib/protocol/generated';
import { t, type MessageKey } from '@/lib/i18n';
import { once } from '@/lib/rpc/once';
import { RpcFailure } from '@/lib/rpc/errors';
import { readLocal } from '@/lib/settings';
import { displaySentence, displayText } from '@/lib/text';
import { openManager } from './windows';

/** What a notification is about stands in its id: it may be clicked when this worker has long been stopped. */
type About = 'added' | 'completed' | 'failed';

/** The button of each, where the browser has buttons. */
const BUTTONS: Record<About, MessageKey> = {
  added: 'actionPause',
  completed: 'actionOpenFolder',
  failed: 'notifyRetry',
};

async function create(id: string, title: string, message: string, button?: MessageKey): Promise<void> {
  await browser.notifications.create(id, {
    type: 'basic',
    iconUrl: browser.runtime.getURL('/icon/128.png'),
    title,
    message,
    ...(button === undefined || import.meta.env.FIREFOX ? {} : { buttons: [{ title: t(button) }] }),
  });
}

async function show(about: About, id: string, title: string, message: string, button = true): Promise<void> {
  if ((await readLocal('notify')) === false) return;
  await create(`${about}:${id}`, title, message, button ? BUTTONS[about] : undefined);
}

export async function notifyAdded(torrent: Torrent, already: boolean): Promise<void> {
  const title = t(already ? 'notifyAlready' : 'notifyAdded');
  await show('added', torrent.id, title, displayText(torrent.name, 120), !already);
}

export async function notifyCompleted(id: string, name: string): Promise<void> {
  await show('completed', id, t('notifyCompleted'), displayText(name, 120));
}

export async function notifyFailed(id: string, name: string, message: string): Promise<void> {
  await show('failed', id, t('notifyFailed', displayText(name, 80)), displaySentence(message));
}

/** Something the user asked for did not work. Shown even with notifications off: silence would swallow it. */
export async function notifyProblem(message: string): Promise<void> {
  await create('problem', t('notifyProblem'), displaySentence(message));
}

/** Says what went wrong with something the user asked for outside of any page. */
export async function notifyFailure(error: unknown): Promise<void> {
  await notifyProblem(error instanceof RpcFailure ? error.message : t('errorUnknown'));
}

function parse(id: string): { about: string; torrent: string } {
  const cut = id.indexOf(':');
  return { about: id.slice(0, cut), torrent: id.slice(cut + 1) };
}

export async function onNotificationClicked(id: string): Promise<void> {
  await browser.notifications.clear(id);
  const { about, torrent } = parse(id);
  if (about === 'completed') {
    try {
      await once((client) => client.call('open_folder', { id: torrent }));
      return;
    } catch {
      // No desktop to open it on: the list shows at least where it is.
    }
  }
  await openManager();
}

export async function onNotificationButton(id: string): Promise<void> {
  const { about, torrent } = parse(id);
  if (about === 'completed') {
    await onNotificationClicked(id);
    return;
  }
  await browser.notifications.clear(id);
  try {
    const method = about === 'added' ? 'pause' : 'resume';
    const { results } = await once((client) => client.call(method, { ids: [torrent] }));
    if (results[0]?.ok === false) throw RpcFailure.from(results[0].error);
  } catch (error) {
    await notifyFailure(error);
  }
}
