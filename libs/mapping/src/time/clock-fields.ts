export const MICROS = 1_000_000;
const SECONDS_OF_DAY = 86_400;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468;
const ERA_DAYS = 146_097;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** 0000-01-01 00:00:00 and 9999-12-31 23:59:59, in seconds since 1970. */
export const SECONDS_MIN = -62_167_219_200;
export const SECONDS_MAX = 253_402_300_799;

/**
 * A date and time in parts, without a zone; each conversion has one and fills it anew for each value. Zero dates are kept as
 * they are: month and day may be 0, until something is to be calculated with them.
 */
export class ClockFields {
  year = 0;
  month = 0;
  day = 0;
  /** Of a time up to 838. */
  hour = 0;
  minute = 0;
  second = 0;
  micros = 0;
  /** Of a time; never of a date. */
  isNegative = false;
  /** What a text said about its zone, seconds east of UTC. */
  offset: number | null = null;
  /** First digit behind the microseconds, and whether there was anything but zeros. */
  seventh = 0;
  hasMore = false;

  clear(): void {
    this.year = this.month = this.day = 0;
    this.hour = this.minute = this.second = this.micros = 0;
    this.isNegative = false;
    this.offset = null;
    this.seventh = 0;
    this.hasMore = false;
  }

  /** Whether nothing is set: the value that the servers print as zeros. */
  get isZero(): boolean {
    return this.isZeroDate && this.isMidnight;
  }

  get isZeroDate(): boolean {
    return this.year === 0 && this.month === 0 && this.day === 0;
  }

  get isMidnight(): boolean {
    return this.hour === 0 && this.minute === 0 && this.second === 0 && this.micros === 0;
  }

  /** Whether the calendar has the day. */
  get isDay(): boolean {
    const { year, month, day } = this;
    if (month < 1 || month > 12 || day < 1) return false;
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return day <= (month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0));
  }

  /** Seconds since 1970 of the fields as they stand, as if they were UTC. Only of a day that the calendar has. */
  get seconds(): number {
    // The year begins in March, so that the leap day is its last.
    const year = this.month > 2 ? this.year : this.year - 1;
    const era = Math.floor(year / 400);
    const ofEra = year - era * 400;
    const ofYear = Math.floor((153 * (this.month + (this.month > 2 ? -3 : 9)) + 2) / 5) + this.day - 1;
    const days = era * ERA_DAYS + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - EPOCH_DAYS;
    return days * SECONDS_OF_DAY + this.hour * 3_600 + this.minute * 60 + this.second;
  }

  set seconds(seconds: number) {
    const days = Math.floor(seconds / SECONDS_OF_DAY);
    const rest = seconds - days * SECONDS_OF_DAY;
    const shifted = days + EPOCH_DAYS;
    const era = Math.floor(shifted / ERA_DAYS);
    const ofEra = shifted - era * ERA_DAYS;
    const year = Math.floor(
      (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
    );
    const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
    const month = Math.floor((5 * ofYear + 2) / 153);
    this.day = ofYear - Math.floor((153 * month + 2) / 5) + 1;
    this.month = month < 10 ? month + 3 : month - 9;
    this.year = year + era * 400 + (this.month <= 2 ? 1 : 0);
    this.hour = Math.floor(rest / 3_600);
    this.minute = Math.floor(rest / 60) % 60;
    this.second = rest % 60;
  }
}
