import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { decimalText, isSameNumber, parseNumber, power, rescale } from './exact-number.ts';
import type { ExactNumber } from './exact-number.ts';
import { doubleText, floatText } from './float-text.ts';
import type { Loss } from './loss.ts';

const FLOAT_MAX = 3.402_823_466_385_288_6e38;
const YEAR_MIN = 1901;
const YEAR_MAX = 2155;

/** Smallest and largest value of a type of whole numbers. */
interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** Makes a value of a numeric column of a number; a number that it cannot hold goes the way of `loss`. */
export function numberWriter(
  to: ColumnDefinition,
  { isBoolean, loss }: { readonly isBoolean: boolean; readonly loss: Loss },
): (number: ExactNumber) => ColumnValue {
  switch (to.kind) {
    case 'decimal':
      return decimalWriter(to, loss);
    case 'float':
    case 'double':
      return floatingWriter(to, loss);
    default: {
      const write = wholeWriter(to, { isBoolean, loss });
      return (number) => {
        const { unscaled, isExact } = rescale(number, 0, loss.policy === 'clamp' ? 'round' : 'cut');
        return isExact || loss.mayCut ? write(unscaled) : loss.lost();
      };
    }
  }
}

/** The same for numbers that are whole already, in either form. */
export function wholeWriter(
  to: ColumnDefinition,
  { isBoolean, loss }: { readonly isBoolean: boolean; readonly loss: Loss },
): (value: number | bigint) => ColumnValue {
  const { min, max } = isBoolean ? { min: 0n, max: 1n } : rangeOf(to);
  const isBig = to.kind === 'bit' || to.bytes === 8;
  const inForm = (value: number | bigint): ColumnValue => (isBig ? BigInt(value) : Number(value));
  const isYear = to.kind === 'year';
  return (value) => {
    if (value >= min && value <= max) {
      if (!isYear || Number(value) >= YEAR_MIN || Number(value) === 0) return inForm(value);
      return loss.policy === 'clamp' ? YEAR_MIN : loss.lost();
    }
    if (loss.policy !== 'clamp') return loss.lost();
    return inForm(value < min ? min : max);
  };
}

function rangeOf({ kind, bytes, unsigned, length }: ColumnDefinition): Range {
  if (kind === 'year') return { min: 0n, max: BigInt(YEAR_MAX) };
  if (kind === 'bit') return { min: 0n, max: (1n << BigInt(must(length, 'a bit column has a length'))) - 1n };
  const bits = BigInt(8 * must(bytes, 'an integer column has a size'));
  if (unsigned === true) return { min: 0n, max: (1n << bits) - 1n };
  return { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n };
}

function decimalWriter({ length = 65, scale = 0, unsigned }: ColumnDefinition, loss: Loss) {
  const max = power(length) - 1n;
  const min = unsigned === true ? 0n : -max;
  return (number: ExactNumber): ColumnValue => {
    const { unscaled, isExact } = rescale(number, scale, loss.policy === 'clamp' ? 'round' : 'cut');
    if (!isExact && !loss.mayCut) return loss.lost();
    if (unscaled >= min && unscaled <= max) return decimalText(unscaled, scale);
    return loss.policy === 'clamp' ? decimalText(unscaled < min ? min : max, scale) : loss.lost();
  };
}

/**
 * A float or double holds the number that its shortest digits write: 0.1 is held, though no double is a tenth. Other numbers
 * lose digits; clamp and truncate take the nearest.
 */
function floatingWriter({ kind, unsigned }: ColumnDefinition, loss: Loss) {
  const isFloat = kind === 'float';
  const max = isFloat ? FLOAT_MAX : Number.MAX_VALUE;
  return (number: ExactNumber): ColumnValue => {
    const { unscaled, scale } = number;
    const nearest = Number(`${unscaled.toString()}e-${String(scale)}`);
    const value = isFloat ? Math.fround(nearest) : nearest;
    if (unsigned === true && value < 0) return loss.policy === 'clamp' ? 0 : loss.lost();
    if (!Number.isFinite(value)) return loss.policy === 'clamp' ? Math.sign(value) * max : loss.lost();
    const held = parseNumber(isFloat ? floatText(value) : doubleText(value));
    return loss.mayCut || (held !== null && isSameNumber(held, number)) ? value : loss.lost();
  };
}
