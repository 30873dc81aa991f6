import { browser } from 'wxt/browser';
import { bulkTargets } from '@/lib/bulk';
import { everyTorrent } from '@/lib/rpc/every';
import { once } from '@/lib/rpc/once';
import { notifyFailure } from './notify';
import { watch } from './watch';
import { openManager } from './windows';

/** What shortcuts and the button's own menu do. */
export type Command = 'open-manager' | 'pause-all' | 'resume-all' | 'open-panel';

export async function run(command: string, windowId?: number): Promise<void> {
  switch (command as Command) {
    case 'open-manager':
      await openManager();
      break;
    case 'pause-all':
      await all('pause');
      break;
    case 'resume-all':
      await all('resume');
      break;
    case 'open-panel':
      await openPanel(windowId);
      break;
  }
}

async function all(method: 'pause' | 'resume'): Promise<void> {
  try {
    await once(async (client) => {
      const ids = bulkTargets(await everyTorrent(client))[method];
      const limit = client.state.status === 'ready' ? client.state.hello.limits.ids : ids.length;
      for (let at = 0; at < ids.length; at += limit) {
        await client.call(method, { ids: ids.slice(at, at + limit) });
      }
    });
    watch();
  } catch (error) {
    await notifyFailure(error);
  }
}

/** Firefox's own, which Chromium's types do not know. */
interface Sidebar {
  sidebarAction: { open(): Promise<void> };
}

/** Browsers open it only in the very moment of a click: nothing may be awaited before. */
async function openPanel(windowId: number | undefined): Promise<void> {
  if (import.meta.env.FIREFOX) await (browser as unknown as Sidebar).sidebarAction.open();
  else if (windowId !== undefined) await browser.sidePanel.open({ windowId });
}
