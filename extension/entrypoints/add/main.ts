import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Add from './Add.svelte';

openPage(Add, t('addTitle'));
