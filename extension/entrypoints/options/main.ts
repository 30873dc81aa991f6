import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Options from './Options.svelte';

openPage(Options, t('optionsTitle'));
