import { decimalText, parseNumber, power } from '../convert/exact-number.ts';
import { doubleText } from '../convert/float-text.ts';
import { ExpressionProblem } from './expression-problem.ts';
import type { Refuse } from './expression-scope.ts';
import { isInt, parseFixed, rescaled, SCALE_MAX } from './fixed-number.ts';
import { literalCount, misfit, signature, strictFunction } from './function-call.ts';
import type { CompileCall, FunctionCall } from './function-call.ts';
import { asDouble, doubleGuard, exactTerm, intGuard, isExact, neverAsked, scaledUp } from './numbers.ts';
import { strictOne } from './term.ts';
import type { Term } from './term.ts';

const TRUE = new Set(['true', '1']);
const FALSE = new Set(['false', '0']);
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const CONVERSION_FUNCTIONS: readonly (readonly [string, CompileCall])[] = [
  ['string', string],
  ['int', int],
  ['decimal', decimal],
  ['double', double],
  [
    'bool',
    strictFunction(
      signature(['bool'], 'bool', () => (value) => value),
      signature(['int'], 'bool', () => (value) => value !== 0n),
      signature(['string'], 'bool', boolOf),
    ),
  ],
  ['bytes', strictFunction(signature(['string'], 'bytes', () => (text) => new Uint8Array(Buffer.from(text, 'utf8'))))],
];

const stringOf = strictFunction(
  signature(['string'], 'string', () => (value) => value),
  signature(['int'], 'string', () => (value) => value.toString()),
  signature(['bool'], 'string', () => (value) => String(value)),
  signature(['bytes'], 'string', decoded),
  signature(['double'], 'string', () => doubleText),
);

/** As a server writes it: a decimal with all its digits behind the point. */
function string(call: FunctionCall): Term {
  const [of] = call.args;
  if (of?.type !== 'decimal' || call.args.length !== 1) return stringOf(call);
  const { scale } = of;
  const valueOf = strictOne(of, (value: bigint) => decimalText(value, scale));
  return { type: 'string', scale: 0, offset: call.offset, valueOf };
}

function decoded(refuse: Refuse): (bytes: Uint8Array) => string {
  return (bytes) => {
    try {
      return UTF8.decode(bytes);
    } catch {
      throw refuse('ROW_VALUE_INVALID', 'the bytes are no text in UTF-8');
    }
  };
}

function boolOf(refuse: Refuse): (text: string) => boolean {
  return (text) => {
    const word = text.toLowerCase();
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    throw refuse('ROW_VALUE_INVALID', 'the text is none of true, false, 1 and 0');
  };
}

const intOf = strictFunction(
  signature(['int'], 'int', () => (value) => value),
  signature(['bool'], 'int', () => (value) => (value ? 1n : 0n)),
  signature(['string'], 'int', (refuse) => (text) => wholeOf(text, refuse)),
  signature(['double'], 'int', (refuse) => {
    const held = intGuard(refuse);
    return (value) => held(BigInt(Math.trunc(value)));
  }),
);

/** What is behind the point is cut off; round(…) first rounds. */
function int(call: FunctionCall): Term {
  const [of] = call.args;
  if (of?.type !== 'decimal' || call.args.length !== 1) return intOf(call);
  const one = power(of.scale);
  const held = intGuard(call.refuse);
  const valueOf = strictOne(of, (value: bigint) => held(value / one));
  return { type: 'int', scale: 0, offset: call.offset, valueOf };
}

function wholeOf(text: string, refuse: Refuse): bigint {
  const whole = text.trim();
  if (!/^[+-]?\d{1,100}$/.test(whole)) throw refuse('ROW_VALUE_INVALID', 'the text is no whole number');
  const value = BigInt(whole.replace('+', ''));
  if (isInt(value)) return value;
  throw refuse('ROW_VALUE_OVERFLOW', 'the number does not fit 64 bits');
}

const doubleOf = strictFunction(
  signature(['double'], 'double', () => (value) => value),
  signature(['string'], 'double', (refuse) => {
    const held = doubleGuard(refuse);
    return (text) => {
      if (parseNumber(text) !== null) return held(Number(text));
      throw refuse('ROW_VALUE_INVALID', 'the text is no number');
    };
  }),
);

function double(call: FunctionCall): Term {
  const [of] = call.args;
  return of !== undefined && call.args.length === 1 && isExact(of)
    ? { ...asDouble(of), offset: call.offset }
    : doubleOf(call);
}

/** Of a text and of a double the digits behind the point are named: what there are more of is rounded away, half away from zero. */
function decimal(call: FunctionCall): Term {
  const { args, offset, refuse } = call;
  const [of] = args;
  if (of === undefined || args.length > 2) throw misfit(call, WAYS);
  const digits = args.length === 2 ? literalCount(call, 1, { min: 0, max: SCALE_MAX }) : null;
  if (of.type === 'any') return { type: 'any', scale: 0, offset, valueOf: neverAsked };
  if (of.type === 'null') return { ...of, offset };
  if (isExact(of)) return digits === null ? { ...scaledUp(of, of.scale), offset } : ofScale(of, digits, offset);
  if (of.type !== 'string' && of.type !== 'double') throw misfit(call, WAYS);
  if (digits === null)
    throw new ExpressionProblem(`decimal of a ${of.type} names the digits behind the point: decimal(…, 2)`, offset);
  const parse = (value: string | number): bigint => {
    const parsed = parseFixed(String(value), digits);
    if (parsed !== null) return parsed;
    throw refuse('ROW_VALUE_INVALID', 'the text is no number');
  };
  return exactTerm({ scale: digits, offset }, strictOne(of, parse));
}

const WAYS = [['number'], ['number', 'digits'], ['string', 'digits']];

function ofScale(of: Term, digits: number, offset: number): Term {
  if (of.scale <= digits) return { ...scaledUp(of, digits), offset };
  const scales = { from: of.scale, to: digits };
  return exactTerm(
    { scale: digits, offset },
    strictOne(of, (value: bigint) => rescaled(value, scales)),
  );
}
