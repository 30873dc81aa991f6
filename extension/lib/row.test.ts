import { describe, expect, it } from 'vitest';
import type { Torrent } from './protocol/generated';
import { troubleText } from './row';

function failed(save_path: string, message: string): Torrent {
  return { save_path, error: { kind: 'io', message } } as Torrent;
}

describe('what is wrong', () => {
  it('is said with the end of a long path', () => {
    const folder = '/home/somebody/a long way down/films';
    expect(troubleText(failed(folder, `${folder} is full.`))).toBe('…/films is full.');
    expect(troubleText(failed(folder, `${folder}/one/two.mkv is missing.`))).toBe(
      '…/films/one/two.mkv is missing.',
    );
    expect(troubleText(failed('C:\\Users\\x', 'C:\\Users\\x is full.'))).toBe('…/x is full.');
    expect(troubleText(failed('/', 'Nothing is there.'))).toBe('Nothing is there.');
  });
});
