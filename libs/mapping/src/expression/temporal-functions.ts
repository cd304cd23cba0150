import { ClockFields, SECONDS_MAX, SECONDS_MIN } from '../time/clock-fields.ts';
import { clockText, dateText, isClock, readPlain, readTime } from '../time/plain-time.ts';
import { TimeZone } from '../time/time-zone.ts';
import { ExpressionProblem } from './expression-problem.ts';
import type { Refuse } from './expression-scope.ts';
import { literalText, signature, strictFunction } from './function-call.ts';
import type { CompileCall, FunctionCall } from './function-call.ts';
import { ClockUnit } from './clock-unit.ts';
import type { Term } from './term.ts';

/** Length of 'YYYY-MM-DD HH:MM:SS.' */
const BEFORE_FRACTION = 20;
const DATE_LENGTH = 10;
/** Hours of the largest TIME. */
const TIME_HOURS_MAX = 838;

/** Dates and times are texts in the servers' form: 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS.ffffff'. Nothing is lost of microseconds. */
export const TEMPORAL_FUNCTIONS: readonly (readonly [string, CompileCall])[] = [
  ['year', part('year')],
  ['month', part('month')],
  ['day', part('day')],
  ['hour', part('hour')],
  ['minute', part('minute')],
  ['second', part('second')],
  ['dateAdd', dateAdd],
  ['dateDiff', dateDiff],
  ['truncate', truncate],
  ['toUtc', (call) => inZone(call, toUtc)],
  ['fromUtc', (call) => inZone(call, fromUtc)],
];

/** Hours, minutes and seconds also of a time without a date. */
function part(name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): CompileCall {
  const isOfTime = name === 'hour' || name === 'minute' || name === 'second';
  return strictFunction(
    signature(['string'], 'int', (refuse) => {
      const fields = new ClockFields();
      return (text) => {
        const isTime = isOfTime && readTime(text, fields) && isClock(fields, TIME_HOURS_MAX);
        if (!isTime) readMoment(text, fields, refuse);
        return BigInt(fields[name]);
      };
    }),
  );
}

function readMoment(text: string, fields: ClockFields, refuse: Refuse): void {
  if (readPlain(text, fields) && fields.isDay && isClock(fields, 23)) return;
  throw refuse('ROW_VALUE_INVALID', 'the value is no date of the calendar');
}

/** Digits of the fraction; null of a date. */
function fractionDigits(text: string): number | null {
  return text.length === DATE_LENGTH ? null : Math.max(Math.min(text.length - BEFORE_FRACTION, 6), 0);
}

const momentText = (fields: ClockFields, digits: number | null): string =>
  digits === null ? dateText(fields) : `${dateText(fields)} ${clockText(fields, digits)}`;

/** A moment so many units later. A day that a month does not have becomes the month's last; a date with a clock's unit gets a clock. */
function dateAdd(call: FunctionCall): Term {
  const unit = unitOf(call, 2);
  const added = signature(['string', 'int', 'string'], 'string', (refuse) => {
    const fields = new ClockFields();
    return (text, count) => {
      readMoment(text, fields, refuse);
      if (!unit.add(fields, count)) throw refuse('ROW_VALUE_OVERFLOW', 'the date lies outside of the years 0 to 9999');
      const digits = fractionDigits(text);
      return momentText(fields, unit.isClock ? Math.max(digits ?? 0, unit.digits) : digits);
    };
  });
  return strictFunction(added)(call);
}

/** Whole units from the first moment to the second; negative when that is the earlier one. */
function dateDiff(call: FunctionCall): Term {
  const unit = unitOf(call, 2);
  const between = signature(['string', 'string', 'string'], 'int', (refuse) => {
    const [start, end] = [new ClockFields(), new ClockFields()];
    return (first, second) => {
      readMoment(first, start, refuse);
      readMoment(second, end, refuse);
      return unit.between(start, end);
    };
  });
  return strictFunction(between)(call);
}

/** The first moment of the unit that a moment lies in; a week begins on Monday. */
function truncate(call: FunctionCall): Term {
  const unit = unitOf(call, 1);
  const cut = signature(['string', 'string'], 'string', (refuse) => {
    const fields = new ClockFields();
    return (text) => {
      readMoment(text, fields, refuse);
      unit.cut(fields);
      if (fields.year < 0) throw refuse('ROW_VALUE_OVERFLOW', 'the date lies outside of the years 0 to 9999');
      return momentText(fields, fractionDigits(text));
    };
  });
  return strictFunction(cut)(call);
}

function unitOf(call: FunctionCall, index: number): ClockUnit {
  const unit = ClockUnit.of(literalText(call, index, 'a unit'));
  if (unit !== null) return unit;
  throw new ExpressionProblem(`Units are ${ClockUnit.NAMES.join(', ')}`, call.args[index]?.offset ?? call.offset);
}

function inZone(call: FunctionCall, shift: (seconds: number, zone: TimeZone) => number): Term {
  const zone = TimeZone.of(literalText(call, 1, 'a time zone'));
  if (zone === null)
    throw new ExpressionProblem(
      'There is no such time zone: UTC, an offset such as +02:00, or a name such as Europe/Vienna',
      call.args[1]?.offset ?? call.offset,
    );
  const shifted = signature(['string', 'string'], 'string', (refuse) => {
    const fields = new ClockFields();
    return (text) => {
      readMoment(text, fields, refuse);
      const seconds = shift(fields.seconds, zone);
      if (seconds < SECONDS_MIN || seconds > SECONDS_MAX)
        throw refuse('ROW_VALUE_OVERFLOW', 'the date lies outside of the years 0 to 9999');
      fields.seconds = seconds;
      return momentText(fields, fractionDigits(text) ?? 0);
    };
  });
  return strictFunction(shifted)(call);
}

/** Of a time that the clocks show twice the first one; one that they skip becomes the moment at which they are put forward. */
function toUtc(local: number, zone: TimeZone): number {
  const moment = zone.toUtc(local);
  return Number.isNaN(moment) ? zone.changeAt(local) : moment;
}

const fromUtc = (utc: number, zone: TimeZone): number => utc + zone.offsetAt(utc);
