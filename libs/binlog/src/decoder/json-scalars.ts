import { ByteCursor, corrupt } from './byte-cursor.ts';
import { COLUMN_TYPE } from '../schema/column-types.ts';
import { readPackedDecimal } from './read-decimal.ts';
import { clockText, dateText } from './read-temporal.ts';

/**
 * MySQL prints a number without an exponent while its decimal point stands between its digits, or at most so far right or
 * left of its first digit (observed with 9.7).
 */
const POINT_MAX = 15;
const POINT_MIN = -14;
/** MySQL breaks base64 into lines. */
const BASE64_LINE = 76;

/** A double as MySQL prints it inside JSON: '1.0', '-0.0', '1e15', '0.0000001'. Throws SOURCE_EVENT_CORRUPT for NaN and infinity. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) throw corrupt('a JSON number that is none');
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  // As JavaScript's shortest digits that stand for this double and no other.
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  if (point < POINT_MIN || (point > POINT_MAX && digits.length <= point))
    return `${sign}${mantissa}e${String(point - 1)}`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits.padEnd(point, '0')}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A value of a column type inside JSON: decimals as numbers, temporal values as text, everything else as base64 with its type. */
export function opaqueText(type: number, value: Buffer): string {
  switch (type) {
    case COLUMN_TYPE.NEWDECIMAL:
      return readPackedDecimal(new ByteCursor(value));
    case COLUMN_TYPE.DATE:
    case COLUMN_TYPE.DATETIME:
    case COLUMN_TYPE.TIMESTAMP:
    case COLUMN_TYPE.TIME:
      return `"${temporalText(type, new ByteCursor(value))}"`;
    default:
      return `"base64:type${String(type)}:${base64Text(value)}"`;
  }
}

function base64Text(value: Buffer): string {
  const text = value.toString('base64');
  if (text.length <= BASE64_LINE) return text;
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += BASE64_LINE) lines.push(text.slice(at, at + BASE64_LINE));
  // The line breaks stand inside a JSON string.
  return lines.join('\\n');
}

/** Packed as 40 bits of date and time above 24 bits of microseconds. */
function temporalText(type: number, cursor: ByteCursor): string {
  const signed = cursor.int64();
  const packed = signed < 0n ? -signed : signed;
  const whole = Number(packed >> 24n);
  const fraction = `.${String(packed & 0xff_ff_ffn).padStart(6, '0')}`;
  const clock = { isNegative: false, minute: Math.floor(whole / 64) % 64, second: whole % 64 };
  if (type === COLUMN_TYPE.TIME) {
    return clockText({ ...clock, isNegative: signed < 0n, hour: Math.floor(whole / 4096) % 1024 }) + fraction;
  }
  const day = Math.floor(whole / 131_072);
  const month = Math.floor(day / 32);
  const date = dateText(Math.floor(month / 13), month % 13, day % 32);
  return type === COLUMN_TYPE.DATE
    ? date
    : `${date} ${clockText({ ...clock, hour: Math.floor(whole / 4096) % 32 })}${fraction}`;
}
