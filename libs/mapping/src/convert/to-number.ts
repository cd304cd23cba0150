import type { ColumnDefinition } from '@lutra/model';
import { findJson } from '../json/find-json.ts';
import type { Conversion, ConversionRequest, PresentValue } from './conversion.ts';
import { parseNumber } from './exact-number.ts';
import type { ExactNumber } from './exact-number.ts';
import { doubleText, floatText } from './float-text.ts';
import { temporalNumber, temporalText } from './from-temporal.ts';
import { labelNumber } from './labels.ts';
import { NUMBER_FORMATS, patternOf, unixDigits } from './read-clock.ts';
import { numberWriter, wholeWriter } from './write-number.ts';

const YES = new Set(['true', 'yes', 'on', 't', 'y']);
const NO = new Set(['false', 'no', 'off', 'f', 'n']);
const ONE: ExactNumber = { unscaled: 1n, scale: 0 };
const ZERO: ExactNumber = { unscaled: 0n, scale: 0 };

/** To a column of numbers: integer, decimal, float, double, bit or year. */
export function toNumber(request: ConversionRequest): Conversion {
  const { from, to, loss, isBoolean } = request;
  switch (from.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      if (to.kind === 'integer' || to.kind === 'bit' || to.kind === 'year') {
        const write = wholeWriter(to, { isBoolean, loss });
        return (value) => write(value as number | bigint);
      }
      return fromExact(request, (value) => ({ unscaled: BigInt(value as number | bigint), scale: 0 }));
    case 'float':
    case 'double':
      return fromFloating(request);
    case 'decimal':
      return fromExact(request, (value) => parseNumber(String(value)));
    case 'text':
      return fromExact(request, isBoolean ? truthOf : (value) => parseNumber(String(value)));
    case 'json':
      return fromJson(request);
    case 'enum':
    case 'set': {
      const write = wholeOrExact(request);
      const numberOf = labelNumber(from, request.refuse);
      return (value) => {
        const number = numberOf(String(value));
        return number === null ? loss.invalid(`label of ${from.kind}`) : write(number);
      };
    }
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return fromTemporal(request);
    default:
      throw request.refuse(`${from.declared} does not become ${to.declared}: there are no numbers in it`);
  }
}

function fromExact(
  { to, loss, isBoolean }: ConversionRequest,
  read: (value: PresentValue) => ExactNumber | null,
): Conversion {
  const write = numberWriter(to, { isBoolean, loss });
  return (value) => {
    const number = read(value);
    return number === null ? loss.invalid('number') : write(number);
  };
}

/** Between floating point types the value itself counts, and not its digits: a float of 4 bytes is some double exactly. */
function fromFloating(request: ConversionRequest): Conversion {
  const { from, to, loss } = request;
  const isUnsigned = to.unsigned === true && from.unsigned !== true;
  if (to.kind === 'double' && !isUnsigned) return (value) => value;
  if (to.kind === 'float' && !isUnsigned) {
    return (value) => {
      const rounded = Math.fround(value as number);
      if (Object.is(rounded, value)) return value;
      return loss.mayCut && Number.isFinite(rounded) ? rounded : outside(request, value as number);
    };
  }
  const textOf = from.kind === 'float' ? floatText : doubleText;
  return fromExact(request, (value) => parseNumber(textOf(value as number)));
}

function outside({ to, isBoolean, loss }: ConversionRequest, value: number): ReturnType<Conversion> {
  if (loss.policy !== 'clamp') return loss.lost();
  const number = parseNumber(doubleText(value));
  return number === null ? loss.invalid('number') : numberWriter(to, { isBoolean, loss })(number);
}

/** By a unit of time since 1970, or by a pattern of digits. */
function fromTemporal(request: ConversionRequest): Conversion {
  const { from, to, loss, isBoolean, format, refuse } = request;
  const write = numberWriter(to, { isBoolean, loss });
  if (unixDigits(format) !== undefined) {
    const numberOf = temporalNumber(request);
    return (value) => {
      const number = numberOf(value);
      return number === null ? null : write(number);
    };
  }
  if (format === undefined || format === 'iso' || patternOf(format, request).digits === null)
    throw refuse(`${from.declared} becomes ${to.declared} by a format: ${NUMBER_FORMATS}`);
  const textOf = temporalText(request);
  return (value) => {
    const text = textOf(value);
    const number = text === null ? null : parseNumber(text);
    return text === null ? null : number === null ? loss.invalid('number') : write(number);
  };
}

function truthOf(value: PresentValue): ExactNumber | null {
  const word = String(value).trim().toLowerCase();
  if (YES.has(word)) return ONE;
  return NO.has(word) ? ZERO : parseNumber(word);
}

function fromJson(request: ConversionRequest): Conversion {
  const { to, loss, isBoolean } = request;
  const write = numberWriter(to, { isBoolean, loss });
  return (value) => {
    const plain = findJson(String(value), []);
    if (plain === null) return null;
    const number = plain === undefined ? null : plain === 'true' ? ONE : plain === 'false' ? ZERO : parseNumber(plain);
    return number === null ? loss.invalid('number') : write(number);
  };
}

function wholeOrExact({ to, loss, isBoolean }: ConversionRequest): (value: bigint) => ReturnType<Conversion> {
  const write = numberWriter(to, { isBoolean, loss });
  return (value) => write({ unscaled: value, scale: 0 });
}

/** Whether each value of a column of whole numbers is one of the other, in the same form. */
export const isWithin = (from: ColumnDefinition, to: ColumnDefinition): boolean =>
  from.kind === 'integer' &&
  to.kind === 'integer' &&
  from.unsigned === to.unsigned &&
  (from.bytes === 8) === (to.bytes === 8) &&
  (from.bytes ?? 8) <= (to.bytes ?? 0);
