import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { parseFromContent, parseFromPage, type LinkAnswer } from '@/lib/messages';
import { forgetLocal } from '@/lib/settings';
import { run } from './commands';
import { listenToDownloads } from './downloads';
import { createMenus, onMenuClicked } from './menus';
import { onNotificationButton, onNotificationClicked } from './notify';
import { settleRemovals } from './removal';
import { linkClicked, linkPassed, take } from './take';
import { listenToAlarms, watch, watchAgain } from './watch';
import { dialogClosed, openManager, openWelcomeTab } from './windows';

/**
 * The worker may be stopped between any two events. It keeps nothing in globals that matters: what waits is
 * in session storage, what lasts in local storage, and everything about torrents is the engine's.
 */
export default defineBackground({
  type: 'module',
  main() {
    browser.runtime.onInstalled.addListener(({ reason }) => {
      createMenus();
      if (reason === 'install') void openWelcomeTab();
    });

    browser.runtime.onStartup.addListener(() => {
      createMenus();
      // A host may have been installed or removed meanwhile.
      void forgetLocal('host');
    });

    browser.runtime.onMessage.addListener((message: unknown, sender, answer: (value: LinkAnswer) => void) => {
      if (sender.id !== browser.runtime.id) return;
      if (sender.url?.startsWith(browser.runtime.getURL('/')) === true) {
        const request = parseFromPage(message);
        if (request?.type === 'take') void take(request.sources);
        if (request?.type === 'active') watch();
        if (request?.type === 'manager') void openManager();
        return;
      }
      const request = parseFromContent(message);
      if (request === undefined || sender.tab?.id === undefined) return;
      if (request.type === 'passed') {
        void linkPassed();
        return;
      }
      linkClicked(request, sender.tab.id).then(
        (taken) => {
          answer({ taken });
        },
        () => {
          answer({ taken: false });
        },
      );
      return true;
    });

    settleRemovals();
    listenToAlarms();

    browser.contextMenus.onClicked.addListener((info, tab) => {
      void onMenuClicked(info, tab);
    });
    browser.commands.onCommand.addListener((command, tab) => {
      void run(command, tab?.windowId);
    });
    browser.notifications.onClicked.addListener((id) => {
      void onNotificationClicked(id);
    });
    if (!import.meta.env.FIREFOX) {
      browser.notifications.onButtonClicked.addListener((id) => {
        void onNotificationButton(id);
      });
    }
    browser.permissions.onAdded.addListener(listenToDownloads);
    listenToDownloads();
    browser.tabs.onRemoved.addListener((tabId) => {
      void dialogClosed(tabId);
    });
    void watchAgain();
  },
});
