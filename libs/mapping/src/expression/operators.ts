import { must } from '@lutra/model';
import { ExpressionProblem } from './expression-problem.ts';
import type { Refuse } from './expression-scope.ts';
import { dividedRounded, power } from '../convert/exact-number.ts';
import {
  asDouble,
  doubleGuard,
  exactLiteral,
  exactTerm,
  intGuard,
  isExact,
  isNumber,
  neverAsked,
  scaledUp,
  unified,
} from './numbers.ts';
import { strictOne, strictTwo } from './term.ts';
import type { Present, Term, Value, ValueFunction, ValueType } from './term.ts';
import { joined } from './text-size.ts';

/** Digits that a division adds behind the point: div_precision_increment of MySQL and MariaDB. */
const DIVISION_DIGITS = 4;

export type Arithmetic = '+' | '-' | '*' | '/' | '%';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

interface Place {
  readonly offset: number;
  readonly refuse: Refuse;
}

export function arithmetic(operator: Arithmetic, [left, right]: readonly [Term, Term], place: Place): Term {
  const { offset, refuse } = place;
  if (left.type === 'null' || right.type === 'null') return { type: 'null', scale: 0, offset, valueOf: () => null };
  if (left.type === 'any' || right.type === 'any') return { type: 'any', scale: 0, offset, valueOf: neverAsked };
  if (operator === '+' && left.type === 'string' && right.type === 'string')
    return { type: 'string', scale: 0, offset, valueOf: strictTwo(left, right, joined(refuse)) };
  if (!isNumber(left) || !isNumber(right)) throw noOperator(operator, [left, right], offset);
  if (left.type === 'int' && right.type === 'int')
    return { type: 'int', scale: 0, offset, valueOf: strictTwo(left, right, ofInts(operator, refuse)) };
  if (isExact(left) && isExact(right)) return ofDecimals(operator, [left, right], place);
  return {
    type: 'double',
    scale: 0,
    offset,
    valueOf: strictTwo(asDouble(left), asDouble(right), ofDoubles(operator, refuse)),
  };
}

function noOperator(operator: string, terms: readonly Term[], offset: number): ExpressionProblem {
  const types = terms.map(({ type }) => type).join(' and ');
  const advice = terms.some(({ type }) => type === 'string') ? ': int(…), decimal(…, digits) or string(…) convert' : '';
  return new ExpressionProblem(`There is no ${operator} of ${types}${advice}`, offset);
}

function ofInts(operator: Arithmetic, refuse: Refuse): (left: bigint, right: bigint) => bigint {
  const held = intGuard(refuse);
  switch (operator) {
    case '+':
      return (left, right) => held(left + right);
    case '-':
      return (left, right) => held(left - right);
    case '*':
      return (left, right) => held(left * right);
    case '/':
      return (left, right) => held(left / divisor(right, refuse));
    case '%':
      return (left, right) => left % divisor(right, refuse);
  }
}

function divisor(value: bigint, refuse: Refuse): bigint {
  if (value !== 0n) return value;
  throw refuse('ROW_DIVISION_BY_ZERO', 'division by zero');
}

function ofDecimals(operator: Arithmetic, [left, right]: readonly [Term, Term], { offset, refuse }: Place): Term {
  const scale = Math.max(left.scale, right.scale);
  switch (operator) {
    case '+':
    case '-':
    case '%': {
      const apply =
        operator === '+'
          ? (one: bigint, other: bigint) => one + other
          : operator === '-'
            ? (one: bigint, other: bigint) => one - other
            : (one: bigint, other: bigint) => one % divisor(other, refuse);
      return exactTerm({ scale, offset }, strictTwo(scaledUp(left, scale), scaledUp(right, scale), apply));
    }
    case '*':
      return exactTerm(
        { scale: left.scale + right.scale, offset },
        strictTwo(left, right, (one: bigint, other: bigint) => one * other),
      );
    case '/': {
      const factor = power(right.scale + DIVISION_DIGITS);
      return exactTerm(
        { scale: left.scale + DIVISION_DIGITS, offset },
        strictTwo(left, right, (one: bigint, other: bigint) => dividedRounded(one * factor, divisor(other, refuse))),
      );
    }
  }
}

