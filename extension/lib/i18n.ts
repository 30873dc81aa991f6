import { browser } from 'wxt/browser';
import type en from '../public/_locales/en/messages.json';

/** Every message there is; a misspelt one does not compile. */
export type MessageKey = keyof typeof en;

type PluralKey<K extends string> = K extends `${infer Stem}_other` ? Stem : never;

export function t(key: MessageKey, ...substitutions: (string | number)[]): string {
  return browser.i18n.getMessage(key, substitutions.map(String));
}

let rules: Intl.PluralRules | undefined;

/** The message in the number's own form; the number itself is `$1`. */
export function plural(stem: PluralKey<MessageKey>, count: number, shown: string, ...more: string[]): string {
  rules ??= new Intl.PluralRules(locale());
  const key = `${stem}_${rules.select(count)}` as MessageKey;
  return browser.i18n.getMessage(key, [shown, ...more]) || t(`${stem}_other` as MessageKey, shown, ...more);
}

/** Numbers and times in the language of the texts, in its regional form where the browser has one. */
export function locale(): string {
  const language = t('languageTag');
  const region = browser.i18n.getUILanguage();
  return region === language || region.startsWith(`${language}-`) ? region : language;
}

/** Tells assistive technology and the layout which language and direction the page has. */
export function localiseDocument(title: string): void {
  document.documentElement.lang = t('languageTag');
  document.documentElement.dir = browser.i18n.getMessage('@@bidi_dir') || 'ltr';
  document.title = title;
}
