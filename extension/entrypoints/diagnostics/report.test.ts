import { describe, expect, it } from 'vitest';
import { reportText } from './report';

const KNOWN = { torrents: ['Secret Name'], folders: ['/data/downloads'] };

describe('reportText', () => {
  it('says what is known, and nothing private', () => {
    const text = reportText(
      {
        versions: [
          ['extension', '0.1.0'],
          ['browser', 'Chromium 148.0.0.0'],
        ],
        connection: 'ready: fine',
        findings: [
          { check: 'engine', level: 'ok', message: 'It runs as process 7.' },
          {
            check: 'download folder',
            level: 'problem',
            message: '/data/downloads is full.',
            remedy: 'Make room.',
          },
        ],
        log: ['T INFO Secret Name stopped peer=203.0.113.7:1'],
      },
      KNOWN,
    );
    expect(text).toBe(`# Torrpeddo report

extension: 0.1.0
browser: Chromium 148.0.0.0
connection: ready: fine

## doctor
[ok] engine: It runs as process 7.
[problem] download folder: <folder> is full.
    Make room.

## log
T INFO <torrent> stopped peer=<address>
`);
  });

  it('has a hundred lines of the log, the newest', () => {
    const log = Array.from({ length: 300 }, (_, index) => `line ${index}`);
    const text = reportText({ versions: [], connection: 'ready', findings: undefined, log }, KNOWN);
    expect(text).toContain('\nline 299\n');
    expect(text.match(/^line /gm)).toHaveLength(100);
  });

  it('can be made without an engine', () => {
    const facts = { versions: [], connection: 'missing: no host', findings: undefined, log: undefined };
    expect(reportText(facts, { torrents: [], folders: [] })).toContain('connection: missing: no host');
  });
});
