/** `unscaled` / 10^`scale`. */
export interface ExactNumber {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** Longer texts are no number: what they cost to read grows with the square of their length. */
const CHARACTERS_MAX = 1_000;
/** Beyond every type: no double is larger than 1.8e308 or has more than 1,074 digits behind the point. */
const EXPONENT_MAX = 1_100;
const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?\s*$/;

/**
 * The number that a text writes: '-12.50', '.5', '1e3', blanks around it. Null when it is none. What no type can hold keeps its
 * sign and size only: too large for all of them, or a digit too far behind the point.
 */
export function parseNumber(text: string): ExactNumber | null {
  if (text.length > CHARACTERS_MAX) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return null;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return { unscaled: 0n, scale: 0 };
  const unscaled = sign === '-' ? -digits : digits;
  const scale = fraction.length - Number(exponent);
  if (scale > EXPONENT_MAX + CHARACTERS_MAX) return { unscaled: unscaled < 0n ? -1n : 1n, scale: EXPONENT_MAX };
  if (scale >= 0) return { unscaled, scale };
  return { unscaled: unscaled * power(Math.min(-scale, EXPONENT_MAX)), scale: 0 };
}

/** How many of the fraction's digits are kept, and what becomes of the rest: cut off, or rounded half away from zero. */
export function rescale(
  { unscaled, scale }: ExactNumber,
  digits: number,
  rest: 'cut' | 'round',
): { readonly unscaled: bigint; readonly isExact: boolean } {
  if (scale <= digits) return { unscaled: unscaled * power(digits - scale), isExact: true };
  const divisor = power(scale - digits);
  const cut = unscaled / divisor;
  const isExact = cut * divisor === unscaled;
  return { unscaled: isExact || rest === 'cut' ? cut : dividedRounded(unscaled, divisor), isExact };
}

/** Rounded half away from zero. */
export function dividedRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend - quotient * divisor;
  if (rest === 0n) return quotient;
  const isHalf = 2n * (rest < 0n ? -rest : rest) >= (divisor < 0n ? -divisor : divisor);
  if (!isHalf) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

export function isSameNumber(one: ExactNumber, other: ExactNumber): boolean {
  const scale = Math.max(one.scale, other.scale);
  return one.unscaled * power(scale - one.scale) === other.unscaled * power(scale - other.scale);
}

/** With `scale` digits behind the point, and a minus only before what is not zero. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString();
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const POWERS: bigint[] = [];

export function power(exponent: number): bigint {
  return (POWERS[exponent] ??= 10n ** BigInt(exponent));
}
