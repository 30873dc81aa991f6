import { browser } from 'wxt/browser';
import { t } from '../i18n';
import type { Methods } from '../protocol/generated';
import { RpcClient } from './client';

export const HOST_NAME = 'org.torrpeddo.host';

/** A client over a native port of this page's own. */
export function createClient(page: string, subscribe?: Methods['subscribe']['params']): RpcClient {
  return new RpcClient({
    connect: () => browser.runtime.connectNative(HOST_NAME),
    lastError: () => browser.runtime.lastError?.message,
    client: {
      name: `torrpeddo-${page}`,
      version: browser.runtime.getManifest().version,
      browser: import.meta.env.BROWSER,
    },
    ...(subscribe && { subscribe }),
    sentences: {
      disconnected: t('errorDisconnected'),
      timeout: t('errorTimeout'),
      too_large: t('errorTooLarge'),
    },
  });
}
