import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';
import { fourDigits as four, padded, twoDigits as two } from './digit-text.ts';

type TextReader = (cursor: ByteCursor) => string;

/** '00:00:' to '23:59:', by hour × 64 + minute as DATETIME packs them. */
const HOURS_AND_MINUTES = Array.from(
  { length: 24 * 64 },
  (_, packed) => `${two(Math.floor(packed / 64))}:${two(packed % 64)}:`,
);

/** 3 bytes, little-endian: 15 bits year, 4 month, 5 day. */
export const readDate: TextReader = (cursor) => {
  const packed = cursor.uint24();
  return dateText(packed >> 9, (packed >> 5) & 15, packed & 31);
};

/** One byte: years since 1900, 0 = year 0. */
export const readYear = (cursor: ByteCursor): number => {
  const value = cursor.uint8();
  return value === 0 ? 0 : 1900 + value;
};

/** TIME before fractions existed: 3 bytes, little-endian, signed, as the number HHMMSS. */
export const readOldTime: TextReader = (cursor) => {
  const value = (cursor.uint24() << 8) >> 8;
  const number = Math.abs(value);
  return clockText({
    isNegative: value < 0,
    hour: Math.floor(number / 10_000),
    minute: Math.floor(number / 100) % 100,
    second: number % 100,
  });
};

/** DATETIME before fractions existed: 8 bytes, little-endian, as the number YYYYMMDDHHMMSS. */
export const readOldDatetime: TextReader = (cursor) => {
  const low = cursor.uint32();
  const number = cursor.uint32() * 0x1_0000_0000 + low;
  if (number > 99_991_231_235_959) throw corrupt('an impossible date');
  const date = Math.floor(number / 1_000_000);
  const time = number % 1_000_000;
  const day = dateText(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
  return `${day} ${two(Math.floor(time / 10_000))}:${two(Math.floor(time / 100) % 100)}:${two(time % 100)}`;
};

/** TIMESTAMP before fractions existed: seconds since 1970, little-endian. */
export const readOldTimestamp: TextReader = (cursor) => timestampText(cursor.uint32());

/** DATETIME(digits): 5 bytes, big-endian, with the sign bit set, then the fraction. */
export function datetimeReader(digits: number): TextReader {
  const fraction = fractionReader(digits);
  return (cursor) => {
    const high = cursor.uint8() & 0x7f;
    const low = cursor.bigEndian32();
    // 17 bits of year × 13 + month stand above 5 bits each of day and hour, and 6 each of minute and second.
    const day = high * 32_768 + (low >>> 17);
    if (day !== lastPackedDay) {
      const yearMonth = Math.floor(day / 32);
      lastPackedDayText = `${dateText(Math.floor(yearMonth / 13), yearMonth % 13, day % 32)} `;
      lastPackedDay = day;
    }
    const hourMinute = (low >>> 6) & 0x7ff;
    const clock = HOURS_AND_MINUTES[hourMinute] ?? `${two(hourMinute >> 6)}:${two(hourMinute & 63)}:`;
    const text = lastPackedDayText + clock + two(low & 63);
    return digits === 0 ? text : text + fraction(cursor);
  };
}

/** TIMESTAMP(digits): seconds since 1970, big-endian, then the fraction. */
export function timestampReader(digits: number): TextReader {
  const fraction = fractionReader(digits);
  return (cursor) => {
    const seconds = cursor.bigEndian32();
    return timestampText(seconds) + fraction(cursor);
  };
}

/** TIME(digits): one big-endian number over clock and fraction with half its range added, so that negatives sort first. */
export function timeReader(digits: number): TextReader {
  const fractionBytes = (digits + 1) >> 1;
  const scale = 256 ** fractionBytes;
  const half = 0x80_00_00 * scale;
  return (cursor) => {
    const packed = cursor.bigEndian(3 + fractionBytes);
    const value = Math.abs(packed - half);
    const clock = Math.floor(value / scale);
    const text = clockText({
      isNegative: packed < half,
      hour: (clock >> 12) & 0x3ff,
      minute: (clock >> 6) & 63,
      second: clock & 63,
    });
    return text + fractionText(value % scale, digits);
  };
}

export function dateText(year: number, month: number, day: number): string {
  return `${four(year)}-${two(month)}-${two(day)}`;
}

export function clockText(clock: {
  readonly isNegative: boolean;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}): string {
  return `${clock.isNegative ? '-' : ''}${two(clock.hour)}:${two(clock.minute)}:${two(clock.second)}`;
}

/** Stored in whole bytes of two digits each: an odd number of digits carries one more, always 0. */
function fractionReader(digits: number): TextReader {
  const bytes = (digits + 1) >> 1;
  return bytes === 0 ? () => '' : (cursor) => fractionText(cursor.bigEndian(bytes), digits);
}

function fractionText(value: number, digits: number): string {
  if (digits === 0) return '';
  const width = digits + (digits & 1);
  return `.${padded(value, width).slice(0, digits)}`;
}

/** Rows of one event stand close together in time: the last day's text is kept. */
let lastDay = -1;
let lastDayText = '';
/** The same for DATETIME, by its packed year, month and day. */
let lastPackedDay = -1;
let lastPackedDayText = '';

function timestampText(seconds: number): string {
  if (seconds === 0) return '0000-00-00 00:00:00';
  const day = Math.floor(seconds / 86_400);
  if (day !== lastDay) {
    lastDayText = new Date(day * 86_400_000).toISOString().slice(0, 10);
    lastDay = day;
  }
  const rest = seconds - day * 86_400;
  const minutes = Math.floor(rest / 60);
  return `${lastDayText} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(rest % 60)}`;
}
