import type { PageLink } from '@/lib/messages';
import { uriOf } from './link';

/** No page of the web that people read has more; one that was made to has this many at most. */
const MOST = 200;
const LONGEST_TEXT = 300;

/** The magnet links below a node, open shadow roots included, each once. */
export function linksIn(root: Document | ShadowRoot, wanted?: (link: Element) => boolean): PageLink[] {
  const found = new Map<string, PageLink>();
  const roots: (Document | ShadowRoot)[] = [root];
  for (let next = roots.pop(); next !== undefined; next = roots.pop()) {
    for (const element of next.querySelectorAll('*')) {
      if (element.shadowRoot !== null) roots.push(element.shadowRoot);
      const uri = uriOf(element);
      if (uri === undefined || found.has(uri) || wanted?.(element) === false) continue;
      found.set(uri, { uri, text: element.textContent.trim().slice(0, LONGEST_TEXT) });
      if (found.size >= MOST) return [...found.values()];
    }
  }
  return [...found.values()];
}

export function linksOfSelection(): PageLink[] {
  const selection = getSelection();
  if (selection === null) return [];
  return linksIn(document, (element) => selection.containsNode(element, true));
}
