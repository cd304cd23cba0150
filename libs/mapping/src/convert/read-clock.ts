import type { ColumnDefinition } from '@lutra/model';
import { findJson } from '../json/find-json.ts';
import { textOf } from '../text-of.ts';
import { MICROS, SECONDS_MAX, SECONDS_MIN } from '../time/clock-fields.ts';
import type { ClockFields } from '../time/clock-fields.ts';
import { isClock, readIso, readPlain, readTime } from '../time/plain-time.ts';
import { TimePattern } from '../time/time-pattern.ts';
import type { ConversionRequest, PresentValue } from './conversion.ts';
import { parseNumber, power, rescale } from './exact-number.ts';
import type { ExactNumber } from './exact-number.ts';

/**
 * day: date, perhaps with a clock; what is in the fields is of no zone. moment: the same in UTC. time: no date. A text that
 * tells its offset is a moment too: {@link ClockFields.offset}.
 */
export type ClockNature = 'day' | 'moment' | 'time';

/** What reading a value came to. `beyond`: it is a moment, but one outside of the years 0 to 9999, before (-1) or after (1). */
export type ClockReading = 'read' | 'null' | 'invalid' | 'before' | 'after';

export interface ClockReader {
  readonly nature: ClockNature;
  readonly read: (value: PresentValue, into: ClockFields) => ClockReading;
}

/** Decimal digits of a unit of time behind the second. */
const UNIX_FORMATS: Readonly<Record<string, number>> = {
  unixSeconds: 0,
  unixMilliseconds: 3,
  unixMicroseconds: 6,
};

/** For messages: how dates stand in numbers. */
export const NUMBER_FORMATS = `${Object.keys(UNIX_FORMATS).join(', ')}, or a pattern of digits such as yyyyMMdd`;

export function unixDigits(format: string | undefined): number | undefined {
  return format === undefined || !Object.hasOwn(UNIX_FORMATS, format) ? undefined : UNIX_FORMATS[format];
}

/** Throws MAPPING_STEP_INVALID. */
export function patternOf(format: string, { refuse }: ConversionRequest): TimePattern {
  const pattern = TimePattern.read(format);
  if (pattern !== null) return pattern;
  throw refuse(
    `the format ${format} is none: iso, ${Object.keys(UNIX_FORMATS).join(', ')}, or yyyy, MM, dd, HH, mm, ss, S and z, each once, letters between them in quotes`,
  );
}

/** How values of the column are read as dates and times. */
export function clockReader(request: ConversionRequest): ClockReader {
  const { from, to, refuse } = request;
  switch (from.kind) {
    case 'date':
    case 'datetime':
      return { nature: 'day', read: (value, into) => (readPlain(String(value), into) ? 'read' : 'invalid') };
    case 'timestamp':
      return { nature: 'moment', read: (value, into) => (readPlain(String(value), into) ? 'read' : 'invalid') };
    case 'time':
      return { nature: 'time', read: (value, into) => (readTime(String(value), into) ? 'read' : 'invalid') };
    case 'text':
    case 'json':
      return textReader(request);
    case 'integer':
    case 'decimal':
    case 'double':
    case 'float':
    case 'year':
      return numberReader(request);
    default:
      throw refuse(`${from.declared} does not become ${to.declared}: there are no dates in it`);
  }
}

function textReader(request: ConversionRequest): ClockReader {
  const { from, to, format } = request;
  const isTime = to.kind === 'time';
  const nature = isTime ? 'time' : 'day';
  const plain = from.kind === 'json' ? jsonText : (value: PresentValue): string => String(value).trim();
  const digits = unixDigits(format);
  if (digits !== undefined) {
    return {
      nature: 'moment',
      read: (value, into) => {
        const text = plain(value);
        return text === null ? 'null' : text === undefined ? 'invalid' : readUnix(parseNumber(text), digits, into);
      },
    };
  }
  const read =
    format === undefined || format === 'iso' ? (isTime ? readTimeOrIso : readIso) : byPattern(format, request);
  return {
    nature,
    read: (value, into) => {
      const text = plain(value);
      if (text === null) return 'null';
      return text !== undefined && read(text, into) && isValid(into, isTime) ? 'read' : 'invalid';
    },
  };
}

