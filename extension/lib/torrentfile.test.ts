import { describe, expect, it } from 'vitest';
import { fileName, isTorrent, looksLikeTorrent, toBase64 } from './torrentfile';

describe('torrent files', () => {
  it('are known by what is in them', () => {
    expect(isTorrent(btoa('d4:infod4:name1:xee'))).toBe(true);
    expect(isTorrent(btoa('<!doctype html>please log in'))).toBe(false);
    expect(isTorrent(btoa('d3:fooi1ee'))).toBe(false);
    expect(isTorrent('')).toBe(false);
    expect(isTorrent('not base64!')).toBe(false);
  });

  it('are known by what the browser says of a download', () => {
    const item = { filename: '', mime: '', url: 'https://example.org/get?id=1' };
    expect(looksLikeTorrent(item)).toBe(false);
    expect(looksLikeTorrent({ ...item, mime: 'application/x-bittorrent' })).toBe(true);
    expect(looksLikeTorrent({ ...item, filename: '/tmp/A.Torrent' })).toBe(true);
    expect(looksLikeTorrent({ ...item, url: 'https://example.org/a.torrent?k=1' })).toBe(true);
    expect(looksLikeTorrent({ ...item, url: 'https://example.org/?next=a.torrent' })).toBe(false);
  });

  it('have the name of their address', () => {
    expect(fileName('https://example.org/d/a%20b.torrent?x=1')).toBe('a b.torrent');
    expect(fileName('https://example.org/%zz.torrent')).toBe('https://example.org/%zz.torrent');
  });

  it('survive base64', async () => {
    expect(await toBase64(new Blob([new Uint8Array([0, 255, 100])]))).toBe('AP9k');
  });
});
