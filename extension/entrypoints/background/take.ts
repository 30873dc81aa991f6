import { browser } from 'wxt/browser';
import type { FromContent, PageLink, Source, ToContent } from '@/lib/messages';
import { changePending, merge, writeSession } from '@/lib/pending';
import type { RpcClient } from '@/lib/rpc/client';
import { createClient } from '@/lib/rpc/connect';
import { add } from '@/lib/add';
import { readLocal, writeLocal } from '@/lib/settings';
import { showBusy, showCalm, showTrouble } from './badge';
import { notifyAdded, notifyFailure, notifyProblem } from './notify';
import { watch } from './watch';
import { showDialog, showMissing } from './windows';

/** People should see within a tenth of a second that their click arrived; a host answers in less. */
const PATIENCE_MS = 80;
/** The first click ever: how this user wants links added is not known yet, and a dialog that opens
 *  for nothing is worse than a moment's wait. The badge shows that the click arrived. */
const FIRST_PATIENCE_MS = 1500;

type Probe = { ok: true; ask: boolean } | { ok: false; status: 'missing' | 'down'; message: string };

/** Two clicks at once take turns, or both would open a dialog. */
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = turn.then(work, work);
  turn = result.catch(() => undefined);
  return result;
}

/** A click that the content script took. False gives it back to the browser. */
export async function linkClicked(link: FromContent & { type: 'link' }, tabId: number): Promise<boolean> {
  if (link.nested && (await isSiteOff(tabId))) return false;
  return take([{ kind: 'magnet', uri: link.uri }], link.scripted);
}

/** A click that went past us because the host was not there when we last looked: look again, and say so. */
export async function linkPassed(): Promise<void> {
  const client = createClient('background');
  try {
    const probe = await ask(client);
    if (!probe.ok) await sayWhy(probe);
  } finally {
    client.stop();
  }
}

async function isSiteOff(tabId: number): Promise<boolean> {
  const question: ToContent = { type: 'site' };
  const reply: unknown = await browser.tabs
    .sendMessage(tabId, question, { frameId: 0 })
    .catch(() => undefined);
  const site = (reply as { site?: unknown } | undefined)?.site;
  return typeof site === 'string' && ((await readLocal('sitesOff')) ?? []).includes(site);
}

/** The links of a page, for the user to choose from. */
export async function offer(links: PageLink[]): Promise<void> {
  await inTurn(async () => {
    await writeSession({ offered: links });
    await showDialog();
  });
}

/**
 * Brings links to the engine: by way of the dialog, or at once where the user wants it so. `must`: by way of
 * the dialog, since it was not the user's own hand.
 */
export async function take(sources: Source[], must = false): Promise<boolean> {
  if (sources.length === 0) return false;
  void showBusy();
  const client = createClient('background');
  try {
    const probing = ask(client);
    const known = await readLocal('ask');
    const patience = known === undefined ? FIRST_PATIENCE_MS : PATIENCE_MS;
    const early = await Promise.race([probing, after(patience)]);
    if (early?.ok === false) {
      await sayWhy(early);
      return false;
    }
    const askFirst = must || (early?.ask ?? known ?? true);
    if (askFirst) await openDialog(sources, must);
    const probe = await probing;
    if (!probe.ok) {
      // The dialog, where it is open, says so itself.
      if (!askFirst) await sayWhy(probe);
      return false;
    }
    if (askFirst) return true;
    // Only the engine's own word lets a page's link in without a question.
    if (!probe.ask) return await addAtOnce(client, sources);
    await openDialog(sources, must);
    return true;
  } finally {
    client.stop();
  }
}

async function openDialog(sources: Source[], must: boolean): Promise<void> {
  await inTurn(async () => {
    await changePending((pending) => merge(pending, sources, must));
    await showDialog();
  });
}

async function addAtOnce(client: RpcClient, sources: Source[]): Promise<boolean> {
  let taken = false;
  for (const source of sources) {
    try {
      const added = await add(client, source, {});
      taken = true;
      await notifyAdded(added.torrent, added.already_exists);
    } catch (error) {
      await notifyFailure(error);
    }
  }
  watch();
  return taken;
}

/** Asks the host whether it is there and how links are to be added, and writes both down. */
async function ask(client: RpcClient): Promise<Probe> {
  const probe = await new Promise<Probe>((resolve) => {
    client.onState((state) => {
      if (state.status === 'ready') {
        client.call('get_settings', {}).then(
          (settings) => {
            resolve({ ok: true, ask: settings.ask_before_add });
          },
          (error: unknown) => {
            resolve({
              ok: false,
              status: 'down',
              message: error instanceof Error ? error.message : String(error),
            });
          },
        );
      } else if (state.status === 'missing' || state.status === 'forbidden') {
        resolve({ ok: false, status: 'missing', message: state.message });
      } else if ('message' in state) {
        resolve({ ok: false, status: 'down', message: state.message });
      }
    });
    client.start();
  });
  await writeLocal(probe.ok ? { host: 'ok', ask: probe.ask } : { host: probe.status });
  if (probe.ok) await showCalm();
  else await showTrouble(probe.status === 'missing' ? '' : probe.message);
  return probe;
}

async function sayWhy(probe: Probe & { ok: false }): Promise<void> {
  if (probe.status === 'missing') await inTurn(showMissing);
  else await notifyProblem(probe.message);
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
}
