import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { ClockFields, MICROS, SECONDS_MAX, SECONDS_MIN } from '../time/clock-fields.ts';
import { clockText, dateText } from '../time/plain-time.ts';
import type { TimeZone } from '../time/time-zone.ts';
import type { Conversion, ConversionRequest } from './conversion.ts';
import type { Loss } from './loss.ts';
import { clockReader } from './read-clock.ts';
import type { ClockReader } from './read-clock.ts';
import { momentOf, zoneOf } from './zone-of.ts';

/** MySQL's range, 1970-01-01 00:00:01 to 2038-01-19 03:14:07: every server has it. */
const TIMESTAMP_MIN = 1;
const TIMESTAMP_MAX = 2 ** 31 - 1;
/** A time ends at 838:59:59. */
const HOUR_MAX = 838;

/** To a date, time, datetime or timestamp. */
export function toTemporal(request: ConversionRequest): Conversion {
  const { from, to, loss } = request;
  const reader = clockReader(request);
  const zone = zoneOf(request);
  checkNature(reader, request);
  const fields = new ClockFields();
  const range =
    to.kind === 'timestamp' && from.kind !== 'timestamp'
      ? { min: TIMESTAMP_MIN, max: TIMESTAMP_MAX }
      : { min: SECONDS_MIN, max: SECONDS_MAX };
  const write = to.kind === 'time' ? timeWriter(to, loss) : dayWriter(to, { loss, range });
  return (value) => {
    switch (reader.read(value, fields)) {
      case 'null':
        return null;
      case 'invalid':
        return loss.invalid(`${to.kind} as it is to be read`);
      case 'before':
        return loss.policy === 'clamp' ? limit(range.min, { fields, write }) : loss.lost();
      case 'after':
        return loss.policy === 'clamp' ? limit(range.max, { fields, write }) : loss.lost();
      case 'read':
        return moved(fields, { reader, to, zone, loss }) ? write(fields) : null;
    }
  };
}

/** What lacks a date or is nothing but one in each row is found before the first. */
function checkNature({ nature }: ClockReader, { from, to, loss, refuse }: ConversionRequest): void {
  if (to.kind !== 'time') {
    if (nature === 'time') throw refuse(`${from.declared} does not become ${to.declared}: there is no date in it`);
    return;
  }
  if (nature === 'time') return;
  if (from.kind === 'date') throw refuse(`${from.declared} does not become ${to.declared}: there is no time in it`);
  if (loss.policy !== 'truncate')
    throw refuse(`${from.declared} becomes ${to.declared} without its date: onLoss has to be truncate`);
}

/** Into the zone or out of it, as the column that is written asks for. False when the value has become null. */
function moved(
  fields: ClockFields,
  {
    reader: { nature },
    to: { kind },
    zone,
    loss,
  }: { readonly reader: ClockReader; readonly to: ColumnDefinition; readonly zone: TimeZone; readonly loss: Loss },
): boolean {
  // Zero dates are what they are in every zone.
  if (nature === 'time' || fields.isZero) return true;
  const { offset } = fields;
  if (offset !== null) fields.seconds -= offset;
  const isMoment = nature === 'moment' || offset !== null;
  if (isMoment === (kind === 'timestamp')) return true;
  if (isMoment) {
    fields.seconds += zone.offsetAt(fields.seconds);
    return true;
  }
  const moment = momentOf(fields, { zone, loss });
  if (moment === null) return false;
  fields.seconds = moment;
  return true;
}

type FieldsWriter = (fields: ClockFields) => ColumnValue;

function limit(
  seconds: number,
  { fields, write }: { readonly fields: ClockFields; readonly write: FieldsWriter },
): ColumnValue {
  fields.clear();
  fields.seconds = seconds;
  return write(fields);
}

function dayWriter(
  { kind, length = 0 }: ColumnDefinition,
  { loss, range }: { readonly loss: Loss; readonly range: { readonly min: number; readonly max: number } },
): FieldsWriter {
  const isDate = kind === 'date';
  const round = rounder(length, loss);
  return (fields) => {
    if (isDate) {
      if ((!fields.isMidnight || fields.hasMore) && !loss.mayCut) return loss.lost();
    } else if (!round(fields)) return loss.lost();
    // What is no day came from a column as it is, and no zone or rounding has moved it.
    if (!fields.isDay) return isDate ? dateText(fields) : `${dateText(fields)} ${clockText(fields, length)}`;
    const { seconds } = fields;
    if (seconds < range.min || seconds > range.max) {
      if (loss.policy !== 'clamp') return loss.lost();
      fields.seconds = seconds < range.min ? range.min : range.max;
      fields.micros = seconds < range.min ? 0 : MICROS - 1;
    }
    return isDate ? dateText(fields) : `${dateText(fields)} ${clockText(fields, length)}`;
  };
}

function timeWriter({ length = 0 }: ColumnDefinition, loss: Loss): FieldsWriter {
  const round = rounder(length, loss);
  return (fields) => {
    // The date stays behind.
    fields.year = fields.month = fields.day = 0;
    if (!round(fields)) return loss.lost();
    if (fields.isMidnight) fields.isNegative = false;
    return clockText(fields, length);
  };
}

/** Leaves so many digits of the fraction: false when that would lose some and must not. */
function rounder(digits: number, loss: Loss): (fields: ClockFields) => boolean {
  const unit = 10 ** (6 - digits);
  return (fields) => {
    const rest = fields.micros % unit;
    if (rest === 0 && !fields.hasMore) return true;
    if (!loss.mayCut) return false;
    fields.micros -= rest;
    const isUp = unit === 1 ? fields.seventh >= 5 : rest * 2 >= unit;
    if (loss.policy === 'clamp' && isUp) roundUp(fields, unit);
    return true;
  };
}

/** The last second of all and a day that the calendar does not have are cut instead. */
function roundUp(fields: ClockFields, unit: number): void {
  if (fields.micros + unit < MICROS) {
    fields.micros += unit;
    return;
  }
  if (fields.isDay) {
    if (fields.seconds >= SECONDS_MAX) return;
    fields.micros = 0;
    fields.seconds += 1;
    return;
  }
  if (!fields.isZeroDate) return;
  const seconds = fields.hour * 3_600 + fields.minute * 60 + fields.second + 1;
  if (Math.floor(seconds / 3_600) > HOUR_MAX) return;
  fields.micros = 0;
  fields.hour = Math.floor(seconds / 3_600);
  fields.minute = Math.floor(seconds / 60) % 60;
  fields.second = seconds % 60;
}
