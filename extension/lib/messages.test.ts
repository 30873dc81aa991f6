import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import de from '../public/_locales/de/messages.json';
import en from '../public/_locales/en/messages.json';
import { parseFromContent, parseFromPage, parseLinks, SOURCES_LIMIT } from './messages';

const MAGNET = 'magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

describe('what a content script may say', () => {
  it('is a magnet link and nothing else', () => {
    expect(parseFromContent({ type: 'link', uri: MAGNET, nested: 1, scripted: false, extra: 1 })).toEqual({
      type: 'link',
      uri: MAGNET,
      nested: false,
      scripted: false,
    });
    // Whoever does not say that the user clicked is asked about.
    expect(parseFromContent({ type: 'link', uri: MAGNET })).toMatchObject({ scripted: true });
    for (const message of [
      null,
      'link',
      { type: 'link' },
      { type: 'link', uri: 'https://example.org' },
      { type: 'take', sources: [{ kind: 'magnet', uri: MAGNET }] },
      { type: 'link', uri: `magnet:?${'x'.repeat(70_000)}` },
      { type: 'link', uri: { toString: () => MAGNET } },
    ]) {
      expect(parseFromContent(message)).toBeUndefined();
    }
  });
});

describe('the links of a page', () => {
  it('are bounded, and nothing but magnet links', () => {
    const many = Array.from({ length: 1_000 }, () => ({ uri: MAGNET, text: 'x'.repeat(9_000) }));
    const links = parseLinks([
      { uri: 'javascript:alert(1)', text: '' },
      7,
      { uri: MAGNET, text: 7 },
      ...many,
    ]);
    expect(links).toHaveLength(SOURCES_LIMIT - 2);
    expect(links[0]).toEqual({ uri: MAGNET, text: '' });
    expect(links[1]?.text).toHaveLength(300);
    expect(parseLinks('all of them')).toEqual([]);
  });
});

describe('what a page of ours may say', () => {
  it('drops what does not fit and bounds the rest', () => {
    const sources = [
      { kind: 'magnet', uri: MAGNET },
      { kind: 'magnet', uri: 'javascript:alert(1)' },
      { kind: 'url', url: 'file:///etc/passwd' },
      { kind: 'url', url: 'https://example.org/a.torrent' },
      { kind: 'file', data: 'AA==' },
    ];
    expect(parseFromPage({ type: 'take', sources })).toEqual({
      type: 'take',
      sources: [sources[0], sources[3]],
    });
    const many = Array.from({ length: 5000 }, () => sources[0]);
    expect(parseFromPage({ type: 'take', sources: many })).toHaveProperty('sources.length', SOURCES_LIMIT);
  });
});

describe('the texts', () => {
  const texts: [string, Record<string, { message: string }>][] = [
    ['en', en],
    ['de', de],
  ];

  it('are complete in every language, with the same places', () => {
    const places = (text: string): string[] => [...new Set(text.match(/\$\d/g) ?? [])].sort();
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
    for (const [key, { message }] of Object.entries(en)) {
      expect(message, key).not.toBe('');
      expect(places((de as Record<string, { message: string }>)[key]?.message ?? ''), key).toEqual(
        places(message),
      );
    }
  });

  it('are all used', () => {
    const read = (folder: string): string =>
      readdirSync(folder, { withFileTypes: true })
        .map((entry) => {
          const path = join(folder, entry.name);
          return entry.isDirectory()
            ? read(path)
            : /\.(ts|svelte)$/.test(path)
              ? readFileSync(path, 'utf8')
              : '';
        })
        .join('\n');
    const code =
      ['components', 'entrypoints', 'lib'].map(read).join('\n') + readFileSync('wxt.config.ts', 'utf8');
    for (const key of Object.keys(texts[0]?.[1] ?? {})) {
      const stem = key.replace(/_(one|other)$/, '');
      expect(code.includes(`'${stem}'`) || code.includes(`__MSG_${stem}__`), key).toBe(true);
    }
  });
});
