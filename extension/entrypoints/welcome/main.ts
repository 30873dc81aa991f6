import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Welcome from './Welcome.svelte';

openPage(Welcome, t('welcomeTitle'));
