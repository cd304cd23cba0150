import type { ColumnDefinition } from '@lutra/model';
import { valueToJson } from '@lutra/sql';
import type { JsonValue } from '@lutra/sql';

/**
 * What is wrong with a value of a request for a column, as the rest of a sentence; null = nothing. Values stand in the form in
 * which the API shows them.
 */
export function problemOf(column: ColumnDefinition, value: unknown): string | null {
  if (value === null) return column.nullable ? null : 'must not be null';
  switch (column.kind) {
    case 'integer':
      return isInteger(value) && isInRange(BigInt(digitsOf(value)), column) ? null : integerProblem(column);
    case 'bit':
      return isInteger(value) && BigInt(digitsOf(value)) >= 0n ? null : 'must be a number or {"integer": "…"}';
    case 'year':
      return Number.isInteger(value) ? null : 'must be a number';
    case 'float':
    case 'double':
      return typeof value === 'number' ? null : 'must be a number';
    case 'binary':
    case 'geometry':
      return isBytes(value) ? null : 'must be {"bytes": "…"} in base64';
    default:
      return typeof value === 'string' ? textProblem(column, value) : 'must be text';
  }
}

const FORMS: Partial<Record<ColumnDefinition['kind'], readonly [form: RegExp, problem: string]>> = {
  decimal: [/^-?\d{1,65}(\.\d{1,38})?$/, 'must be a decimal number as text, like "-12.50"'],
  date: [/^\d{4}-\d\d-\d\d$/, 'must be a date as text, like "2026-11-21"'],
  time: [/^-?\d{2,3}:\d\d:\d\d(\.\d{1,6})?$/, 'must be a time as text, like "10:00:00.5"'],
  datetime: [/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/, 'must be like "2026-11-21 10:00:00"'],
  timestamp: [/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/, 'must be like "2026-11-21 10:00:00", in UTC'],
};

function textProblem({ kind, labels, length }: ColumnDefinition, value: string): string | null {
  const form = FORMS[kind];
  if (form !== undefined) return form[0].test(value) ? null : form[1];
  if (!value.isWellFormed()) return 'holds half a surrogate pair';
  if (kind === 'enum' && labels?.includes(value) === false) return `must be one of ${labels.join(', ')}`;
  if (kind === 'set' && labels !== undefined && value !== '' && !value.split(',').every((one) => labels.includes(one)))
    return `must be made of ${labels.join(', ')}`;
  if (kind === 'json' && !isJson(value)) return 'must be JSON as text';
  if (kind === 'text' && length !== undefined && Array.from(value).length > length)
    return `must not be longer than ${String(length)} characters`;
  return null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

type Integer = number | { readonly integer: string };

const isInteger = (value: unknown): value is Integer =>
  Number.isSafeInteger(value) || /^-?\d{1,20}$/.test(textAt(value, 'integer') ?? '');

const digitsOf = (value: Integer): string => (typeof value === 'number' ? String(value) : value.integer);

const isBytes = (value: unknown): boolean =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(textAt(value, 'bytes') ?? '?');

/** The text in an object of one field. */
function textAt(value: unknown, name: 'integer' | 'bytes'): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
  const text: unknown = (value as Readonly<Record<string, unknown>>)[name];
  return typeof text === 'string' ? text : undefined;
}

function isInRange(value: bigint, { bytes = 8, unsigned }: ColumnDefinition): boolean {
  const bits = BigInt(bytes * 8);
  const [min, max] = unsigned === true ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  return value >= min && value <= max;
}

const integerProblem = ({ declared }: ColumnDefinition): string =>
  `must be a number or {"integer": "…"} that fits into ${declared}`;

/**
 * A value without {@link problemOf}, as it is kept. In memory 64-bit integers and bits are bigint, smaller ones numbers; the
 * stored form says which.
 */
export function canonical({ kind, bytes = 8 }: ColumnDefinition, value: JsonValue): JsonValue {
  if (value === null || (kind !== 'integer' && kind !== 'bit')) return value;
  const digits = digitsOf(value as Integer);
  return valueToJson(kind === 'bit' || bytes === 8 ? BigInt(digits) : Number(digits));
}
