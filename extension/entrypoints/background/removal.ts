import { t } from '@/lib/i18n';
import { dropRemoval, readRemovals, watchRemovals, writeRemoval, type Removal } from '@/lib/removal';
import { RpcFailure } from '@/lib/rpc/errors';
import { callMany } from '@/lib/rpc/many';
import { once } from '@/lib/rpc/once';
import { notifyProblem } from './notify';

/** Longer than pages take to hear from the engine that a torrent is gone. */
const ECHO_MS = 3_000;

let timer: ReturnType<typeof setTimeout> | undefined;
/** Those that this worker is carrying out: storage tells of them again meanwhile. */
const underway = new Set<string>();

function dueAt({ until, gone }: Removal): number {
  return gone === true ? until + ECHO_MS : until;
}

/**
 * Carries out removals when their moment for undo is over. They wait in storage, so a worker that is started
 * again goes on with them, as does the next start of the browser.
 */
export function settleRemovals(): void {
  watchRemovals(look);
}

function look(removals: readonly Removal[]): void {
  clearTimeout(timer);
  const now = Date.now();
  const due = removals.filter((removal) => dueAt(removal) <= now && !underway.has(removal.key));
  for (const removal of due) void settle(removal);
  const next = Math.min(...removals.map(dueAt).filter((at) => at > now));
  if (next === Infinity) return;
  timer = setTimeout(() => void readRemovals().then(look), next - now);
}

async function settle(removal: Removal): Promise<void> {
  underway.add(removal.key);
  try {
    if (removal.gone === true) await dropRemoval(removal.key);
    else await carryOut(removal);
  } finally {
    underway.delete(removal.key);
  }
}

async function carryOut(removal: Removal): Promise<void> {
  try {
    const failures = await once(async (client) => {
      // How many at once it takes, the engine says when it is there.
      await client.call('ping', {});
      return callMany(client, 'remove', removal.ids, {});
    });
    const failed = failures.find(({ kind }) => kind !== 'not_found');
    if (failed !== undefined) throw failed;
    await writeRemoval({ ...removal, until: Date.now(), gone: true });
  } catch (error) {
    // What was not removed is shown again, and the user hears why.
    await dropRemoval(removal.key);
    await notifyProblem(error instanceof RpcFailure ? error.message : t('errorUnknown'));
  }
}
