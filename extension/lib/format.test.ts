import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import en from '../public/_locales/en/messages.json';
import { bytes, duration, eta, files, percent, rate, ratio } from './format';

beforeEach(() => {
  vi.spyOn(fakeBrowser.i18n, 'getUILanguage').mockReturnValue('en');
  vi.spyOn(fakeBrowser.i18n, 'getMessage').mockImplementation((key, substitutions) => {
    const values = Array.isArray(substitutions) ? substitutions : [substitutions ?? ''];
    const message = (en as Record<string, { message: string } | undefined>)[key]?.message ?? '';
    return message.replace(/\$(\d)/g, (_, digit: string) => values[Number(digit) - 1] ?? '');
  });
});

describe('bytes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [1536, '1.54 kB'],
    [999_999, '1 MB'],
    [4_450_000_000, '4.45 GB'],
    [62_300_000_000, '62.3 GB'],
    [2 ** 53, '9.01 PB'],
    [Number.NaN, 'unknown'],
    [-1, 'unknown'],
  ])('%d is %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });
});

describe('rate', () => {
  it.each([
    [0, '0 kB/s'],
    [512, '0.5 kB/s'],
    [1_250_000, '1.25 MB/s'],
  ])('%d is %s', (perSecond, text) => {
    expect(rate(perSecond)).toBe(text);
  });
});

describe('percent', () => {
  it.each([
    [0, '0%'],
    [0.0123, '1.2%'],
    [0.9999, '99%'],
    [1, '100%'],
    [7, '100%'],
    [Number.NaN, '0%'],
  ])('%d is %s', (fraction, text) => {
    expect(percent(fraction)).toBe(text);
  });
});

describe('time left', () => {
  it.each([
    [400, '1 sec'],
    [59_400, '59 sec'],
    [80_000, '1 min'],
    [100_000, '2 min'],
    [3_599_000, '59 min'],
    [3_000_000, '50 min'],
    [6_420_000, '1 hr 47 min'],
    [7_200_000, '2 hr'],
    [47_000_000, '13 hr'],
    [180_000_000, '2 days 2 hr'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('says nothing where nothing honest can be said', () => {
    for (const ms of [null, undefined, Number.NaN, -5, Infinity, 1e15]) expect(eta(ms)).toBeUndefined();
    expect(eta(60_000)).toBe('1 min left');
  });
});

it('counts in the form of the number', () => {
  expect(files(1)).toBe('1 file');
  expect(files(1200)).toBe('1,200 files');
  expect(ratio(1)).toBe('1.00');
});
