import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import de from '../../public/_locales/de/messages.json';
import { fits } from './search';

beforeEach(() => {
  vi.spyOn(fakeBrowser.i18n, 'getMessage').mockImplementation(
    (key) => (de as Record<string, { message: string } | undefined>)[key]?.message ?? '',
  );
});

describe('fits', () => {
  it.each(['', '  ', 'router', 'ROUTER öffnen', 'offnen', 'port upnp'])('%j is found', (search) => {
    expect(fits(search, ['optionUpnp', 'optionUpnpHint', undefined])).toBe(true);
  });

  it.each(['tracker', 'router tracker'])('%j is not', (search) => {
    expect(fits(search, ['optionUpnp', 'optionUpnpHint'])).toBe(false);
  });
});
