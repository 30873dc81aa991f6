import { browser } from 'wxt/browser';
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import type { FromContent, LinkAnswer, PageLink, ToContent } from '@/lib/messages';
import { OPEN_EVENT } from '../page-open/event';
import { fetchTorrent } from './fetch';
import { Gestures } from './gesture';
import { follows, giveBack, isMagnetLink, linkOf } from './link';
import { linksIn, linksOfSelection } from './links';

/** Longer than this after a click, browsers no longer let a page open another program. */
const ACTIVATION_MS = 4_500;
const DOUBLE_CLICK_MS = 700;
/** What was given back comes by once more as a navigation of the page, and belongs to the browser. */
const GIVEN_BACK_MS = 1_000;

/**
 * Runs in every page and frame. An unlisted script that the manifest names itself: WXT's own kind of content
 * script is twice the size and posts a message into every page that says who is there.
 */
export default defineUnlistedScript({
  globalName: false,
  main,
});

function main(): void {
  // Whether to take a click must be known in the same moment, so what decides it is mirrored here.
  let hostGone = false;
  let sitesOff: unknown = [];
  let last = { uri: '', at: -DOUBLE_CLICK_MS };
  let passUntil = 0;
  const gestures = new Gestures();
  const site = topSite();

  const mirror = (values: Record<string, unknown>): void => {
    if ('host' in values) hostGone = values['host'] === 'missing' || values['host'] === 'down';
    if ('sitesOff' in values) sitesOff = values['sitesOff'];
  };
  void browser.storage.local.get(['host', 'sitesOff']).then(mirror, () => undefined);
  browser.storage.onChanged.addListener((changes, area) => {
    if (area !== 'local') return;
    mirror(Object.fromEntries(Object.entries(changes).map(([key, change]) => [key, change.newValue])));
  });

  const send = (message: FromContent): Promise<LinkAnswer | undefined> =>
    browser.runtime.sendMessage(message);

  /** Sends a link to the background. False where it is the browser's affair; `back` undoes a taking. */
  const take = (uri: string, scripted: boolean, back: () => void): boolean => {
    // After an update of the extension this script is an orphan that reaches nobody.
    if (!(browser.runtime as Partial<typeof browser.runtime> | undefined)?.id) return false;
    if (site !== undefined && Array.isArray(sitesOff) && sitesOff.includes(site)) return false;
    if (hostGone) {
      void send({ type: 'passed', uri }).catch(() => undefined);
      return false;
    }
    const now = performance.now();
    if (uri === last.uri && now - last.at < DOUBLE_CLICK_MS) return true;
    last = { uri, at: now };
    const failed = (): void => {
      passUntil = performance.now() + GIVEN_BACK_MS;
      if (performance.now() - now < ACTIVATION_MS) back();
    };
    void send({ type: 'link', uri, nested: site === undefined, scripted }).then((answer) => {
      if (answer?.taken !== true) failed();
    }, failed);
    return true;
  };

  const onClick = (event: MouseEvent): void => {
    if (!follows(event)) return;
    const link = linkOf(event);
    if (
      link === undefined ||
      !take(link.uri, false, () => {
        giveBack(link, event);
      })
    )
      return;
    // All or nothing: a page with a handler of its own would otherwise follow the link as well.
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener('click', onClick, true);
  addEventListener('auxclick', onClick, true);

  /** A link that the page's own script follows: taken only as the answer to something the user did. */
  const onScript = (uri: string): boolean =>
    isMagnetLink(uri) &&
    performance.now() > passUntil &&
    gestures.spend() &&
    take(uri, true, () => {
      location.href = uri;
    });
  gestures.listen();

  // Chromium tells of `location = "magnet:…"` and of clicks on links that are in no document.
  (window as { navigation?: EventTarget }).navigation?.addEventListener('navigate', (event) => {
    const { destination } = event as Event & { destination?: { url: string } };
    if (event.isTrusted && event.cancelable && destination !== undefined && onScript(destination.url)) {
      event.preventDefault();
    }
  });
  // The page's `window.open`, told by the script in its world. Anybody there can say so: see `onScript`.
  addEventListener(
    OPEN_EVENT,
    (event) => {
      const uri: unknown = (event as CustomEvent).detail;
      if (typeof uri === 'string' && onScript(uri)) event.preventDefault();
    },
    true,
  );

  browser.runtime.onMessage.addListener((message: ToContent, _sender, answer: (value: unknown) => void) => {
    switch (message.type) {
      // The popup asks which site it is about: cheaper than a permission to see every tab's address.
      case 'site':
        if (self === top) answer({ site });
        return;
      case 'selection':
        answer({ links: linksOfSelection() });
        return;
      case 'fetch':
        fetchTorrent(message.url).then(answer, () => {
          answer(undefined);
        });
        return true;
    }
  });
  // A message has one answer, a port one of every frame. Who asked closes it: one frame would close it for all.
  browser.runtime.onConnect.addListener((port) => {
    const links: PageLink[] = linksIn(document);
    port.postMessage(links);
  });
}

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
