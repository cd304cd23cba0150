/** '00' to '99': most of a date's text is copied from here. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));
const POWERS_OF_TEN = Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/** A number below 100 with two digits. */
export const twoDigits = (value: number): string => TWO_DIGITS[value] ?? String(value);

/** A number below 10 000 with four digits. */
export const fourDigits = (value: number): string => twoDigits(Math.floor(value / 100)) + twoDigits(value % 100);

/** A number with leading zeros up to `digits` digits, nine at most; a larger number keeps all of its own. */
export function padded(value: number, digits: number): string {
  if (digits === 2) return twoDigits(value);
  const power = POWERS_OF_TEN[digits] ?? 0;
  return value < power ? String(value + power).slice(1) : String(value);
}
