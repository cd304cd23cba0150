import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { changedLabels } from './changes-labels.ts';
import type { TargetColumn } from './target-table.ts';

type ValueCheck = (value: ColumnValue) => boolean;

/** Bytes of the types whose declaration says no length. */
const BYTES_MAX: Readonly<Record<string, number>> = {
  ...{ tinytext: 255, text: 65_535, mediumtext: 16_777_215 },
  ...{ tinyblob: 255, blob: 65_535, mediumblob: 16_777_215 },
};
/** Characters of the types of MariaDB that are read as text. */
const INTERNET_LENGTHS: Readonly<Record<string, number>> = { uuid: 36, inet6: 39, inet4: 15 };
const BYTES_PER_CHARACTER_MAX = 4;
const BLANK = 0x20;
const NOT_ASCII = /[^\x00-\x7f]/g; // the border of ASCII is the point
const SINGLE_BYTE = /^(?:ascii|latin\d|cp(?:125\d|85\d|866)|koi8[ru]|greek|hebrew|mac(?:ce|roman)|dec8|hp8|tis620)$/;

/**
 * Tells the values which the target would change without an error, where most values of the two types are safe: what is too
 * long but for blanks at its end is cut, CHAR drops them, double(10,2) rounds, a number's text may be read in part. A few
 * others may be told too. Null: none.
 */
export function valueCheck(source: ColumnDefinition, target: TargetColumn): ValueCheck | null {
  switch (source.kind) {
    case 'integer':
      return integerCheck(source, target);
    case 'text':
      return textCheck(source, target);
    case 'binary':
      return bytesCheck(source, target);
    case 'float':
    case 'double':
      return digitsCheck(source, target);
    case 'enum':
    case 'set':
      return labelCheck(source, target);
    default:
      return null;
  }
}

/** Of a year the server takes 1 for 2001; -1 becomes all ones in bit(64). */
function integerCheck({ unsigned }: ColumnDefinition, { dataType, columnType }: TargetColumn): ValueCheck | null {
  if (dataType === 'year')
    return (value) => value !== null && Number(value) !== 0 && !(Number(value) >= 1901 && Number(value) <= 2155);
  if (unsigned === true || columnType !== 'bit(64)') return null;
  return (value) => value !== null && Number(value) < 0;
}

function labelCheck(source: ColumnDefinition, target: TargetColumn): ValueCheck | null {
  const changed = changedLabels(source, target);
  if (changed.size === 0) return null;
  if (source.kind === 'enum') return (value) => typeof value === 'string' && changed.has(value);
  return (value) => typeof value === 'string' && value.split(',').some((label) => changed.has(label));
}

function bytesCheck(source: ColumnDefinition, { dataType, columnType }: TargetColumn): ValueCheck | null {
  const { length } = source;
  const own = typeOf(source);
  if (own === 'binary' && /^(?:varbinary|\w*blob)$/.test(dataType))
    // Its zero bytes at the end were cut off by the log.
    return (value) => value instanceof Uint8Array && value.length < (length ?? Infinity);
  const max = charactersOf(columnType) ?? (dataType.endsWith('text') ? BYTES_MAX[dataType] : undefined);
  if (max === undefined || (length ?? BYTES_MAX[own] ?? Infinity) <= max) return null;
  return (value) => value instanceof Uint8Array && value.length > max && value.at(-1) === BLANK;
}

function textCheck(source: ColumnDefinition, target: TargetColumn): ValueCheck | null {
  const { dataType, columnType, charset } = target;
  const own = typeOf(source);
  if (dataType === own && INTERNET_LENGTHS[own] !== undefined) return null;
  const canonical = canonicalForm(target);
  if (canonical !== null) return (value) => typeof value === 'string' && !canonical(value);
  // None of these ends in a blank.
  if (own === 'char' || INTERNET_LENGTHS[own] !== undefined) return null;
  if (dataType === 'char') return (value) => typeof value === 'string' && value.endsWith(' ');
  const length = source.length ?? charactersOf(source.declared.toLowerCase()) ?? BYTES_MAX[own] ?? Infinity;
  const characters = charactersOf(columnType);
  if (characters !== undefined) {
    if (length <= characters) return null;
    return (value) => isLong(value, characters) && Array.from(value).length > characters;
  }
  const max = BYTES_MAX[dataType];
  if (max === undefined || bytesOf(source, length, charset) <= max) return null;
  return (value) => isLong(value, max / BYTES_PER_CHARACTER_MAX) && byteLength(value, charset) > max;
}

const isLong = (value: ColumnValue, length: number): value is string =>
  typeof value === 'string' && value.length > length && value.endsWith(' ');

