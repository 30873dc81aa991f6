import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'wxt';
import { inFewFiles } from './build/chunks';
import { Notices } from './build/notices';
import { inOrder } from './build/order';

/** The public half of the key that fixes the extension's id in every Chromium browser. */
const CHROMIUM_KEY =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA14jFlE1n9UK8y3lAsRStKjPeKIMw9l7pkcN4K2QouDNOP5qVKEueATotvWm67/JznEXS4Ftg8CFZQpcBcyLhW11M/0jcopu93s2WIae5950vV7+428XkSzdPx08tR9HdOSL9jsaEIA/kWNojhODa4hJs2YTwzbQevfqHFpiQD3Up+zKoFeNusdNuFKQurjijh48+xbO6UPovgXdxeaNRPGVLtregmlL2ihqTX0/ZsKYQq9qCPeA7sJnTttSWg76coz/JZdwoAMbPKc1iXEuMJFmhNdEPU4SWMv5nFpgjVxpuud1Px0p9EOuABgF0asSbcpnh98G5OlCNelVfpKoWDQIDAQAB';

/** In every page and frame, before the page's own scripts. */
const EVERYWHERE = {
  matches: ['<all_urls>'],
  all_frames: true,
  match_origin_as_fallback: true,
  run_at: 'document_start',
} as const;

const notices = new Notices();

export default defineConfig({
  modules: ['@wxt-dev/module-svelte'],
  imports: false,
  // Elements are made one by one: nothing in the whole extension assigns to innerHTML.
  svelte: { vite: { compilerOptions: { runes: true, fragments: 'tree' } } },
  manifestVersion: 3,
  zip: { name: 'torrpeddo' },
  hooks: {
    'build:publicAssets': (_, assets) => {
      assets.push({ relativeDest: 'third-party-licences.txt', contents: notices.text() });
    },
    // For the bill of materials.
    'build:done': ({ config }) => {
      const list = join(config.outBaseDir, `packages-${config.browser}.json`);
      writeFileSync(list, JSON.stringify(notices.ids()));
    },
  },
  vite: () => ({
    plugins: [notices.plugin(), inOrder(), inFewFiles()],
    build: { target: 'es2022', modulePreload: { polyfill: false } },
    resolve: { dedupe: ['svelte'] },
  }),
  manifest: ({ browser }) => ({
    name: '__MSG_extName__',
    description: '__MSG_extDescription__',
    default_locale: 'en',
    icons: { 16: 'icon/16.png', 32: 'icon/32.png', 48: 'icon/48.png', 128: 'icon/128.png' },
    permissions: ['nativeMessaging', 'storage', 'contextMenus', 'notifications', 'alarms'],
    content_scripts: [
      { ...EVERYWHERE, js: ['catcher.js'] },
      { ...EVERYWHERE, js: ['page-open.js'], world: 'MAIN' },
    ],
    optional_permissions: ['downloads'],
    optional_host_permissions: ['<all_urls>'],
    commands: {
      _execute_action: { suggested_key: { default: 'Alt+Shift+T' } },
      'open-manager': { suggested_key: { default: 'Alt+Shift+M' }, description: '__MSG_commandManager__' },
      // No keys of their own from the start: one slip, and everything stands still.
      'pause-all': { description: '__MSG_commandPauseAll__' },
      'resume-all': { description: '__MSG_commandResumeAll__' },
    },
    action: {
      default_title: '__MSG_extName__',
      default_icon: { 16: 'icon/16.png', 32: 'icon/32.png', 48: 'icon/48.png', 128: 'icon/128.png' },
    },
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: 'torrpeddo@torrpeddo.org',
              strict_min_version: '140.0',
              data_collection_permissions: { required: ['none'] },
            },
          },
          protocol_handlers: [{ protocol: 'magnet', name: 'Torrpeddo', uriTemplate: '/add.html?uri=%s' }],
        }
      : { key: CHROMIUM_KEY, minimum_chrome_version: '123' }),
  }),
});
