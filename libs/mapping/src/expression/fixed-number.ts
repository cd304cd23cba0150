import { decimalText, dividedRounded, parseNumber, power } from '../convert/exact-number.ts';

/** Digits of the largest decimal that the servers have, and those behind its point. */
export const DIGITS_MAX = 65;
export const SCALE_MAX = 30;

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
/** So many digits a double holds exactly: they are read without the detour over a long bigint, which is slower. */
const SMALL_DIGITS_MAX = 15;

export const isInt = (value: bigint): boolean => value >= INT_MIN && value <= INT_MAX;

/** A number times 10^from as one times 10^to; digits that it does not have are rounded away. */
export function rescaled(value: bigint, { from, to }: { readonly from: number; readonly to: number }): bigint {
  return to >= from ? value * power(to - from) : dividedRounded(value, power(from - to));
}

/** A canonical decimal, times 10^scale. */
export function fixedOf(text: string, scale: number): bigint {
  const point = text.indexOf('.');
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  const from = point < 0 ? 0 : text.length - point - 1;
  const value = digits.length <= SMALL_DIGITS_MAX ? BigInt(Number(digits)) : BigInt(digits);
  return from === scale ? value : rescaled(value, { from, to: scale });
}

/** The nearest double of a number times 10^scale. */
export const fixedNumber = (value: bigint, scale: number): number =>
  scale === 0 ? Number(value) : Number(decimalText(value, scale));

/** A text that writes a number ('-12.50', '1e3'), times 10^scale and rounded; null when it writes none. */
export function parseFixed(text: string, scale: number): bigint | null {
  const number = parseNumber(text);
  return number === null ? null : rescaled(number.unscaled, { from: number.scale, to: scale });
}
