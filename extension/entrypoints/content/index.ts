import { browser } from 'wxt/browser';
import { defineContentScript } from 'wxt/utils/define-content-script';
import type { FromContent, LinkAnswer } from '@/lib/messages';
import { follows, giveBack, linkOf } from './link';

/** Longer than this after a click, browsers no longer let a page open another program. */
const ACTIVATION_MS = 4_500;
const DOUBLE_CLICK_MS = 700;

export default defineContentScript({
  matches: ['<all_urls>'],
  allFrames: true,
  matchOriginAsFallback: true,
  runAt: 'document_start',
  main() {
    // Whether to take a click must be known in the same moment, so what decides it is mirrored here.
    let hostGone = false;
    let sitesOff: unknown = [];
    let last = { uri: '', at: 0 };

    const mirror = (values: Record<string, unknown>): void => {
      if ('host' in values) hostGone = values['host'] === 'missing' || values['host'] === 'down';
      if ('sitesOff' in values) sitesOff = values['sitesOff'];
    };
    void browser.storage.local.get(['host', 'sitesOff']).then(mirror, () => undefined);
    browser.storage.onChanged.addListener((changes, area) => {
      if (area !== 'local') return;
      mirror(Object.fromEntries(Object.entries(changes).map(([key, change]) => [key, change.newValue])));
    });

    const site = topSite();
    const send = (message: FromContent): Promise<LinkAnswer | undefined> =>
      browser.runtime.sendMessage(message);

    const onClick = (event: MouseEvent): void => {
      if (!follows(event)) return;
      const link = linkOf(event);
      if (link === undefined) return;
      // After an update of the extension this script is an orphan that reaches nobody.
      if (!(browser.runtime as Partial<typeof browser.runtime> | undefined)?.id) return;
      if (site !== undefined && Array.isArray(sitesOff) && sitesOff.includes(site)) return;
      if (hostGone) {
        void send({ type: 'passed', uri: link.uri }).catch(() => undefined);
        return;
      }
      // All or nothing: a page with a handler of its own would otherwise follow the link as well.
      event.preventDefault();
      event.stopImmediatePropagation();
      const now = event.timeStamp;
      if (link.uri === last.uri && now - last.at < DOUBLE_CLICK_MS) return;
      last = { uri: link.uri, at: now };
      const back = (): void => {
        if (performance.now() - now < ACTIVATION_MS) giveBack(link, event);
      };
      void send({ type: 'link', uri: link.uri, nested: site === undefined }).then((answer) => {
        if (answer?.taken !== true) back();
      }, back);
    };
    addEventListener('click', onClick, true);
    addEventListener('auxclick', onClick, true);

    if (self === top) {
      // The popup asks which site it is about: cheaper than a permission to see every tab's address.
      browser.runtime.onMessage.addListener((message: { type?: unknown }, _sender, answer) => {
        if (message.type === 'site') answer({ site });
      });
    }
  },
});

/** The site in the address bar; unknown in a frame of another origin where the browser does not tell. */
function topSite(): string | undefined {
  const ancestors = (location as { ancestorOrigins?: DOMStringList }).ancestorOrigins;
  const origin = ancestors === undefined ? undefined : ancestors[ancestors.length - 1];
  try {
    // The same as `siteOf` in lib; imported, it would bring its neighbours along.
    return (origin === undefined ? top?.location.host : new URL(origin).host)?.replace(/^www\./, '');
  } catch {
    return undefined;
  }
}
