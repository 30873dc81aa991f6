import { mount } from 'svelte';
import '@/assets/base.css';
import { localiseDocument, t } from '@/lib/i18n';
import Add from './Add.svelte';

localiseDocument(t('addTitle'));
mount(Add, { target: document.body });
