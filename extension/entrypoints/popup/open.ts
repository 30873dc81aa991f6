import { beginPage } from '@/lib/begin';
import { t } from '@/lib/i18n';
import { Mirror } from '@/lib/mirror';

/** Opens the page with the list of torrents. The host starts while the rest of the page is loaded. */
export function openPopup(): void {
  beginPage(t('extName'));
  const mirror = new Mirror('popup', ['torrents', 'session']);
  mirror.start();
  void import('./show').then(({ show }) => show(mirror));
}
