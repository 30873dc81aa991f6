import type { Mirror } from '@/lib/mirror';
import { showPage } from '@/lib/page';
import { PopupMemory } from './memory.svelte';
import Popup from './Popup.svelte';

/** For so long nothing is shown rather than that the engine is being asked: it mostly takes less. */
const SOON_MS = 200;

export async function show(mirror: Mirror): Promise<void> {
  const memory = new PopupMemory();
  const known = memory.read().then(() => {
    if (memory.glimpse === undefined) return memory.atTheTop ? mirror.begun : mirror.listed;
    mirror.recall(memory.glimpse);
    return undefined;
  });
  await Promise.race([known, new Promise((resolve) => setTimeout(resolve, SOON_MS))]);
  showPage(Popup, { mirror, memory });
}
