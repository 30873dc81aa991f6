import { locale, plural, t } from './i18n';

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;
const formats = new Map<string, Intl.NumberFormat>();

function number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale(), options);
    formats.set(key, format);
  }
  return format;
}

/** Three significant digits, in the units that file managers and shops use (1 kB = 1000 bytes). */
export function bytes(count: number): string {
  if (!Number.isFinite(count) || count < 0) return t('unknownValue');
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return number({
    style: 'unit',
    unit: BYTE_UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(value);
}

/** Rates come and go around nought; one unit for all small ones keeps them from jumping. */
export function rate(perSecond: number): string {
  if (perSecond < 1000) {
    const kilobytes = Math.max(0, Math.round(perSecond / 100) / 10) || 0;
    const format = number({
      style: 'unit',
      unit: 'kilobyte',
      unitDisplay: 'short',
      maximumFractionDigits: 1,
    });
    return t('perSecond', format.format(kilobytes));
  }
  return t('perSecond', bytes(perSecond));
}

/** Rounded down, so that 100 % means complete. */
export function percent(fraction: number): string {
  const safe = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const floored = safe === 1 ? 1 : Math.floor(safe * 1000) / 1000;
  return number({
    style: 'percent',
    maximumFractionDigits: floored > 0 && floored < 0.1 ? 1 : 0,
    roundingMode: 'floor',
  }).format(floored);
}

export function ratio(value: number): string {
  if (!Number.isFinite(value) || value < 0) return t('unknownValue');
  return number({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

export function count(value: number): string {
  return number({ maximumFractionDigits: 0 }).format(value);
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function unit(value: number, name: 'second' | 'minute' | 'hour' | 'day'): string {
  return number({ style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 }).format(value);
}

/**
 * As exact as an estimate can be: seconds in the last minute only, or they would jump up and down with
 * the rate, and two parts only where the second is worth something.
 */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < MINUTE) return unit(seconds, 'second');
  if (seconds < HOUR) return unit(Math.min(59, Math.round(seconds / MINUTE)), 'minute');
  const [big, bigName, smallName, size, small] =
    seconds < DAY
      ? ([seconds / HOUR, 'hour', 'minute', HOUR, MINUTE] as const)
      : ([seconds / DAY, 'day', 'hour', DAY, HOUR] as const);
  const whole = Math.floor(big);
  const rest = Math.floor((seconds % size) / small);
  return rest === 0 || whole >= 10
    ? unit(whole, bigName)
    : `${unit(whole, bigName)} ${unit(rest, smallName)}`;
}

const FOREVER_MS = 100 * DAY * 1000;

/** Until when; `undefined` when there is nothing honest to say. */
export function timeLeft(ms: number | null | undefined): string | undefined {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > FOREVER_MS) return undefined;
  return duration(ms);
}

/** The same as a sentence of its own. */
export function eta(ms: number | null | undefined): string | undefined {
  const left = timeLeft(ms);
  return left === undefined ? undefined : t('timeLeft', left);
}

let dates: Intl.DateTimeFormat | undefined;

/** A moment, in the reader's own time. */
export function dateTime(ms: number): string {
  dates ??= new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' });
  return dates.format(ms);
}

export function files(value: number): string {
  return plural('files', value, count(value));
}
