import { describe, expect, it } from 'vitest';
import type { Peer, PeerFlags } from '../protocol/generated';
import { FASTEST_FIRST, flagsOf, hostOf, isPeer, orderBy, peersIn, sortPeers } from './peers';

const CLOSED: PeerFlags = {
  am_choking: true,
  am_interested: false,
  peer_choking: true,
  peer_interested: false,
  optimistic: false,
  snubbed: false,
  seed: false,
};

function peer(address: string, more: Partial<Peer> = {}): Peer {
  return {
    address,
    transport: 'tcp',
    direction: 'out',
    encrypted: false,
    state: 'connected',
    download_rate: 0,
    upload_rate: 0,
    downloaded: 0,
    uploaded: 0,
    flags: CLOSED,
    ...more,
  };
}

const letters = (flags: Partial<PeerFlags>): string =>
  flagsOf(peer('a:1', { flags: { ...CLOSED, ...flags } }))
    .map(({ letter }) => letter)
    .join('');

describe('the flags of a peer', () => {
  it('tell both directions', () => {
    expect(letters({})).toBe('');
    expect(letters({ am_interested: true })).toBe('d');
    expect(letters({ am_interested: true, peer_choking: false })).toBe('D');
    expect(letters({ peer_choking: false })).toBe('K');
    expect(letters({ peer_interested: true })).toBe('u');
    expect(letters({ peer_interested: true, am_choking: false })).toBe('U');
    expect(letters({ am_choking: false })).toBe('?');
    expect(letters({ am_choking: false, peer_interested: true, optimistic: true, snubbed: true })).toBe(
      'UOS',
    );
  });

  it('are empty where the engine does not tell them', () => {
    const untold = peer('a:1');
    delete untold.flags;
    expect(flagsOf(untold)).toEqual([]);
  });
});

describe('the order of peers', () => {
  const peers = [
    peer('10.0.0.10:1', { download_rate: 5, client: 'b' }),
    peer('10.0.0.9:1', { download_rate: 5, client: 'A', progress: 0.5 }),
    peer('[::1]:2', { download_rate: 9, upload_rate: 1 }),
  ];
  const order = (column: Parameters<typeof orderBy>[1], descending: boolean): string[] =>
    sortPeers(peers, { column, descending }).map(({ address }) => address);

  it('is that of a column, and of the address where that says nothing', () => {
    expect(order('down', true)).toEqual(['[::1]:2', '10.0.0.9:1', '10.0.0.10:1']);
    expect(order('down', false)).toEqual(['10.0.0.9:1', '10.0.0.10:1', '[::1]:2']);
    expect(order('address', false)).toEqual(order('address', true).toReversed());
    expect(order('address', false).filter((address) => address.startsWith('10'))).toEqual([
      '10.0.0.9:1',
      '10.0.0.10:1',
    ]);
    expect(order('client', false)).toEqual(['[::1]:2', '10.0.0.9:1', '10.0.0.10:1']);
    expect(order('progress', true)[0]).toBe('10.0.0.9:1');
    expect(order('up', true)[0]).toBe('[::1]:2');
  });

  it('turns round with a second click', () => {
    expect(orderBy(FASTEST_FIRST, 'down')).toEqual({ column: 'down', descending: false });
    expect(orderBy(FASTEST_FIRST, 'client')).toEqual({ column: 'client', descending: false });
    expect(orderBy(FASTEST_FIRST, 'uploaded')).toEqual({ column: 'uploaded', descending: true });
  });
});

describe('addresses', () => {
  it('are banned without their port', () => {
    expect(hostOf('192.0.2.1:6881')).toBe('192.0.2.1');
    expect(hostOf('[2001:db8::1]:6881')).toBe('2001:db8::1');
  });

  it('are read from lines and lists, each once', () => {
    expect(peersIn(' a:1\nb:2, a:1;[::1]:3\n')).toEqual(['a:1', 'b:2', '[::1]:3']);
    expect(peersIn(' \n')).toEqual([]);
  });

  it('have a host and a port', () => {
    for (const good of ['192.0.2.1:6881', '[2001:db8::1]:1', 'seed.example:65535', 'localhost:80'])
      expect(isPeer(good), good).toBe(true);
    for (const bad of [
      '',
      '192.0.2.1',
      '192.0.2.1:0',
      '192.0.2.1:65536',
      '192.0.2.256:1',
      '2001:db8::1:6881',
      '[2001:db8::g]:1',
      ':1',
      'http://a:1',
      'a b:1',
      'a:1e3',
    ])
      expect(isPeer(bad), bad).toBe(false);
  });
});
