import { t } from './i18n';
import type { ConnectionState } from './rpc/client';
import { displaySentence } from './text';

/** Where the connection stands, in one sentence. */
export function connectionText(connection: ConnectionState): string {
  switch (connection.status) {
    case 'ready':
      return t('welcomeReady', displaySentence(connection.hello.engine.version));
    case 'missing':
      return t('welcomeNotYet');
    case 'forbidden':
      return t('welcomeForbidden');
    case 'unavailable':
    case 'incompatible':
      return displaySentence(connection.message);
    case 'lost':
      return t('reconnecting');
    default:
      return t('welcomeChecking');
  }
}

/** The same on a page that stays usable without one: as far as it is known, why it is gone. */
export function offlineText(connection: ConnectionState): string {
  switch (connection.status) {
    case 'missing':
    case 'forbidden':
      return t('vanishedTitle');
    case 'unavailable':
    case 'incompatible':
      return displaySentence(connection.message);
    default:
      return t('reconnecting');
  }
}

export function connectionTone(connection: ConnectionState): 'good' | 'soft' | 'warn' {
  if (connection.status === 'ready') return 'good';
  return connection.status === 'connecting' || connection.status === 'idle' ? 'soft' : 'warn';
}
