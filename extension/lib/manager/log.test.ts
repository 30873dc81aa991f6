import { describe, expect, it } from 'vitest';
import { linesAbout } from './log';

const id = 'a'.repeat(40);
const lines = [
  `2026-01-01T00:00:00Z  WARN a torrent stopped id=${id} error=The disk is full.`,
  '2026-01-01T00:00:01Z  INFO the engine listens',
  '2026-01-01T00:00:02Z  WARN not removed folder=/downloads/Some film (2020)',
];

describe('linesAbout', () => {
  it('finds the id and the name', () => {
    expect(linesAbout(lines, { id, name: 'Some film (2020)' })).toEqual([lines[0], lines[2]]);
  });

  it('does not take a name for a word of the log', () => {
    expect(linesAbout(lines, { id: 'b'.repeat(40), name: 'engine' })).toEqual([]);
    expect(linesAbout(lines, { id: 'b'.repeat(40), name: '' })).toEqual([]);
  });
});
