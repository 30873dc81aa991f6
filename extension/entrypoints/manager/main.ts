import { t } from '@/lib/i18n';
import { openPage } from '@/lib/page';
import Manager from './Manager.svelte';

openPage(Manager, t('managerTitle'));
