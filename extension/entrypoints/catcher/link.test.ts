// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { follows, linkOf } from './link';

const MAGNET = 'magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

function click(target: Element): string | undefined {
  let uri: string | undefined;
  const listen = (event: Event): void => {
    uri = linkOf(event)?.uri;
  };
  addEventListener('click', listen, { capture: true, once: true });
  target.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true }));
  return uri;
}

function link(href: string): HTMLAnchorElement {
  const a = document.createElement('a');
  a.setAttribute('href', href);
  document.body.append(a);
  return a;
}

beforeEach(() => {
  document.body.replaceChildren();
});

describe('which link a click goes to', () => {
  it('is found from inside the link and through open shadow roots', () => {
    const inner = document.createElement('b');
    link(MAGNET).append(inner);
    expect(click(inner)).toBe(MAGNET);
    const host = document.createElement('div');
    document.body.append(host);
    const shadow = host.attachShadow({ mode: 'open' });
    shadow.append(link(MAGNET));
    expect(click(shadow.firstElementChild ?? host)).toBe(MAGNET);
  });

  it('bears with what the browser bears with', () => {
    expect(click(link(` \n${MAGNET}\t`))).toBe(MAGNET);
    expect(click(link(`mag\nnet:${MAGNET.slice(7)}`))).toBe(MAGNET);
    expect(click(link(`MAGNET:${MAGNET.slice(7)}`))).toBe(`MAGNET:${MAGNET.slice(7)}`);
  });

  it('is none for other links', () => {
    for (const href of ['https://example.org/magnet:?x', 'magnet:', '#', 'javascript:void 0']) {
      expect(click(link(href))).toBeUndefined();
    }
    expect(click(link(`magnet:?dn=${'x'.repeat(70_000)}`))).toBeUndefined();
  });
});

describe('which clicks follow a link', () => {
  const made = (init: Partial<MouseEvent>): MouseEvent =>
    ({
      isTrusted: true,
      type: 'click',
      button: 0,
      altKey: false,
      defaultPrevented: false,
      ...init,
    }) as MouseEvent;

  it.each([
    ['a plain one', {}, true],
    ['a middle one', { type: 'auxclick', button: 1 }, true],
    ['a right one', { type: 'auxclick', button: 2 }, false],
    ['one with Control', { ctrlKey: true }, true],
    ['one with Shift', { shiftKey: true }, true],
    ['one with Alt', { altKey: true }, false],
    ['one that a page made', { isTrusted: false }, false],
    ['one that somebody else took', { defaultPrevented: true }, false],
  ] as const)('%s', (_name, init, expected) => {
    expect(follows(made(init))).toBe(expected);
  });
});
