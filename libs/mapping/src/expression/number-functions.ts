import { dividedRounded, power } from '../convert/exact-number.ts';
import { fixedNumber, parseFixed, rescaled, SCALE_MAX } from './fixed-number.ts';
import { literalCount, misfit } from './function-call.ts';
import type { CompileCall, FunctionCall } from './function-call.ts';
import { commonType, doubleGuard, exactTerm, intGuard, isExact, neverAsked, unified } from './numbers.ts';
import { strictOne } from './term.ts';
import type { Present, Term, Value } from './term.ts';

export const NUMBER_FUNCTIONS: readonly (readonly [string, CompileCall])[] = [
  ['abs', (call) => ofNumber(call, { exact: (value) => (value < 0n ? -value : value), double: Math.abs })],
  ['floor', (call) => toWhole(call, { exact: flooredTo, double: Math.floor })],
  ['ceil', (call) => toWhole(call, { exact: (value, one) => -flooredTo(-value, one), double: Math.ceil })],
  [
    'round',
    (call) =>
      call.args.length > 1 ? rounded(call) : toWhole(call, { exact: dividedRounded, double: roundedHalfAway }),
  ],
  ['min', (call) => extreme(call, (value, best) => value < best)],
  ['max', (call) => extreme(call, (value, best) => value > best)],
  ['coalesce', coalesce],
];

const WAYS = [['number']];

interface NumberWays {
  readonly exact: (value: bigint, one: bigint) => bigint;
  readonly double: (value: number) => number;
}

/** A number of the same type. */
function ofNumber(call: FunctionCall, { exact, double }: NumberWays): Term {
  const { offset, refuse } = call;
  const of = onlyNumber(call);
  if (of.type === 'any' || of.type === 'null') return { ...of, offset };
  if (of.type === 'double') return { type: 'double', scale: 0, offset, valueOf: strictOne(of, double) };
  const held = of.type === 'int' ? intGuard(refuse) : (value: bigint) => value;
  return { type: of.type, scale: of.scale, offset, valueOf: strictOne(of, (value: bigint) => held(exact(value, 1n))) };
}

/** A number without fraction, of the same type. */
function toWhole(call: FunctionCall, { exact, double }: NumberWays): Term {
  const { offset } = call;
  const of = onlyNumber(call);
  if (of.type === 'any' || of.type === 'null' || (of.scale === 0 && isExact(of))) return { ...of, offset };
  if (of.type === 'double') return { type: 'double', scale: 0, offset, valueOf: strictOne(of, double) };
  const one = power(of.scale);
  return exactTerm(
    { scale: 0, offset },
    strictOne(of, (value: bigint) => exact(value, one)),
  );
}

function onlyNumber(call: FunctionCall): Term {
  const [of] = call.args;
  if (of === undefined || call.args.length !== 1 || !isNumberOrUnknown(of)) throw misfit(call, WAYS);
  return of;
}

const isNumberOrUnknown = (term: Term): boolean =>
  isExact(term) || term.type === 'double' || term.type === 'any' || term.type === 'null';

function flooredTo(value: bigint, one: bigint): bigint {
  const whole = value / one;
  return value < 0n && whole * one !== value ? whole - 1n : whole;
}

const roundedHalfAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

/** To so many digits behind the point, half away from zero; a double as its shortest digits are. */
function rounded(call: FunctionCall): Term {
  const { offset, refuse } = call;
  const [of] = call.args;
  if (of === undefined || call.args.length !== 2 || !isNumberOrUnknown(of))
    throw misfit(call, [...WAYS, ['number', 'digits']]);
  const digits = literalCount(call, 1, { min: 0, max: SCALE_MAX });
  if (of.type === 'any' || of.type === 'null') return { ...of, offset };
  if (of.type === 'double') {
    const held = doubleGuard(refuse);
    const round = (value: number): number => {
      const exact = parseFixed(String(value), digits);
      return held(exact === null ? value : fixedNumber(exact, digits));
    };
    return { type: 'double', scale: 0, offset, valueOf: strictOne(of, round) };
  }
  if (of.scale <= digits) return { ...of, offset };
  const scales = { from: of.scale, to: digits };
  return exactTerm(
    { scale: digits, offset },
    strictOne(of, (value: bigint) => rescaled(value, scales)),
  );
}

/** Null when one of them is null, as LEAST and GREATEST of SQL. */
function extreme(call: FunctionCall, isBetter: (value: Present, best: Present) => boolean): Term {
  const { terms, offset } = commonTerms(call, 2);
  const { type, scale } = commonType(terms);
  if (type === 'any') return { type, scale, offset, valueOf: neverAsked };
  if (type === 'bytes' || type === 'bool')
    throw misfit(call, [
      ['number', '…'],
      ['string', '…'],
    ]);
  return {
    type,
    scale,
    offset,
    valueOf: (image, facts) => {
      let best: Value = null;
      for (const term of terms) {
        const value = term.valueOf(image, facts);
        if (value === null) return null;
        if (best === null || isBetter(value, best)) best = value;
      }
      return best;
    },
  };
}

/** The first that is not null. */
function coalesce(call: FunctionCall): Term {
  const { terms, offset } = commonTerms(call, 1);
  const { type, scale } = commonType(terms);
  return {
    type,
    scale,
    offset,
    valueOf: (image, facts) => {
      for (const term of terms) {
        const value = term.valueOf(image, facts);
        if (value !== null) return value;
      }
      return null;
    },
  };
}

function commonTerms(call: FunctionCall, least: number): { readonly terms: readonly Term[]; readonly offset: number } {
  const terms = call.args.length < least ? null : unified(call.args);
  if (terms === null) throw misfit(call, [['all of one type', '…']]);
  return { terms, offset: call.offset };
}
