import { ClockFields, MICROS } from '../time/clock-fields.ts';
import { clockText, dateText, offsetText, readPlain, readTime } from '../time/plain-time.ts';
import type { TimePattern } from '../time/time-pattern.ts';
import type { ConversionRequest, PresentValue } from './conversion.ts';
import { decimalText } from './exact-number.ts';
import type { ExactNumber } from './exact-number.ts';
import { patternOf, unixDigits } from './read-clock.ts';
import { momentOf, zoneOf } from './zone-of.ts';

/** How a date or time is written as text in the format that is asked for; null when that came to null. */
export function temporalText(request: ConversionRequest): (value: PresentValue) => string | null {
  const { from, format, zone: zoneName } = request;
  const unit = unixDigits(format);
  if (unit !== undefined) {
    const scale = Math.max(0, (from.length ?? 0) - unit);
    const numberOf = temporalNumber(request);
    return (value) => {
      const number = numberOf(value);
      return number === null ? null : decimalText(number.unscaled / 10n ** BigInt(number.scale - scale), scale);
    };
  }
  if (format === undefined && (from.kind !== 'timestamp' || zoneName === undefined)) return (value) => String(value);
  const pattern = format === undefined || format === 'iso' ? null : patternOf(format, request);
  checkPattern(pattern, request);
  const offsetOf = localOffset(pattern, request);
  const fields = new ClockFields();
  const read = from.kind === 'time' ? readTime : readPlain;
  const digits = from.length ?? 0;
  return (value) => {
    if (!read(String(value), fields)) return request.loss.invalid(from.kind);
    const offset = offsetOf(fields);
    if (offset === null) return null;
    if (pattern !== null) return pattern.write(fields, offset);
    if (from.kind === 'time') return clockText(fields, digits);
    if (from.kind === 'date') return dateText(fields);
    const between = format === undefined ? ' ' : 'T';
    const zone = from.kind === 'timestamp' && format !== undefined ? isoOffset(offset) : '';
    return `${dateText(fields)}${between}${clockText(fields, digits)}${zone}`;
  };
}

const isoOffset = (offset: number): string => (offset === 0 ? 'Z' : offsetText(offset));

/** A moment in the unit that is asked for, exactly, in microseconds of the scale that gives. */
export function temporalNumber(request: ConversionRequest): (value: PresentValue) => ExactNumber | null {
  const { from, to, format, loss, refuse } = request;
  const unit = unixDigits(format);
  if (unit === undefined || from.kind === 'time')
    throw refuse(`${from.declared} does not become ${to.declared} by the format ${format ?? '(none)'}`);
  const zone = zoneOf(request);
  const fields = new ClockFields();
  const isMoment = from.kind === 'timestamp';
  return (value) => {
    if (!readPlain(String(value), fields) || !fields.isDay) return loss.invalid('moment');
    const seconds = isMoment ? fields.seconds : momentOf(fields, { zone, loss });
    if (seconds === null) return null;
    return { unscaled: BigInt(seconds) * BigInt(MICROS) + BigInt(fields.micros), scale: 6 - unit };
  };
}

function checkPattern(pattern: TimePattern | null, { from, format, refuse }: ConversionRequest): void {
  if (from.kind !== 'time' || pattern === null) return;
  if ((['year', 'month', 'day', 'zone'] as const).some((part) => pattern.parts.has(part)))
    throw refuse(`the format ${String(format)} tells a date, and ${from.declared} has none`);
}

/** The offset that belongs to the fields, which become local ones; 0 where none is asked for. Null when the value became null. */
function localOffset(pattern: TimePattern | null, request: ConversionRequest): (fields: ClockFields) => number | null {
  const { from, loss } = request;
  const zone = zoneOf(request);
  if (from.kind === 'timestamp')
    return (fields) => {
      if (fields.isZero) return pattern?.parts.has('zone') === true ? loss.invalid('moment') : 0;
      const utc = fields.seconds;
      const offset = zone.offsetAt(utc);
      fields.seconds = utc + offset;
      return offset;
    };
  if (pattern?.parts.has('zone') !== true) return () => 0;
  return (fields) => {
    const utc = momentOf(fields, { zone, loss });
    return utc === null ? null : fields.seconds - utc;
  };
}
