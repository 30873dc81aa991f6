import { mount } from 'svelte';
import '@/assets/base.css';
import { localiseDocument, t } from '@/lib/i18n';
import Popup from './Popup.svelte';

localiseDocument(t('extName'));
mount(Popup, { target: document.body });
