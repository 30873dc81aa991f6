import { mount } from 'svelte';
import '@/assets/base.css';
import { localiseDocument, t } from '@/lib/i18n';
import Manager from './Manager.svelte';

localiseDocument(t('managerTitle'));
mount(Manager, { target: document.body });
