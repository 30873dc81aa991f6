import { describe, expect, it } from 'vitest';
import { merge } from './pending';
import { SOURCES_LIMIT, type Source } from './messages';

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

function magnet(hash: string, more = ''): Source {
  return { kind: 'magnet', uri: `magnet:?xt=urn:btih:${hash}${more}` };
}

describe('what waits for the dialog', () => {
  it('is there once, however often it was clicked', () => {
    const once = merge([], [magnet(HASH)]);
    expect(merge(once, [magnet(HASH.toUpperCase(), '&dn=x')])).toEqual(once);
  });

  it('tells files apart that have one name and one size', () => {
    const file = (data: string): Source => ({ kind: 'file', data, name: 'a.torrent' });
    const tail = 'x'.repeat(100);
    const pending = merge([], [file(`AAAA${tail}`), file(`AAAB${tail}`), file(`AAAA${tail}`)]);
    expect(pending).toHaveLength(2);
  });

  it('is bounded', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => magnet(at.toString(16).padStart(40, '0')));
    expect(merge([], many)).toHaveLength(SOURCES_LIMIT);
  });

  it('remembers what was not from the user’s own hand', () => {
    expect(merge([], [magnet(HASH)], true)[0]?.ask).toBe(true);
    expect(merge([], [magnet(HASH)])[0]?.ask).toBeUndefined();
  });
});
