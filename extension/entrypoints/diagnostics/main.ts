import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Diagnostics from './Diagnostics.svelte';

openPage(Diagnostics, t('diagnosticsTitle'));
