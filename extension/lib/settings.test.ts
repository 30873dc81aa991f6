import { describe, expect, it } from 'vitest';
import { siteFromText } from './settings';

describe('siteFromText', () => {
  it.each([
    ['example.org', 'example.org'],
    ['  www.Example.ORG ', 'example.org'],
    ['https://user@www.example.org:8080/page?x=1#y', 'example.org'],
    ['example.org/page', 'example.org'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['localhost:3000', 'localhost'],
    ['[::1]', '[::1]'],
  ])('%j is %j', (text, site) => {
    expect(siteFromText(text)).toBe(site);
  });

  it.each(['', '   ', 'two words', 'https://', 'a b.example', 'http://exa mple.org', '%'])(
    '%j is no site',
    (text) => {
      expect(siteFromText(text)).toBeUndefined();
    },
  );
});
