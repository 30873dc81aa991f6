import { mount } from 'svelte';
import '@/assets/base.css';
import { localiseDocument, t } from '@/lib/i18n';
import Welcome from './Welcome.svelte';

localiseDocument(t('welcomeTitle'));
mount(Welcome, { target: document.body });
