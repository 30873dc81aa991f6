import { browser } from 'wxt/browser';
import { badgeText } from '@/lib/badge';
import type { Session } from '@/lib/protocol/generated';
import type { RpcClient } from '@/lib/rpc/client';
import { forgetSession, readSession, writeSession } from '@/lib/pending';
import { addSample } from '@/lib/rates';
import { createClient } from '@/lib/rpc/connect';
import { everyTorrent } from '@/lib/rpc/every';
import { readLocal, writeLocal } from '@/lib/settings';
import { workLeft } from '@/lib/work';
import { showActivity, showTrouble } from './badge';
import { notifyCompleted, notifyFailed, notifyProblem } from './notify';
import { openManager } from './windows';

/** Between one download and the next the count touches nought; that is no reason to let go. */
const LINGER_MS = 5_000;
/** An engine that is restarted is back sooner. */
const GONE_MS = 3_000;

/** Rings while something is under way: nothing else would wake a worker that crashed or was ended. */
const ALARM = { name: 'watch', periodInMinutes: 0.5 };

/** The port, while there is one. The port is what keeps the worker alive, so the two end together. */
let current: RpcClient | undefined;
let farewell: ReturnType<typeof setTimeout> | undefined;
let alarm: ReturnType<typeof setTimeout> | undefined;

/** Holds a port while something is under way: for the badge, and to tell what is done and what failed. */
export function watch(): void {
  if (current !== undefined) return;
  const client = createClient('background');
  current = client;
  client.onState((state) => {
    switch (state.status) {
      case 'ready':
        clearTimeout(alarm);
        alarm = undefined;
        client
          .call('subscribe', { topics: ['session', 'events'], interval_ms: 2000 })
          .then(() => catchUp(client))
          .then(() => client.call('get_session', {}))
          .then(onSession, () => undefined);
        break;
      case 'incompatible':
        // Not looked at again and again: one of the two has to be updated first.
        void showTrouble(state.message);
        void notifyProblem(state.message);
        letGo();
        break;
      case 'missing':
      case 'forbidden':
        // Nothing here can mend that; the next click or page looks again.
        void showTrouble(state.message);
        letGo();
        break;
      case 'lost':
      case 'unavailable':
        // The client tries again by itself, with growing pauses.
        alarm ??= setTimeout(() => {
          void showTrouble(state.message);
        }, GONE_MS);
        break;
      default:
    }
  });
  client.on('session_changed', (session) => {
    void onSession(session);
  });
  client.on('event', (event) => {
    if (event.kind === 'torrent_completed' && event.id !== undefined) {
      void notifyCompleted(event.id, event.name ?? '');
      void writeSession({ heardAt: Date.now() });
    } else if (event.kind === 'torrent_error' && event.id !== undefined) {
      void notifyFailed(event.id, event.name ?? '', event.error?.message ?? '');
    } else if (event.kind === 'show_manager') {
      void openManager();
    }
  });
  void browser.alarms.create(ALARM.name, { periodInMinutes: ALARM.periodInMinutes });
  client.start();
}

export function listenToAlarms(): void {
  browser.alarms.onAlarm.addListener(({ name }) => {
    if (name === ALARM.name) void watchAgain();
  });
}

/** After the worker was stopped in the middle of something, by the browser or by a crash. */
export async function watchAgain(): Promise<void> {
  if ((await readLocal('workLeft')) === true) watch();
}

/** What was completed while nobody listened. */
async function catchUp(client: RpcClient): Promise<void> {
  const heardAt = await readSession('heardAt');
  if (heardAt === undefined) return;
  for (const { id, name, completed_at: completedAt } of await everyTorrent(client)) {
    if ((completedAt ?? 0) > heardAt) await notifyCompleted(id, name);
  }
}

async function onSession(session: Session): Promise<void> {
  const left = workLeft(session.counts);
  clearTimeout(farewell);
  if (left === 0) farewell = setTimeout(letGo, LINGER_MS);
  await writeLocal({ workLeft: left > 0, host: 'ok' });
  const now = Date.now();
  const rates = addSample((await readSession('rates')) ?? [], session, now);
  await writeSession({ rates, heardAt: now });
  const text = badgeText(session, (await readLocal('badge')) ?? 'count');
  await showActivity(text, left > (session.counts.queued ?? 0));
}

function letGo(): void {
  clearTimeout(farewell);
  clearTimeout(alarm);
  alarm = undefined;
  current?.stop();
  current = undefined;
  void browser.alarms.clear(ALARM.name);
  void forgetSession('heardAt');
}
