import { t, type MessageKey } from '@/lib/i18n';

/** What is compared: small letters, and no accents, so that "ordner" finds what "Ördner" is called. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** Whether every word of the search is somewhere in the texts, in any order. */
export function fits(search: string, keys: readonly (MessageKey | undefined)[]): boolean {
  const words = plain(search).split(/\s+/u).filter(Boolean);
  if (words.length === 0) return true;
  const text = plain(keys.map((key) => (key === undefined ? '' : t(key))).join('\n'));
  return words.every((word) => text.includes(word));
}
