import { describe, expect, it } from 'vitest';
import { findLinks, isMagnet, MAGNET_LIMIT, magnetFromHash, sketchMagnet } from './magnet';

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

describe('isMagnet', () => {
  it.each([`magnet:?xt=urn:btih:${HASH}`, `MAGNET:?xt=urn:btih:${HASH}`])('takes %s', (uri) => {
    expect(isMagnet(uri)).toBe(true);
  });

  it.each(['magnet:', 'magnet:?', 'http://example.org/', 'javascript:alert(1)', '', undefined, 7, {}])(
    'refuses %s',
    (uri) => {
      expect(isMagnet(uri)).toBe(false);
    },
  );

  it('refuses what is too long', () => {
    expect(isMagnet(`magnet:?dn=${'a'.repeat(MAGNET_LIMIT)}`)).toBe(false);
  });
});

describe('sketchMagnet', () => {
  it('reads the name and tells the same torrent by its hash', () => {
    const one = sketchMagnet(`magnet:?xt=urn:btih:${HASH}&dn=Big+Buck%20Bunny`);
    const two = sketchMagnet(`magnet:?dn=Other&tr=udp://x&xt=urn:btih:${HASH.toUpperCase()}`);
    expect(one.name).toBe('Big Buck Bunny');
    expect(one.key).toBe(two.key);
  });

  it('bears with bad escapes and no topic', () => {
    expect(sketchMagnet('magnet:?dn=%E0%A4%A').name).toBeDefined();
    expect(sketchMagnet('magnet:?xt=urn:btmh:12').key).toBe('magnet:?xt=urn:btmh:12');
  });
});

describe('findLinks', () => {
  it('finds magnets and addresses between other words, each once', () => {
    const magnet = `magnet:?xt=urn:btih:${HASH}`;
    const text = `see "${magnet}" and <${magnet}>, or https://example.org/a.torrent\nftp://no`;
    expect(findLinks(text)).toEqual({ magnets: [magnet], urls: ['https://example.org/a.torrent'] });
  });

  it('stops at its limit', () => {
    const many = Array.from({ length: 500 }, (_, index) => `https://example.org/${index}`).join(' ');
    expect(findLinks(many).urls).toHaveLength(200);
  });
});

it('makes a magnet of a bare hash', () => {
  expect(magnetFromHash(` ${HASH}\n`)).toBe(`magnet:?xt=urn:btih:${HASH}`);
  expect(magnetFromHash('not a hash')).toBeUndefined();
});
