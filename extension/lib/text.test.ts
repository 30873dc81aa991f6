import { describe, expect, it } from 'vitest';
import { DISPLAY_LIMIT, displayText } from './text';

describe('names from strangers', () => {
  it.each([
    ['plain', 'Sintel (2010).mkv', 'Sintel (2010).mkv'],
    ['markup stays text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['direction overrides become visible', 'evil\u202egnp.exe', 'evil\ufffdgnp.exe'],
    ['isolates become visible', 'a\u2066b\u2067c\u2069d', 'a\ufffdb\ufffdc\ufffdd'],
    ['line breaks become one space', 'a\r\n\n\u2028b\tc', 'a b c'],
    ['controls become visible', 'a\u0000b\u0007c\u009bd', 'a\ufffdb\ufffdc\ufffdd'],
    ['zero width characters become visible', 'a\u200bb\ufeffc', 'a\ufffdb\ufffdc'],
    ['half a surrogate pair becomes visible', 'a\ud800b', 'a\ufffdb'],
    ['joined emoji stay whole', '👨‍👩‍👧‍👦 family', '👨‍👩‍👧‍👦 family'],
    ['other scripts stay', 'Музыка лета – مكتبة – 写真', 'Музыка лета – مكتبة – 写真'],
    ['nothing but blanks', '   ', ''],
  ])('%s', (_what, name, shown) => {
    expect(displayText(name)).toBe(shown);
  });

  it('cuts ten thousand characters, and never inside one', () => {
    const shown = displayText('👩‍🚀'.repeat(10_000));
    expect(shown.length).toBeLessThanOrEqual(DISPLAY_LIMIT + 1);
    expect(shown.endsWith('👩‍🚀…')).toBe(true);
  });

  it('is quick with a megabyte', () => {
    const start = performance.now();
    displayText('\u202e'.repeat(1_000_000));
    expect(performance.now() - start).toBeLessThan(200);
  });

  it('keeps stacked marks from painting over other lines', () => {
    expect(displayText(`Z${'\u0301'.repeat(500)}`).length).toBeLessThan(8);
  });
});
