import { browser } from 'wxt/browser';
import type { Session } from '@/lib/protocol/generated';
import { count } from '@/lib/format';
import type { RpcClient } from '@/lib/rpc/client';
import { readSession, writeSession } from '@/lib/pending';
import { addSample } from '@/lib/rates';
import { createClient } from '@/lib/rpc/connect';
import { t } from '@/lib/i18n';
import { writeLocal } from '@/lib/settings';
import { workLeft } from '@/lib/work';
import { notifyCompleted, notifyFailed } from './notify';

const BADGE = { active: '#0b7285', trouble: '#b42318', text: '#ffffff' };
/** Between one download and the next the count touches nought; that is no reason to let go. */
const LINGER_MS = 5_000;

/** The port, while there is one. The port is what keeps the worker alive, so the two end together. */
let current: RpcClient | undefined;
/** What the badge says while nothing is wrong. */
let shown = '';
let farewell: ReturnType<typeof setTimeout> | undefined;

export async function showTrouble(trouble: boolean): Promise<void> {
  if (trouble) await badge('!', BADGE.trouble, t('badgeTrouble'));
  else await badge(shown, BADGE.active, t('extName'));
}

/** The click has arrived: seen before any window can be opened. Whatever follows takes its place. */
export async function showBusy(): Promise<void> {
  await badge('…', BADGE.active, t('extName'));
}

async function badge(text: string, color: string, title: string): Promise<void> {
  await browser.action.setBadgeBackgroundColor({ color });
  await browser.action.setBadgeTextColor({ color: BADGE.text });
  await browser.action.setBadgeText({ text });
  await browser.action.setTitle({ title });
}

/** Holds a port while something is under way: for the badge, and to tell what is done and what failed. */
export function watch(): void {
  if (current !== undefined) return;
  const client = createClient('background');
  current = client;
  client.onState((state) => {
    if (state.status === 'ready') {
      client
        .call('subscribe', { topics: ['session', 'events'], interval_ms: 2000 })
        .then(() => client.call('get_session', {}))
        .then(onSession, () => undefined);
    } else if (
      state.status === 'missing' ||
      state.status === 'forbidden' ||
      state.status === 'incompatible'
    ) {
      // Nothing here can mend that; the next click or page looks again.
      letGo();
    }
  });
  client.on('session_changed', onSession);
  client.on('event', (event) => {
    if (event.kind === 'torrent_completed' && event.id !== undefined) {
      void notifyCompleted(event.id, event.name ?? '');
    } else if (event.kind === 'torrent_error' && event.id !== undefined) {
      void notifyFailed(event.id, event.name ?? '', event.error?.message ?? '');
    }
  });
  client.start();
}

function onSession(session: Session): void {
  const left = workLeft(session.counts);
  const active = left - (session.counts.queued ?? 0);
  void writeLocal({ workLeft: left > 0, host: 'ok' });
  void readSession('rates').then((rates) =>
    writeSession({ rates: addSample(rates ?? [], session, Date.now()) }),
  );
  shown = active > 0 ? count(active) : '';
  void badge(shown, BADGE.active, t('extName'));
  clearTimeout(farewell);
  if (left === 0) farewell = setTimeout(letGo, LINGER_MS);
}

function letGo(): void {
  clearTimeout(farewell);
  current?.stop();
  current = undefined;
}
