import { MICROS, SECONDS_MAX, SECONDS_MIN } from '../time/clock-fields.ts';
import type { ClockFields } from '../time/clock-fields.ts';

const MONTHS_OF_YEAR = 12;
const MONTHS: Readonly<Record<string, number>> = { year: MONTHS_OF_YEAR, quarter: 3, month: 1 };
const DAY_SECONDS = 86_400;
const MICROS_OF: Readonly<Record<string, number>> = {
  week: 7 * DAY_SECONDS * MICROS,
  day: DAY_SECONDS * MICROS,
  hour: 3_600 * MICROS,
  minute: 60 * MICROS,
  second: MICROS,
  millisecond: 1_000,
  microsecond: 1,
};
/** From 1970-01-01, a Thursday, back to Monday. */
const THURSDAY_DAYS = 3;
const FIRST = BigInt(SECONDS_MIN) * BigInt(MICROS);
const LAST = BigInt(SECONDS_MAX) * BigInt(MICROS) + BigInt(MICROS - 1);

/** A unit of the calendar or of the clock, and what is calculated with it. Fields are those of a day that the calendar has. */
export class ClockUnit {
  static readonly NAMES: readonly string[] = [...Object.keys(MONTHS), ...Object.keys(MICROS_OF)];

  /** Shorter than a day. */
  readonly isClock: boolean;
  /** Of the fraction of a second, that it counts in. */
  readonly digits: number;

  private constructor(
    private readonly name: string,
    /** 0 for units of the clock and of days. */
    private readonly months: number,
    private readonly micros: number,
  ) {
    this.isClock = micros > 0 && micros < DAY_SECONDS * MICROS;
    this.digits = name === 'microsecond' ? 6 : name === 'millisecond' ? 3 : 0;
  }

  /** Null when there is no such unit. */
  static of(name: string): ClockUnit | null {
    if (!ClockUnit.NAMES.includes(name)) return null;
    return new ClockUnit(name, MONTHS[name] ?? 0, MICROS_OF[name] ?? 0);
  }

  /** False when the result lies outside of the years 0 to 9999; the fields then are what they were. */
  add(fields: ClockFields, count: bigint): boolean {
    if (this.months > 0) return addMonths(fields, count * BigInt(this.months));
    const moment = microsOf(fields) + count * BigInt(this.micros);
    if (moment < FIRST || moment > LAST) return false;
    const micros = ((moment % BigInt(MICROS)) + BigInt(MICROS)) % BigInt(MICROS);
    fields.seconds = Number((moment - micros) / BigInt(MICROS));
    fields.micros = Number(micros);
    return true;
  }

  /** Whole units from one moment to another. */
  between(start: ClockFields, end: ClockFields): bigint {
    const micros = microsOf(end) - microsOf(start);
    if (this.months === 0) return micros / BigInt(this.micros);
    const months = micros < 0n ? -monthsBetween(end, start) : monthsBetween(start, end);
    return BigInt(Math.trunc(months / this.months));
  }

  /** To the beginning of the unit. The week that year 0 begins in begins before it: the year then is -1. */
  cut(fields: ClockFields): void {
    if (this.months > 0) {
      fields.month -= (fields.month - 1) % this.months;
      fields.day = 1;
      fields.hour = fields.minute = fields.second = fields.micros = 0;
      return;
    }
    if (this.micros < MICROS) {
      fields.micros -= fields.micros % this.micros;
      return;
    }
    const seconds = this.micros / MICROS;
    const shift = this.name === 'week' ? THURSDAY_DAYS * DAY_SECONDS : 0;
    fields.seconds = Math.floor((fields.seconds + shift) / seconds) * seconds - shift;
    fields.micros = 0;
  }
}

/** As a bigint: there are more microseconds than a double can count. */
const microsOf = ({ seconds, micros }: ClockFields): bigint => BigInt(seconds) * BigInt(MICROS) + BigInt(micros);

function addMonths(fields: ClockFields, count: bigint): boolean {
  const months = BigInt(fields.year * MONTHS_OF_YEAR + fields.month - 1) + count;
  const year = months / BigInt(MONTHS_OF_YEAR);
  if (months < 0n || year > 9_999n) return false;
  fields.year = Number(year);
  fields.month = Number(months % BigInt(MONTHS_OF_YEAR)) + 1;
  while (!fields.isDay) fields.day -= 1;
  return true;
}

/** Of an earlier and a later moment. A month is over when the day and the clock are reached again. */
function monthsBetween(start: ClockFields, end: ClockFields): number {
  const months = (end.year - start.year) * MONTHS_OF_YEAR + end.month - start.month;
  return restOf(end) < restOf(start) ? months - 1 : months;
}

const restOf = ({ day, hour, minute, second, micros }: ClockFields): number =>
  (((day * 24 + hour) * 60 + minute) * 60 + second) * MICROS + micros;
