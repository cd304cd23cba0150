import type { ByteCursor } from './byte-cursor.ts';
import type { ColumnWriter } from './column-writer.ts';
import { DigitBytes } from './digit-bytes.ts';
import { groupsOf } from './read-decimal.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Writer of what `decimalReader` reads, digit by digit. A group of more digits than it has room for takes `ordinary`. */
export function decimalWriter(precision: number, scale: number, ordinary: ColumnWriter): ColumnWriter {
  // No server has it: not even a sign is stored.
  if (precision === 0) return ordinary;
  // With room for the sign, the point, and the zero before it.
  const text = new DigitBytes(' '.repeat(precision + 3));
  const put = decimalDigits(precision, scale, text);
  return (cursor, to) => {
    const start = cursor.at;
    if (put(cursor)) {
      to.takeAscii(text.bytes, 0, text.at);
    } else {
      cursor.at = start;
      ordinary(cursor, to);
    }
  };
}

function decimalDigits(precision: number, scale: number, text: DigitBytes): (cursor: ByteCursor) => boolean {
  const integer = groupsOf(precision - scale, 'start');
  const groups = [...integer, ...groupsOf(scale, 'end')];
  const integerCount = integer.length;
  const count = groups.length;
  const sizes = groups.map(({ bytes }) => bytes);
  const widths = groups.map(({ digits }) => digits);
  const limits = widths.map((digits) => 10 ** digits);
  const length = sizes.reduce<number>((sum, bytes) => sum + bytes, 0);
  return (cursor) => {
    const start = cursor.take(length);
    const { bytes } = cursor;
    const flip = (bytes[start] as number) < 0x80 ? 0xff : 0;
    text.at = 0;
    if (flip !== 0) text.character(MINUS);
    const first = text.at;
    let at = start;
    for (let group = 0; group < count; group += 1) {
      if (group === integerCount) {
        if (text.at === first) text.character(ZERO);
        text.character(POINT);
      }
      // The first bit is the sign, and set in what is flipped.
      let value = ((bytes[at] as number) ^ flip) & (at === start ? 0x7f : 0xff);
      const behind = at + (sizes[group] as number);
      for (at += 1; at < behind; at += 1) value = value * 256 + ((bytes[at] as number) ^ flip);
      if (value >= (limits[group] as number)) return false;
      // Leading zeros of the integer part go; a group behind a digit or the point keeps its own.
      text.padded(value, text.at === first ? digitsOf(value) : (widths[group] as number));
    }
    if (text.at === first) text.character(ZERO);
    return true;
  };
}

/** Digits of a number below 10^9; none for 0. */
function digitsOf(value: number): number {
  let digits = 0;
  for (let limit = 1; value >= limit; limit *= 10) digits += 1;
  return digits;
}
