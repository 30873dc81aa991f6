import { describe, expect, it } from 'vitest';
import { redact } from './redact';

const NOTHING = { torrents: [], folders: [] };
const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

describe('redact', () => {
  it.each([
    ['no metadata yet id=' + HASH, 'no metadata yet id=<hash>'],
    ['peer 203.0.113.7:51413 is gone', 'peer <address> is gone'],
    ['peer [2001:db8::7]:6881 is gone', 'peer <address> is gone'],
    ['peer 2001:db8:0:0:0:0:0:7 is gone', 'peer <address> is gone'],
    ['announce to https://tracker.example/PASSKEY/announce failed', 'announce to <address> failed'],
    ['udp://tracker.example:80', '<address>'],
    [`magnet:?xt=urn:btih:${HASH}&dn=Secret`, '<magnet>'],
    ['cannot open "/home/ada/My Films/secret.mkv": denied', 'cannot open "<path>": denied'],
    ['/home/ada/My Films/secret.mkv: No space left', '<path>: No space left'],
    ['file=/srv/films/a b c.mkv error=denied', 'file=<path> error=denied'],
    ['/Users/ada/Films is full', '<path>'],
    ['C:\\Users\\ada\\Films\\x: denied', '<path>: denied'],
    ['/mnt/disk is full', '<path>'],
    ['/run/media/ada/Disk/x: denied', '<path>: denied'],
  ])('%j', (text, clean) => {
    expect(redact(text, NOTHING)).toBe(clean);
  });

  it.each([
    ['2026-11-25T14:21:45.383076Z  INFO torrpeddo::engine_process: engine 0.1.0 starts'],
    ['Torrpeddo 0.1.0 is /usr/bin/torrpeddo.'],
    ['Only you can reach /run/user/1000/torrpeddo/engine.sock.'],
    ['It runs as process 16217.'],
    ['43.5 GiB of 1.5 TiB are left, and/or more'],
    ['Run `torrpeddo install --browser chromium`.'],
  ])('%j says nothing private', (text) => {
    expect(redact(text, NOTHING)).toBe(text);
  });

  it('keeps where programs are, without whose they are', () => {
    expect(redact('reads /home/ada/.mozilla/native-messaging-hosts/x.json, which is not ours', NOTHING)).toBe(
      'reads ~/.mozilla/native-messaging-hosts/x.json, which is not ours',
    );
  });

  it('takes out names and folders that are known, the longest first', () => {
    const known = { torrents: ['Film', 'Film (2026)', 'a+b.*'], folders: ['/data/dl', '/data/dl/more'] };
    expect(redact('Film (2026) and Film and a+b.*', known)).toBe('<torrent> and <torrent> and <torrent>');
    expect(redact('/data/dl/more has 43 GiB left', known)).toBe('<folder> has 43 GiB left');
    expect(redact('file=/data/dl/Any Thing/x.mkv error=denied', known)).toBe('file=<folder> error=denied');
  });

  it('leaves short names alone, which are words', () => {
    expect(redact('it is an error', { torrents: ['an', 'is', ''], folders: [''] })).toBe('it is an error');
  });

  it('goes over every line, quickly', () => {
    const line = 'file=/home/ada/secret film/part.mkv error=denied';
    const clean = redact(Array(2_000).fill(line).join('\n'), {
      torrents: Array.from({ length: 1_000 }, (_, index) => `Name ${index}`),
      folders: ['/home/ada/x'],
    });
    expect(clean).not.toMatch(/ada|secret/);
    expect(clean.split('\n')).toHaveLength(2_000);
  });
});
