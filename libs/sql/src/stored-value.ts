import { isSameValue } from '@lutra/model';
import type { ColumnValue } from '@lutra/model';
import { canonicalJson } from './canonical-json.ts';
import type { WrittenColumn } from './table-writer.ts';

/**
 * Whether the target holds the value, `found` being what {@link lockRows} read. Exact for each type: text by its characters
 * and not by collation, decimals by their digits, JSON by its content. What a column pads or leaves out is no difference:
 * zero bytes behind binary(n), blanks behind char(n), zeros behind the point.
 */
export function isStoredValue(column: WrittenColumn, value: ColumnValue, found: ColumnValue): boolean {
  if (value === null || found === null) return value === found;
  if (isSameValue(value, found)) return true;
  const { definition, target } = column;
  switch (definition.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      return String(value) === String(found);
    case 'float':
    case 'double':
      // The two zeros are equal.
      return value === found;
    case 'decimal':
      return canonicalDecimal(String(value)) === canonicalDecimal(String(found));
    case 'time':
    case 'datetime':
    case 'timestamp':
      return canonicalTime(String(value)) === canonicalTime(String(found));
    case 'json':
      return canonicalJson(String(value)) === canonicalJson(String(found));
    case 'binary':
      return target.paddedBytes !== null && isSameValue(trimmedBytes(value), trimmedBytes(found));
    case 'text':
      return target.dataType === 'char' && withoutBlanks(value) === withoutBlanks(found);
    default:
      return false;
  }
}

/** -1, 0 or 1 as `one` is less than, equal to or greater than `other`, by the column's kind; NULL is less than everything. */
export function compareValues({ definition }: WrittenColumn, one: ColumnValue, other: ColumnValue): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1;
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Math.sign(Buffer.compare(one, other));
  switch (definition.kind) {
    case 'integer':
    case 'bit':
    case 'year':
    case 'float':
    case 'double':
      return one < other ? -1 : one > other ? 1 : 0;
    case 'decimal':
      return compareDecimals(String(one), String(other));
    case 'time':
      return compareDecimals(secondsOf(String(one)), secondsOf(String(other)));
    case 'datetime':
    case 'timestamp':
      return compareTexts(canonicalTime(String(one)), canonicalTime(String(other)));
    default:
      return compareTexts(String(one), String(other));
  }
}

/** `found + (after − before)`, exactly. What is NULL or not known counts as zero. The result may be out of the column's range. */
export function addDelta(
  { definition }: WrittenColumn,
  found: ColumnValue,
  { before, after }: { readonly before: ColumnValue | undefined; readonly after: ColumnValue },
): ColumnValue {
  const [base, from, to] = [found ?? 0, before ?? 0, after ?? 0];
  switch (definition.kind) {
    case 'integer': {
      const sum = BigInt(String(base)) + BigInt(String(to)) - BigInt(String(from));
      return definition.bytes === 8 ? sum : Number(sum);
    }
    case 'decimal':
      return sumDecimals(String(base), String(to), String(from));
    case 'float':
    case 'double':
      return Number(base) + (Number(to) - Number(from));
    default:
      return after;
  }
}

function canonicalDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^([-+]?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (whole === '' && fraction === '') return /^[-+]?[\d.]+$/.test(text) ? '0' : text;
  const digits = fraction === '' ? whole || '0' : `${whole || '0'}.${fraction}`;
  return sign === '-' ? `-${digits}` : digits;
}

// '10:00:00.500000' and '10:00:00.5' are one time.
const canonicalTime = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** A time as a decimal number of seconds: it may be negative and longer than a day. */
function secondsOf(text: string): string {
  const [, sign = '', hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    /^(-?)(\d+):(\d+):(\d+)((?:\.\d*)?)$/.exec(text) ?? [];
  return `${sign}${String(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))}${fraction}`;
}

function compareDecimals(one: string, other: string): number {
  const difference = scaled([one, other], (a, b) => a - b).value;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function sumDecimals(base: string, to: string, from: string): string {
  const { value, scale } = scaled([base, to, from], (sum, plus, minus) => sum + plus - minus);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

/** The texts as integers of one scale, and what is made of them. */
function scaled(
  texts: readonly string[],
  work: (one: bigint, other: bigint, third: bigint) => bigint,
): { readonly value: bigint; readonly scale: number } {
  const parts = texts.map((text) => text.split('.'));
  const scale = Math.max(...parts.map(([, fraction = '']) => fraction.length));
  const [one = 0n, other = 0n, third = 0n] = parts.map(([whole = '0', fraction = '']) =>
    BigInt(`${whole}${fraction.padEnd(scale, '0')}`),
  );
  return { value: work(one, other, third), scale };
}

const compareTexts = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const withoutBlanks = (value: ColumnValue): string => String(value).replace(/ +$/, '');

function trimmedBytes(value: ColumnValue): ColumnValue {
  if (!(value instanceof Uint8Array)) return value;
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  return value.subarray(0, end);
}