function ofDoubles(operator: Arithmetic, refuse: Refuse): (left: number, right: number) => number {
  const held = doubleGuard(refuse);
  const byZero = (): Error => refuse('ROW_DIVISION_BY_ZERO', 'division by zero');
  switch (operator) {
    case '+':
      return (left, right) => held(left + right);
    case '-':
      return (left, right) => held(left - right);
    case '*':
      return (left, right) => held(left * right);
    case '/':
      return (left, right) => {
        if (right === 0) throw byZero();
        return held(left / right);
      };
    case '%':
      return (left, right) => {
        if (right === 0) throw byZero();
        return left % right;
      };
  }
}

export function negated(of: Term, { offset, refuse }: Place): Term {
  if (typeof of.literal === 'bigint') return exactLiteral(-of.literal, { scale: of.scale, offset });
  if (of.type === 'any' || of.type === 'null') return { ...of, offset };
  if (of.type === 'double')
    return { type: 'double', scale: 0, offset, valueOf: strictOne(of, (value: number) => -value) };
  if (!isExact(of)) throw noOperator('-', [of], offset);
  const held = of.type === 'int' ? intGuard(refuse) : (value: bigint) => value;
  return { type: of.type, scale: of.scale, offset, valueOf: strictOne(of, (value: bigint) => held(-value)) };
}

/** With a literal null it asks whether the other one is null; otherwise it is null when one of them is. */
export function comparison(operator: Comparison, terms: readonly [Term, Term], offset: number): Term {
  const bool = (valueOf: ValueFunction): Term => ({ type: 'bool', scale: 0, offset, valueOf });
  const isNullAsked = operator === '==' || operator === '!=';
  const other = terms.find(({ type }) => type !== 'null');
  if (isNullAsked && terms.some(({ type }) => type === 'null')) {
    const { valueOf } = other ?? terms[0];
    const wanted = operator === '==';
    return bool((image, facts) => (valueOf(image, facts) === null) === wanted);
  }
  const same = unified(terms);
  if (same === null) throw noOperator(operator, terms, offset);
  if (same.some(({ type }) => type === 'any')) return bool(neverAsked);
  const [left, right] = same as readonly [Term, Term];
  return bool(strictTwo(left, right, comparing(operator, left.type === 'null' ? right.type : left.type, offset)));
}

function comparing(operator: Comparison, type: ValueType, offset: number): (left: never, right: never) => boolean {
  if (operator === '==') return equality(type);
  if (operator === '!=') {
    const isSame = equality(type) as (left: Value, right: Value) => boolean;
    return (left: Value, right: Value) => !isSame(left, right);
  }
  if (type === 'bytes' || type === 'bool')
    throw new ExpressionProblem(`There is no ${operator} of ${type} and ${type}`, offset);
  switch (operator) {
    case '<':
      return (left: Present, right: Present) => left < right;
    case '<=':
      return (left: Present, right: Present) => left <= right;
    case '>':
      return (left: Present, right: Present) => left > right;
    case '>=':
      return (left: Present, right: Present) => left >= right;
  }
}

function equality(type: ValueType): (left: never, right: never) => boolean {
  if (type === 'bytes') return (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right) === 0;
  return (left: Value, right: Value) => left === right;
}

/** Null when it is not in the list and something in the list is null, as in SQL. */
export function membership(of: Term, list: readonly Term[], offset: number): Term {
  const same = unified([of, ...list]);
  if (same === null) throw noOperator('in', [of, ...list], offset);
  const bool = (valueOf: ValueFunction): Term => ({ type: 'bool', scale: 0, offset, valueOf });
  const { valueOf, type } = must(same[0], 'the first one is what is looked for');
  const elements = same.slice(1);
  if (same.some((term) => term.type === 'any')) return bool(neverAsked);
  if (type !== 'bytes' && elements.every(({ literal }) => literal !== undefined && literal !== null)) {
    const known = new Set(elements.map(({ literal }) => literal));
    return bool((image, facts) => {
      const value = valueOf(image, facts);
      return value === null ? null : known.has(value);
    });
  }
  const isSame = equality(type) as (left: Value, right: Value) => boolean;
  return bool((image, facts) => {
    const value = valueOf(image, facts);
    if (value === null) return null;
    let found: boolean | null = false;
    for (const element of elements) {
      const present = element.valueOf(image, facts);
      if (present === null) found = null;
      else if (isSame(value, present)) return true;
    }
    return found;
  });
}
