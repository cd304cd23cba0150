import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';
import { padded } from './digit-text.ts';

/** Bytes that 0 to 9 decimal digits take. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;
/** The first bit of 0 to 4 bytes. */
const SIGN_OF_LENGTH = [0, 2 ** 7, 2 ** 15, 2 ** 23, 2 ** 31] as const;

type GroupBytes = (typeof BYTES_OF_DIGITS)[number];

/** Digits that are stored together. */
export interface DigitGroup {
  readonly bytes: GroupBytes;
  readonly digits: number;
}

/** Integer digits that a double holds together; above, the groups are put together as text. */
const INTEGER_DIGITS_MAX = 15;
const GROUP = 1_000_000_000;

/**
 * Reader of DECIMAL(precision, scale) as text without a float in between: groups of nine digits in four bytes, big-endian,
 * the sign in the first bit, and everything inverted for negative numbers.
 */
export function decimalReader(precision: number, scale: number): (cursor: ByteCursor) => string {
  const integer = groupsOf(precision - scale, 'start');
  const fraction = groupsOf(scale, 'end');
  const length = [...integer, ...fraction].reduce((sum, group) => sum + group.bytes, 0);
  const integerText = precision - scale > INTEGER_DIGITS_MAX ? longIntegerText : shortIntegerText;
  return (cursor) => {
    const at = cursor.take(length);
    const isNegative = ((cursor.bytes[at] as number) & 0x80) === 0;
    const bits: DecimalBits = { bytes: cursor.bytes, start: at, at, flip: isNegative ? 0xff : 0 };
    const text = isNegative ? `-${integerText(bits, integer)}` : integerText(bits, integer);
    return fraction.length === 0 ? text : `${text}.${fractionText(bits, fraction)}`;
  };
}

/** DECIMAL inside JSON: precision and scale, then the same bytes. */
export function readPackedDecimal(cursor: ByteCursor): string {
  const precision = cursor.uint8();
  const scale = cursor.uint8();
  if (precision > 81 || scale > precision) throw corrupt('a decimal of impossible size');
  return decimalReader(precision, scale)(cursor);
}

/** The groups of an integer part ('start': the first one is short) or of a fraction ('end': the last one is). */
export function groupsOf(digits: number, partial: 'start' | 'end'): DigitGroup[] {
  const rest = digits % 9;
  const part = rest === 0 ? [] : [{ bytes: BYTES_OF_DIGITS[rest] ?? 4, digits: rest }];
  const whole = Array.from({ length: Math.floor(digits / 9) }, () => ({ bytes: 4 as const, digits: 9 }));
  return partial === 'start' ? [...part, ...whole] : [...whole, ...part];
}

/** Bytes of one number and how far they are read. */
interface DecimalBits {
  readonly bytes: Buffer;
  readonly start: number;
  at: number;
  readonly flip: number;
}

function shortIntegerText(bits: DecimalBits, groups: readonly DigitGroup[]): string {
  let value = 0;
  for (const group of groups) value = value * GROUP + groupValue(bits, group.bytes);
  return String(value);
}

function longIntegerText(bits: DecimalBits, groups: readonly DigitGroup[]): string {
  let text = '';
  for (const group of groups) {
    const value = groupValue(bits, group.bytes);
    // Leading zeros go; a group behind a digit keeps its own.
    if (text !== '') text += padded(value, group.digits);
    else if (value !== 0) text = String(value);
  }
  return text === '' ? '0' : text;
}

function fractionText(bits: DecimalBits, groups: readonly DigitGroup[]): string {
  let text = '';
  for (const group of groups) text += padded(groupValue(bits, group.bytes), group.digits);
  return text;
}

function groupValue(bits: DecimalBits, length: GroupBytes): number {
  const { bytes, at, flip } = bits;
  let value = 0;
  for (let index = at; index < at + length; index += 1) value = value * 256 + ((bytes[index] as number) ^ flip);
  bits.at = at + length;
  // Whatever the sign, its bit is set now.
  return at === bits.start ? value - SIGN_OF_LENGTH[length] : value;
}
