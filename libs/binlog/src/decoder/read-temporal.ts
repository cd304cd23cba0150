import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';

type TextReader = (cursor: ByteCursor) => string;

/** '00' to '99': most of a date's text is copied from here. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => TWO_DIGITS[value] ?? String(value);
const four = (value: number): string => two(Math.floor(value / 100)) + two(value % 100);

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
    const at = cursor.take(5);
    const high = cursor.view.getUint8(at) & 0x7f;
    const low = cursor.view.getUint32(at + 1);
    // 17 bits of year × 13 + month stand above 5 bits each of day and hour, and 6 each of minute and second.
    const yearMonth = high * 1024 + (low >>> 22);
    const day = (low >>> 17) & 31;
    const date = dateText(Math.floor(yearMonth / 13), yearMonth % 13, day);
    return `${date} ${two((low >>> 12) & 31)}:${two((low >>> 6) & 63)}:${two(low & 63)}${fraction(cursor)}`;
  };
}

/** TIMESTAMP(digits): seconds since 1970, big-endian, then the fraction. */
export function timestampReader(digits: number): TextReader {
  const fraction = fractionReader(digits);
  return (cursor) => {
    const seconds = cursor.view.getUint32(cursor.take(4));
    return timestampText(seconds) + fraction(cursor);
  };
}

/** TIME(digits): one big-endian number over clock and fraction with half its range added, so that negatives sort first. */
export function timeReader(digits: number): TextReader {
  const fractionBytes = (digits + 1) >> 1;
  const scale = 256 ** fractionBytes;
  const half = 0x80_00_00 * scale;
  return (cursor) => {
    const at = cursor.take(3 + fractionBytes);
    let packed = 0;
    for (let index = at; index < at + 3 + fractionBytes; index += 1)
      packed = packed * 256 + cursor.view.getUint8(index);
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
  switch ((digits + 1) >> 1) {
    case 0:
      return () => '';
    case 1:
      return (cursor) => fractionText(cursor.uint8(), digits);
    case 2:
      return (cursor) => fractionText(cursor.view.getUint16(cursor.take(2)), digits);
    default:
      return (cursor) => {
        const at = cursor.take(3);
        return fractionText((cursor.view.getUint8(at) << 16) | cursor.view.getUint16(at + 1), digits);
      };
  }
}

function fractionText(value: number, digits: number): string {
  if (digits === 0) return '';
  const width = digits + (digits & 1);
  return `.${String(value).padStart(width, '0').slice(0, digits)}`;
}

/** Rows of one event stand close together in time: the last day's text is kept. */
let lastDay = -1;
let lastDayText = '';

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
