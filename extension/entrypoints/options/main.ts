import { mount } from 'svelte';
import '@/assets/base.css';
import { localiseDocument, t } from '@/lib/i18n';
import Options from './Options.svelte';

localiseDocument(t('optionsTitle'));
mount(Options, { target: document.body });
