import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Popup from './Popup.svelte';

openPage(Popup, t('extName'));
