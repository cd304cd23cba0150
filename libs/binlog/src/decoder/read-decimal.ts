import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';

/** Bytes that 0 to 9 decimal digits take. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;

interface DigitGroup {
  readonly bytes: number;
  readonly digits: number;
}

/**
 * Reader of DECIMAL(precision, scale) as text without a float in between: groups of nine digits in four bytes, big-endian,
 * the sign in the first bit, and everything inverted for negative numbers.
 */
export function decimalReader(precision: number, scale: number): (cursor: ByteCursor) => string {
  const integerGroups = groupsOf(precision - scale, 'start');
  const fractionGroups = groupsOf(scale, 'end');
  const groups = [...integerGroups, ...fractionGroups];
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  return (cursor) => {
    const at = cursor.take(bytes);
    const isNegative = (cursor.view.getUint8(at) & 0x80) === 0;
    return (isNegative ? '-' : '') + digitsOf(cursor, at, { integerGroups, fractionGroups, isNegative });
  };
}

/** DECIMAL inside JSON: precision and scale, then the same bytes. */
export function readPackedDecimal(cursor: ByteCursor): string {
  const precision = cursor.uint8();
  const scale = cursor.uint8();
  if (precision > 81 || scale > precision) throw corrupt('a decimal of impossible size');
  return decimalReader(precision, scale)(cursor);
}

function groupsOf(digits: number, partial: 'start' | 'end'): DigitGroup[] {
  const rest = digits % 9;
  const part = rest === 0 ? [] : [{ bytes: BYTES_OF_DIGITS[rest] ?? 4, digits: rest }];
  const whole = Array.from({ length: Math.floor(digits / 9) }, () => ({ bytes: 4, digits: 9 }));
  return partial === 'start' ? [...part, ...whole] : [...whole, ...part];
}

function digitsOf(
  cursor: ByteCursor,
  start: number,
  shape: {
    readonly integerGroups: readonly DigitGroup[];
    readonly fractionGroups: readonly DigitGroup[];
    readonly isNegative: boolean;
  },
): string {
  let at = start;
  let text = '';
  for (const group of shape.integerGroups) {
    const value = groupValue(cursor, at, { bytes: group.bytes, isFirst: at === start, isNegative: shape.isNegative });
    at += group.bytes;
    // Leading zeros go; a group behind a digit keeps its own.
    if (text !== '') text += String(value).padStart(group.digits, '0');
    else if (value !== 0) text = String(value);
  }
  if (text === '') text = '0';
  if (shape.fractionGroups.length === 0) return text;
  text += '.';
  for (const group of shape.fractionGroups) {
    const value = groupValue(cursor, at, { bytes: group.bytes, isFirst: at === start, isNegative: shape.isNegative });
    at += group.bytes;
    text += String(value).padStart(group.digits, '0');
  }
  return text;
}

function groupValue(
  cursor: ByteCursor,
  start: number,
  group: { readonly bytes: number; readonly isFirst: boolean; readonly isNegative: boolean },
): number {
  let value = 0;
  for (let at = start; at < start + group.bytes; at += 1) {
    let byte = cursor.view.getUint8(at);
    if (group.isFirst && at === start) byte ^= 0x80;
    if (group.isNegative) byte ^= 0xff;
    value = value * 256 + byte;
  }
  return value;
}
