import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import type { SandboxValue } from './sandbox-values.ts';

/** What a value that does not fit becomes. */
export const REFUSED = Symbol('refused');

/** Takes what a script gives for a column; nothing is rounded, cut off or guessed. */
export interface GivenValue {
  /** What it takes, in the words of an error. */
  readonly expected: string;
  take(value: Exclude<SandboxValue, null | undefined>): ColumnValue | typeof REFUSED;
}

const BYTE_BITS = 8;
const BIT_LENGTH_MAX = 64;
const YEAR_MIN = 1901;
const YEAR_MAX = 2155;
const HOURS_MAX = 838;
const FRACTION_DIGITS_MAX = 6;
const DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^-?(\d{2,3}):[0-5]\d:[0-5]\d(?:\.(\d+))?$/;
const DATETIME = /^(\d{4})-(\d\d)-(\d\d) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d+))?$/;

export function givenValueOf(column: ColumnDefinition): GivenValue {
  switch (column.kind) {
    case 'integer':
      return integer(column);
    case 'bit':
      return bit(column);
    case 'year':
      return {
        expected: 'a year as a number',
        take: (value) =>
          value === 0 || (Number.isInteger(value) && Number(value) >= YEAR_MIN && Number(value) <= YEAR_MAX)
            ? Number(value)
            : REFUSED,
      };
    case 'float':
    case 'double':
      return floating(column);
    case 'decimal':
      return decimal(column);
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return temporal(column);
    case 'binary':
    case 'geometry':
      return { expected: 'a Uint8Array', take: (value) => (value instanceof Uint8Array ? value : REFUSED) };
    case 'json':
      return {
        expected: 'JSON as text',
        take: (value) => (typeof value === 'string' && isJson(value) ? value : REFUSED),
      };
    case 'enum':
      return labelled(column, (value, labels) => labels.has(value));
    case 'set':
      return labelled(column, (value, labels) => value === '' || value.split(',').every((label) => labels.has(label)));
    case 'text':
      return { expected: 'text', take: (value) => (typeof value === 'string' ? value : REFUSED) };
  }
}

function integer({ bytes = BYTE_BITS, unsigned = false }: ColumnDefinition): GivenValue {
  const bits = BigInt(bytes * BYTE_BITS);
  const least = unsigned ? 0n : -(1n << (bits - 1n));
  const most = unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
  const isLong = bytes === BYTE_BITS;
  const [least32, most32] = [Number(least), Number(most)];
  return {
    expected: `a whole number from ${String(least)} to ${String(most)}${isLong ? ', as a BigInt or a safe number' : ''}`,
    take: (value) => {
      if (typeof value === 'number' && !isLong)
        return Number.isInteger(value) && value >= least32 && value <= most32 ? value + 0 : REFUSED;
      const whole = wholeOf(value);
      if (whole === null || whole < least || whole > most) return REFUSED;
      return isLong ? whole : Number(whole);
    },
  };
}

function bit({ length = BIT_LENGTH_MAX }: ColumnDefinition): GivenValue {
  const most = (1n << BigInt(length)) - 1n;
  return {
    expected: `a whole number from 0 to ${String(most)}, as a BigInt or a safe number, or a boolean`,
    take: (value) => {
      const whole = wholeOf(value);
      return whole === null || whole < 0n || whole > most ? REFUSED : whole;
    },
  };
}

/** Booleans are 1 and 0, as the servers have them. */
function wholeOf(value: SandboxValue): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return Number.isSafeInteger(value) ? BigInt(Number(value)) : null;
}

function floating({ kind }: ColumnDefinition): GivenValue {
  return {
    expected: 'a number that is finite',
    take: (value) => {
      if (typeof value !== 'number') return REFUSED;
      const held = kind === 'float' ? Math.fround(value) : value;
      return Number.isFinite(held) ? held : REFUSED;
    },
  };
}

/** With the column's number of digits behind the point, as the source would show it. */
function decimal({ length, scale, unsigned }: ColumnDefinition): GivenValue {
  const take = (text: string): string | typeof REFUSED => {
    const [, sign = '', whole, fraction = ''] = DECIMAL.exec(text) ?? [];
    if (whole === undefined || (unsigned === true && sign !== '')) return REFUSED;
    if (length === undefined || scale === undefined) return text;
    if (fraction.length > scale || (whole !== '0' && whole.length > length - scale)) return REFUSED;
    return scale === 0 ? text : `${sign}${whole}.${fraction.padEnd(scale, '0')}`;
  };
  const digits =
    length === undefined || scale === undefined
      ? ''
      : ` of ${String(length)} digits, ${String(scale)} behind the point,`;
  return {
    expected: `a decimal${digits} as text, or a whole number`,
    take: (value) => {
      if (typeof value === 'string') return take(value);
      const whole = typeof value === 'boolean' ? null : wholeOf(value);
      return whole === null ? REFUSED : take(String(whole));
    },
  };
}

function temporal({ kind, length = FRACTION_DIGITS_MAX }: ColumnDefinition): GivenValue {
  const fraction = length === 0 ? '' : `[.${'f'.repeat(length)}]`;
  const forms = { date: 'YYYY-MM-DD', time: `[-]HHH:MM:SS${fraction}` };
  const form = kind === 'date' || kind === 'time' ? forms[kind] : `YYYY-MM-DD HH:MM:SS${fraction}`;
  return {
    expected: `text as ${form}`,
    take: (value) => {
      if (typeof value !== 'string') return REFUSED;
      if (kind === 'date') return isDay(DATE.exec(value)) ? value : REFUSED;
      const match = (kind === 'time' ? TIME : DATETIME).exec(value);
      if (match === null || (kind === 'time' ? Number(match[1]) > HOURS_MAX : !isDay(match))) return REFUSED;
      const digits = match[kind === 'time' ? 2 : 4] ?? '';
      if (digits.length > length) return REFUSED;
      return length === 0 ? value : `${digits === '' ? `${value}.` : value}${'0'.repeat(length - digits.length)}`;
    },
  };
}

/** Zeros stand for what is not known, as the servers have them. */
function isDay(match: RegExpExecArray | null): boolean {
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month > 12) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 31;
  return day <= days;
}

function labelled(
  { labels, kind }: ColumnDefinition,
  isAmong: (value: string, labels: ReadonlySet<string>) => boolean,
): GivenValue {
  const known = labels === undefined ? null : new Set(['', ...labels]);
  return {
    expected: kind === 'enum' ? 'one of the labels' : 'labels of the set, joined by commas',
    take: (value) => (typeof value === 'string' && (known === null || isAmong(value, known)) ? value : REFUSED),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