/** The most that a value of the source's column takes at the target. */
function bytesOf(source: ColumnDefinition, length: number, charset: string | null): number {
  const [theirs, ours] = [source.charset ?? '', charset ?? ''];
  const isAlike = theirs !== '' && (theirs === ours || (isUtf8(theirs) && ours === 'utf8mb4'));
  if (source.length === undefined && isAlike) return length;
  if (SINGLE_BYTE.test(ours)) return length;
  return length * (isUtf8(ours) && ours !== 'utf8mb4' ? 3 : BYTES_PER_CHARACTER_MAX);
}

/** In a charset that is not known here: no less than it is. */
function byteLength(text: string, charset: string | null): number {
  if (charset !== null) {
    if (isUtf8(charset)) return Buffer.byteLength(text);
    if (SINGLE_BYTE.test(charset)) return text.length;
    if (/^(?:ucs2|utf16)/.test(charset)) return text.length * 2;
    if (charset === 'utf32') return Array.from(text).length * 4;
  }
  return text.length + (text.match(NOT_ASCII)?.length ?? 0) * (BYTES_PER_CHARACTER_MAX - 1);
}

const isUtf8 = (charset: string): boolean => charset.startsWith('utf8');

/** 'varchar' of 'varchar(40)'. */
const typeOf = ({ declared }: ColumnDefinition): string => /^\w+/.exec(declared.toLowerCase())?.[0] ?? '';

/** 40 of 'varchar(40)'. */
function charactersOf(columnType: string): number | undefined {
  const length = /^(?:var)?char\((\d+)\)/.exec(columnType)?.[1];
  return length === undefined ? undefined : Number(length);
}

// A key is compared with its text as floating point: more digits are not told apart.
const INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;
const DIGITS_MAX = 15;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const INET4 = /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/;
const INET6_GROUPS = /^[1-9a-f][\da-f]{0,3}(?::[1-9a-f][\da-f]{0,3})*$/;

/** Whether a text is as the server prints values of the column; null: the column holds text, or bytes. */
function canonicalForm({ dataType, columnType }: TargetColumn): ((text: string) => boolean) | null {
  const digits = Number(/\((?:\d+,)?(\d+)\)/.exec(columnType)?.[1] ?? 0);
  switch (dataType) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return (text) => INTEGER.test(text);
    case 'decimal': {
      const scale = /\(\d+,(\d+)\)/.exec(columnType)?.[1] ?? '0';
      const form = new RegExp(`^-?(?:0|[1-9]\\d*)${scale === '0' ? '' : `\\.\\d{${scale}}`}$`);
      return (text) => form.test(text) && text.replaceAll(/\D/g, '').length <= DIGITS_MAX && !/^-[0.]*$/.test(text);
    }
    case 'date':
      return (text) => /^\d{4}-\d\d-\d\d$/.test(text);
    case 'datetime':
    case 'timestamp': {
      const fraction = digits === 0 ? '' : `\\.\\d{${String(digits)}}`;
      const form = new RegExp(`^\\d{4}-\\d\\d-\\d\\d (?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d${fraction}$`);
      return (text) => form.test(text);
    }
    case 'uuid':
      return (text) => UUID.test(text);
    case 'inet4':
      return (text) => INET4.test(text);
    case 'inet6':
      return isInet6;
    default:
      return null;
  }
}

/** Some that are printed alike are left out: with a group of zeros beside the gap. */
function isInet6(text: string): boolean {
  if (text === '::' || text === '::1') return true;
  if (text.startsWith('::ffff:')) return INET4.test(text.slice('::ffff:'.length));
  const [left = '', right, more] = text.split('::');
  const groups = text.split(/::?/).filter((group) => group !== '').length;
  if (more !== undefined || !INET6_GROUPS.test(left)) return false;
  if (right === undefined) return groups === 8;
  return (right === '' || INET6_GROUPS.test(right)) && groups <= 6;
}

function digitsCheck({ kind, declared }: ColumnDefinition, { columnType }: TargetColumn): ValueCheck | null {
  const digits = /^(?:float|double)\(\d+,(\d+)\)/.exec(columnType)?.[1];
  if (digits === undefined || declared.toLowerCase() === columnType.toLowerCase()) return null;
  return (value: ColumnValue): boolean => {
    if (typeof value !== 'number') return false;
    const rounded = roundedAsStored(value, 10 ** Number(digits));
    return (kind === 'float' ? Math.fround(rounded) : rounded) !== value;
  };
}

/** Observed: the part behind the point is rounded by itself, so 3.1415926536 is stored a bit beside the nearest double. */
function roundedAsStored(value: number, power: number): number {
  const whole = Math.floor(value);
  const scaled = (value - whole) * power;
  const nearest = Math.round(scaled);
  const isOddHalf = nearest - scaled === 0.5 && nearest % 2 !== 0;
  return whole + (isOddHalf ? nearest - 1 : nearest) / power;
}
