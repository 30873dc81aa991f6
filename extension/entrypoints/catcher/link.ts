/**
 * Which magnet link a click goes to, if any. Looks through open shadow roots, and at SVG's links, whose
 * `href` is an object.
 */
export interface ClickedLink {
  element: Element;
  uri: string;
}

const XLINK = 'http://www.w3.org/1999/xlink';

export function linkOf(event: Event): ClickedLink | undefined {
  for (const node of event.composedPath()) {
    if (!(node instanceof Element) || hrefOf(node) === undefined) continue;
    const uri = uriOf(node);
    // The innermost link decides, as it does for the browser.
    return uri === undefined ? undefined : { element: node, uri };
  }
  return undefined;
}

function hrefOf(element: Element): string | undefined {
  const name = element.localName;
  if (name !== 'a' && name !== 'area') return undefined;
  return element.getAttribute('href') ?? element.getAttributeNS(XLINK, 'href') ?? undefined;
}

/** The magnet link that an element is, if it is one. */
export function uriOf(element: Element): string | undefined {
  // What the URL parser strips before it looks for a scheme.
  const uri = hrefOf(element)
    // eslint-disable-next-line no-control-regex
    ?.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '')
    .replace(/[\t\n\r]/g, '');
  return uri !== undefined && isMagnetLink(uri) ? uri : undefined;
}

export function isMagnetLink(uri: string): boolean {
  return uri.length <= 65_536 && /^magnet:\?./i.test(uri);
}

/** A left click with any modifier but Alt, a middle click, or a key: what would have followed the link. */
export function follows(event: MouseEvent): boolean {
  if (!event.isTrusted || event.altKey || event.defaultPrevented) return false;
  return event.type === 'click' ? event.button === 0 : event.button === 1;
}

/** Gives a click back: the same element, the same modifiers. Untrusted, so we do not take it again. */
export function giveBack(link: ClickedLink, event: MouseEvent): void {
  if (!link.element.isConnected) {
    location.href = link.uri;
    return;
  }
  // A middle click cannot be made by a script; a click with Control (or Command) does the same.
  const middle = event.button === 1;
  link.element.dispatchEvent(
    new MouseEvent('click', {
      bubbles: true,
      cancelable: true,
      composed: true,
      ctrlKey: event.ctrlKey || middle,
      metaKey: event.metaKey || (middle && /mac/i.test(navigator.userAgent)),
      shiftKey: event.shiftKey,
    }),
  );
}