const jsonText = (value: PresentValue): string | null | undefined => findJson(String(value), []);

const readTimeOrIso = (text: string, into: ClockFields): boolean => {
  if (readTime(text, into)) return true;
  return readIso(text, into) && into.isZeroDate && into.offset === null;
};

function byPattern(format: string, request: ConversionRequest): (text: string, into: ClockFields) => boolean {
  const { to, refuse } = request;
  const pattern = patternOf(format, request);
  const wanted = to.kind === 'time' ? (['hour'] as const) : (['year', 'month', 'day'] as const);
  if (!wanted.every((part) => pattern.parts.has(part)))
    throw refuse(`the format ${format} does not tell what a ${to.kind} has`);
  if (to.kind === 'time' && (['year', 'month', 'day', 'zone'] as const).some((part) => pattern.parts.has(part)))
    throw refuse(`the format ${format} tells a date, and a time has none`);
  return (text, into) => pattern.readInto(into, text);
}

/** A zero date is one, without a clock; all others have to be in the calendar. */
function isValid(fields: ClockFields, isTime: boolean): boolean {
  if (!isClock(fields, isTime ? 838 : 23)) return false;
  return isTime || fields.isDay || (fields.isZero && fields.offset === null);
}

function numberReader(request: ConversionRequest): ClockReader {
  const { from, to, format, refuse } = request;
  const digits = unixDigits(format);
  if (digits !== undefined)
    return { nature: 'moment', read: (value, into) => readUnix(parseNumber(textOf(value, from)), digits, into) };
  if (format === undefined || format === 'iso')
    throw refuse(`${from.declared} becomes ${to.declared} by a format: ${NUMBER_FORMATS}`);
  const read = byPattern(format, request);
  const { digits: width } = patternOf(format, request);
  if (width === null) throw refuse(`${from.declared} becomes ${to.declared} by a format: ${NUMBER_FORMATS}`);
  const isTime = to.kind === 'time';
  return {
    nature: isTime ? 'time' : 'day',
    read: (value, into) => {
      const text = wholeText(value, from);
      return text !== null && read(text.padStart(width, '0'), into) && isValid(into, isTime) ? 'read' : 'invalid';
    },
  };
}

/** A number as its digits; null when it is none, negative or not whole. */
function wholeText(value: PresentValue, from: ColumnDefinition): string | null {
  const number = parseNumber(textOf(value, from));
  if (number === null || number.unscaled < 0n) return null;
  const { unscaled, isExact } = rescale(number, 0, 'cut');
  return isExact ? unscaled.toString() : null;
}

/** `digits`: of the unit behind the second. Seven digits behind the second are looked at: the last one says how to round. */
function readUnix(number: ExactNumber | null, digits: number, into: ClockFields): ClockReading {
  into.clear();
  if (number === null) return 'invalid';
  const { unscaled, isExact } = rescale({ unscaled: number.unscaled, scale: number.scale + digits }, 7, 'cut');
  const perSecond = power(7);
  // Downwards, so that the fraction is never negative.
  let seconds = unscaled / perSecond;
  let rest = unscaled - seconds * perSecond;
  if (rest < 0n) {
    seconds -= 1n;
    rest += perSecond;
  }
  if (seconds < SECONDS_MIN) return 'before';
  if (seconds > SECONDS_MAX) return 'after';
  into.seconds = Number(seconds);
  into.seventh = Number(rest % 10n);
  into.micros = Math.trunc(Number(rest) / 10) % MICROS;
  into.hasMore = into.seventh > 0 || !isExact;
  return 'read';
}
