import type { ClockFields } from './clock-fields.ts';
import { numberAt, two } from './digits.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)/;
const CLOCK = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?/;
const ZONE = /^(?:Z|([+-])(\d\d)(?::?(\d\d)(?::(\d\d))?)?)$/;
const TIME = /^(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,30}))?$/;

/** Reads what {@link plainText} writes: '2024-02-29', '2024-02-29 10:00:00.5'. False when the text is none. */
export function readPlain(text: string, into: ClockFields): boolean {
  into.clear();
  into.year = numberAt(text, 0, 4);
  into.month = numberAt(text, 5, 7);
  into.day = numberAt(text, 8, 10);
  if (into.year < 0 || into.month < 0 || into.day < 0 || text[4] !== '-' || text[7] !== '-') return false;
  if (text.length === 10) return true;
  into.hour = numberAt(text, 11, 13);
  into.minute = numberAt(text, 14, 16);
  into.second = numberAt(text, 17, 19);
  if (into.hour < 0 || into.minute < 0 || into.second < 0 || text[10] !== ' ' || text[13] !== ':' || text[16] !== ':')
    return false;
  return text.length === 19 || (text[19] === '.' && readFraction(text.slice(20), into));
}

/** Reads a time as the servers print it: '-838:59:59.5'. */
export function readTime(text: string, into: ClockFields): boolean {
  into.clear();
  const [, sign, hour, minute, second, fraction] = TIME.exec(text) ?? [];
  if (sign === undefined) return false;
  into.isNegative = sign === '-';
  into.hour = Number(hour);
  into.minute = Number(minute);
  into.second = Number(second);
  return fraction === undefined || readFraction(fraction, into);
}

/** Reads ISO 8601: a date, a date and time with T or a blank between, with or without a zone. Or a time alone. */
export function readIso(text: string, into: ClockFields): boolean {
  into.clear();
  const [date, year, month, day] = DATE.exec(text) ?? [];
  if (date === undefined) return readIsoClock(text, into);
  into.year = Number(year);
  into.month = Number(month);
  into.day = Number(day);
  if (text.length === date.length) return true;
  const between = text[date.length];
  return (between === 'T' || between === ' ' || between === 't') && readIsoClock(text.slice(date.length + 1), into);
}

function readIsoClock(text: string, into: ClockFields): boolean {
  const [clock, hour, minute, second = '0', fraction] = CLOCK.exec(text) ?? [];
  if (clock === undefined) return false;
  into.hour = Number(hour);
  into.minute = Number(minute);
  into.second = Number(second);
  const rest = text.slice(clock.length);
  if (rest !== '') {
    into.offset = readOffset(rest);
    if (into.offset === null) return false;
  }
  return fraction === undefined || readFraction(fraction, into);
}

/** Seconds east of UTC of 'Z', '+02:00', '+0200', '+02' or, of before 1900, '+00:19:32'; null for anything else. */
export function readOffset(text: string): number | null {
  const [zone, sign, hours = '0', minutes = '0', seconds = '0'] = ZONE.exec(text) ?? [];
  if (zone === undefined || Number(hours) > 18 || Number(minutes) > 59 || Number(seconds) > 59) return null;
  const offset = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -offset : offset;
}

/** Digits behind the point; those that no type has are noted. */
export function readFraction(digits: string, into: ClockFields): boolean {
  const micros = numberAt(digits.slice(0, 6).padEnd(6, '0'), 0, 6);
  if (micros < 0) return false;
  into.micros = micros;
  if (digits.length > 6) {
    into.seventh = digits.charCodeAt(6) - 0x30;
    into.hasMore = /[^0]/.test(digits.slice(6));
  }
  return true;
}

/** The parts that a text gives are those of a clock: of a day's, or of a time that may be longer. */
export const isClock = ({ hour, minute, second }: ClockFields, hourMax: number): boolean =>
  hour <= hourMax && minute <= 59 && second <= 59;

/** 'YYYY-MM-DD' */
export const dateText = ({ year, month, day }: ClockFields): string =>
  `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;

/** '[-]HH:MM:SS[.ffffff]' with so many digits. */
export function clockText({ isNegative, hour, minute, second, micros }: ClockFields, digits: number): string {
  return `${isNegative ? '-' : ''}${two(hour)}:${two(minute)}:${two(second)}${fractionText(micros, digits)}`;
}

export const fractionText = (micros: number, digits: number): string =>
  digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`;

/** What {@link readOffset} reads; '+00:00' for UTC. */
export function offsetText(offset: number): string {
  const seconds = Math.abs(offset);
  const text = `${offset < 0 ? '-' : '+'}${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}`;
  return seconds % 60 === 0 ? text : `${text}:${two(seconds % 60)}`;
}
