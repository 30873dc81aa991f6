import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Popup from '../popup/Popup.svelte';
import './panel.css';

// The popup, in a place where it may stay and has the size that the user gives it.
openPage(Popup, t('extName'));
