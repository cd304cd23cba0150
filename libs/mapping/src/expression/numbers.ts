import type { Refuse } from './expression-scope.ts';
import { ExpressionProblem } from './expression-problem.ts';
import { power } from '../convert/exact-number.ts';
import { DIGITS_MAX, fixedNumber, isInt, SCALE_MAX } from './fixed-number.ts';
import { strictOne } from './term.ts';
import type { Term, Value, ValueFunction } from './term.ts';

/** Between the steps of a computation there may be more digits than a column can hold: a product of two has those of both. */
const SCALE_WITHIN_MAX = 2 * SCALE_MAX;

/** int and decimal: computed without loss. */
export const isExact = ({ type }: Term): boolean => type === 'int' || type === 'decimal';

export const isNumber = (term: Term): boolean => isExact(term) || term.type === 'double';

export function exactTerm(
  { scale, offset }: { readonly scale: number; readonly offset: number },
  valueOf: ValueFunction,
): Term {
  if (scale <= SCALE_WITHIN_MAX) return { type: 'decimal', scale, offset, valueOf };
  const why = `This has ${String(scale)} digits behind the point, which is more than ${String(SCALE_WITHIN_MAX)}: round(…, n) what it is made of`;
  throw new ExpressionProblem(why, offset);
}

/** A whole number is an int when 64 bits hold it, and a decimal without fraction otherwise. */
export function exactLiteral(
  value: bigint,
  { scale, offset }: { readonly scale: number; readonly offset: number },
): Term {
  if (scale > SCALE_MAX || digitsOf(value) > DIGITS_MAX)
    throw new ExpressionProblem(
      `A number has ${String(DIGITS_MAX)} digits at most, ${String(SCALE_MAX)} of them behind the point`,
      offset,
    );
  return {
    type: scale === 0 && isInt(value) ? 'int' : 'decimal',
    scale,
    offset,
    literal: value,
    valueOf: () => value,
  };
}

const digitsOf = (value: bigint): number => value.toString().replace('-', '').length;

/** The same number with `scale` digits behind the point, no fewer than it has. */
export function scaledUp(term: Term, scale: number): Term {
  if (term.type === 'decimal' && term.scale === scale) return term;
  const factor = power(scale - term.scale);
  const scaled: Term = {
    type: 'decimal',
    scale,
    offset: term.offset,
    valueOf: factor === 1n ? term.valueOf : strictOne(term, (value: bigint) => value * factor),
  };
  return typeof term.literal === 'bigint' ? { ...scaled, literal: term.literal * factor } : scaled;
}

/** The nearest double. */
export function asDouble(term: Term): Term {
  if (term.type === 'double') return term;
  const { scale, offset } = term;
  const double: Term = {
    type: 'double',
    scale: 0,
    offset,
    valueOf: strictOne(term, (value: bigint) => fixedNumber(value, scale)),
  };
  return typeof term.literal === 'bigint' ? { ...double, literal: fixedNumber(term.literal, scale) } : double;
}

/** A function that lets through what an int can hold. */
export function intGuard(refuse: Refuse): (value: bigint) => bigint {
  return (value) => {
    if (isInt(value)) return value;
    throw refuse('ROW_VALUE_OVERFLOW', 'the number does not fit 64 bits');
  };
}

/** A function that lets through what a column of doubles can hold: no infinity, and nothing that is no number. */
export function doubleGuard(refuse: Refuse): (value: number) => number {
  return (value) => {
    if (Number.isFinite(value)) return value;
    throw refuse('ROW_VALUE_OVERFLOW', 'the number does not fit a double');
  };
}

/**
 * Terms of one type: of numbers the widest (int, decimal of the most digits, double), of others the one that all have, null
 * goes with each. Null when they have none in common; 'any' when that is not known.
 */
export function unified(terms: readonly Term[]): readonly Term[] | null {
  const typed = terms.filter(({ type }) => type !== 'null');
  const [first] = typed;
  if (first === undefined || typed.some(({ type }) => type === 'any')) return terms;
  if (typed.every(isNumber)) {
    if (typed.some(({ type }) => type === 'double'))
      return terms.map((term) => (isNumber(term) ? asDouble(term) : term));
    if (typed.every(({ type }) => type === 'int')) return terms;
    const scale = Math.max(...typed.map((term) => term.scale));
    return terms.map((term) => (isExact(term) ? scaledUp(term, scale) : term));
  }
  return typed.every(({ type }) => type === first.type) ? terms : null;
}

/** What a term of several unified ones is: its type and scale. */
export function commonType(terms: readonly Term[]): Pick<Term, 'type' | 'scale'> {
  const any = terms.find(({ type }) => type === 'any');
  const { type, scale } = any ?? terms.find((term) => term.type !== 'null') ?? { type: 'null' as const, scale: 0 };
  return { type, scale };
}

/** Of a term without columns that are known. */
export const neverAsked = (): Value => {
  throw new Error('an expression over unknown columns is not evaluated');
};
