import { browser } from 'wxt/browser';
import { t } from '@/lib/i18n';
import { readSession, writeSession } from '@/lib/pending';
import { displaySentence } from '@/lib/text';

const COLORS = { idle: '#0b6b85', active: '#0b6b85', trouble: '#b3261e', text: '#ffffff' };
const SIZES = [16, 32] as const;

export type Look = 'idle' | 'active' | 'trouble';

async function show(look: Look, text: string, title: string): Promise<void> {
  const suffix = look === 'idle' ? '' : `-${look}`;
  const path = Object.fromEntries(SIZES.map((size) => [size, `/icon/${size}${suffix}.png`]));
  await Promise.all([
    browser.action.setIcon({ path }),
    browser.action.setBadgeBackgroundColor({ color: COLORS[look] }),
    browser.action.setBadgeTextColor({ color: COLORS.text }),
    browser.action.setBadgeText({ text }),
    browser.action.setTitle({ title }),
  ]);
}

/** What goes on, in a few characters; '' when nothing does. */
export async function showActivity(text: string, active: boolean): Promise<void> {
  await writeSession({ badge: text });
  await show(active ? 'active' : 'idle', text, t('extName'));
}

/** Something is wrong; the reason is the button's tooltip. */
export async function showTrouble(reason: string): Promise<void> {
  await show(
    'trouble',
    '!',
    reason === '' ? t('badgeTrouble') : `${t('extName')}: ${displaySentence(reason)}`,
  );
}

/** The click has arrived: seen before any window can be opened. Whatever follows takes its place. */
export async function showBusy(): Promise<void> {
  await show('active', '…', t('extName'));
}

/** Back to what was said before. */
export async function showCalm(): Promise<void> {
  const text = (await readSession('badge')) ?? '';
  await show(text === '' ? 'idle' : 'active', text, t('extName'));
}
