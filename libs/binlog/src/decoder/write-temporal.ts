import type { ColumnWriter } from './column-writer.ts';
import { DigitBytes } from './digit-bytes.ts';

const MINUS = 0x2d;
const YEAR_MAX = 9_999;
const DAY_SECONDS = 86_400;
/** Characters of 'YYYY-MM-DD', and of it with a clock. */
const DATE_LENGTH = 10;
const DATETIME_LENGTH = 19;

/**
 * Writers of what `read-temporal.ts` reads and describes. Each keeps the text of its last value and changes only what
 * differs: rows of one event stand close together in time. What no server writes (years of five digits, fractions beyond
 * their digits) and what is rare takes `ordinary`.
 */
export function dateWriter(ordinary: ColumnWriter): ColumnWriter {
  const text = new DigitBytes('0000-00-00');
  let last = 0;
  return (cursor, to) => {
    const start = cursor.at;
    const packed = cursor.uint24();
    if (packed >> 9 > YEAR_MAX) {
      cursor.at = start;
      ordinary(cursor, to);
      return;
    }
    if (packed !== last) {
      text.at = 0;
      putYear(text, packed >> 9);
      putMonthAndDay(text, (packed >> 5) & 15, packed & 31);
      last = packed;
    }
    to.takeAscii(text.bytes, 0, DATE_LENGTH);
  };
}

export function datetimeWriter(digits: number, ordinary: ColumnWriter): ColumnWriter {
  const text = new DigitBytes('0000-00-00 00:00:00.000000');
  const putFraction = fractionOf(digits, text);
  const length = 5 + bytesOf(digits);
  const textLength = DATETIME_LENGTH + (digits === 0 ? 0 : digits + 1);
  let lastDay = 0;
  let lastClock = 0;
  return (cursor, to) => {
    const at = cursor.take(length);
    const { bytes } = cursor;
    // The sign, 17 bits of year × 13 + month and 5 of day stand above 17 of the clock.
    const third = bytes[at + 2] as number;
    const day = (((bytes[at] as number) & 0x7f) << 15) | ((bytes[at + 1] as number) << 7) | (third >> 1);
    const clock = ((third & 1) << 16) | ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    const yearMonth = day >> 5;
    const year = (yearMonth / 13) | 0;
    if (year > YEAR_MAX || !putFraction(bytes, at + 5)) {
      cursor.at = at;
      ordinary(cursor, to);
      return;
    }
    if (day !== lastDay) {
      text.at = 0;
      putYear(text, year);
      putMonthAndDay(text, yearMonth - year * 13, day & 31);
      lastDay = day;
    }
    if (clock !== lastClock) {
      text.at = DATE_LENGTH + 1;
      putClock(text, clock >> 12, clock);
      lastClock = clock;
    }
    to.takeAscii(text.bytes, 0, textLength);
  };
}

export function timestampWriter(digits: number, ordinary: ColumnWriter): ColumnWriter {
  const text = new DigitBytes('1970-01-01 00:00:00.000000');
  const putFraction = fractionOf(digits, text);
  const fractionBytes = bytesOf(digits);
  const textLength = DATETIME_LENGTH + (digits === 0 ? 0 : digits + 1);
  let lastDay = 0;
  return (cursor, to) => {
    const start = cursor.at;
    const seconds = cursor.bigEndian32();
    const fractionAt = cursor.take(fractionBytes);
    // 0 is no moment of 1970: its text is all zeros.
    if (seconds === 0 || !putFraction(cursor.bytes, fractionAt)) {
      cursor.at = start;
      ordinary(cursor, to);
      return;
    }
    const day = Math.floor(seconds / DAY_SECONDS);
    const rest = seconds - day * DAY_SECONDS;
    if (day !== lastDay) {
      text.bytes.write(new Date(day * DAY_SECONDS * 1_000).toISOString(), 0, DATE_LENGTH, 'latin1');
      lastDay = day;
    }
    const minutes = (rest / 60) | 0;
    const hour = (minutes / 60) | 0;
    text.at = DATE_LENGTH + 1;
    putClock(text, hour, ((minutes - hour * 60) << 6) | (rest - minutes * 60));
    to.takeAscii(text.bytes, 0, textLength);
  };
}

export function timeWriter(digits: number, ordinary: ColumnWriter): ColumnWriter {
  const width = digits + (digits & 1);
  const scale = 256 ** bytesOf(digits);
  const limit = 10 ** width;
  const half = 0x80_00_00 * scale;
  const text = new DigitBytes('-00:00:00.000000');
  const textLength = 9 + (digits === 0 ? 0 : digits + 1);
  return (cursor, to) => {
    const start = cursor.at;
    const packed = cursor.bigEndian(3 + bytesOf(digits));
    const value = Math.abs(packed - half);
    const clock = Math.floor(value / scale);
    const fraction = value - clock * scale;
    const hour = (clock >> 12) & 0x3ff;
    if (hour > 99 || fraction >= limit) {
      cursor.at = start;
      ordinary(cursor, to);
      return;
    }
    text.at = 0;
    text.character(MINUS);
    putClock(text, hour, clock);
    text.at += 1;
    text.padded(fraction, width);
    to.takeAscii(text.bytes, packed < half ? 0 : 1, textLength);
  };
}

/** Fractions take whole bytes of two digits each. */
const bytesOf = (digits: number): number => (digits + 1) >> 1;

/** Puts a fraction behind date and clock; false when it has more digits than there is room for. */
function fractionOf(digits: number, text: DigitBytes): (bytes: Uint8Array, start: number) => boolean {
  const length = bytesOf(digits);
  if (length === 0) return () => true;
  const limit = 100 ** length;
  return (bytes, start) => {
    let value = 0;
    for (let at = start; at < start + length; at += 1) value = (value << 8) | (bytes[at] as number);
    if (value >= limit) return false;
    text.at = DATETIME_LENGTH + 1;
    text.padded(value, 2 * length);
    return true;
  };
}

function putYear(text: DigitBytes, year: number): void {
  const century = (year / 100) | 0;
  text.two(century);
  text.two(year - century * 100);
}

function putMonthAndDay(text: DigitBytes, month: number, day: number): void {
  text.at += 1;
  text.two(month);
  text.at += 1;
  text.two(day);
}

/** `clock`: six bits each of minute and second. */
function putClock(text: DigitBytes, hour: number, clock: number): void {
  text.two(hour);
  text.at += 1;
  text.two((clock >> 6) & 63);
  text.at += 1;
  text.two(clock & 63);
}
