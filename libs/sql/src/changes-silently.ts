import type { ColumnDefinition } from '@lutra/model';
import { keepsLabels } from './changes-labels.ts';
import type { TargetColumn } from './target-table.ts';

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
const EXACT_NUMBERS = new Set([...INTEGERS, 'decimal']);
const INTEGER_TYPES = new Set(INTEGERS);
const TEXTS = ['varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const TEXT_TYPES = new Set(TEXTS);
/** A text of the form in which the server prints such a value is kept: value-check.ts. */
const CANONICAL_TYPES = new Set([...INTEGERS, 'decimal', 'date', 'datetime', 'timestamp']);
const BYTE_TYPES = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
/** What holds any characters to the last; char drops blanks at the end. */
const WRITTEN_OUT = new Set([...TEXTS, ...BYTE_TYPES, 'char']);
const GEOMETRIES = new Set([
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geometrycollection', 'geomcollection'],
]);
/** Types of MariaDB that take their bytes as they are, or none. */
const INTERNET_TYPES = new Set(['uuid', 'inet6', 'inet4']);
/** Bits of the largest integers that a floating point number holds exactly. */
const EXACT_BITS: Readonly<Record<string, number>> = { float: 24, double: 53 };
/** No text of a double is longer: fewer characters and it is rounded until it fits. */
const DOUBLE_CHARACTERS = 24;

/**
 * Whether the target would change some values of the source's column without an error, even in strict mode: it rounds digits
 * and fractions of a second, drops blanks, adds zero bytes, takes a number for a label's place and a time for a date. What is
 * out of range, too long or no such value it refuses by itself. A pair of types that is not known to keep values counts as one
 * that changes them. Where only some values are changed, {@link valueCheck} tells them, and this says no.
 */
export function changesSilently(source: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  switch (source.kind) {
    case 'integer':
      return !keepsInteger(target, (source.bytes ?? 1) * 8) && dataType !== 'year';
    case 'bit':
      return !keepsInteger(target, source.length ?? 1);
    case 'year':
      return dataType !== 'year' && !keepsInteger(target, 12);
    case 'decimal':
      return !keepsDecimal(source, target);
    case 'float':
    case 'double':
      return !keepsFloating(source, target);
    case 'date':
      return !WRITTEN_OUT.has(dataType) && dataType !== 'date' && dataType !== 'datetime' && dataType !== 'timestamp';
    case 'time':
    case 'datetime':
    case 'timestamp':
      return !WRITTEN_OUT.has(dataType) && !keepsClock(source, target);
    case 'text':
      return !keepsText(source, target);
    case 'binary':
      return !keepsBytes(source, target);
    case 'enum':
    case 'set':
      return !WRITTEN_OUT.has(dataType) && !keepsLabels(source, target);
    case 'json':
      return dataType !== 'json' && !TEXT_TYPES.has(dataType) && !BYTE_TYPES.has(dataType);
    case 'geometry':
      return !GEOMETRIES.has(dataType) && !BYTE_TYPES.has(dataType);
  }
}

function keepsInteger({ dataType }: TargetColumn, bits: number): boolean {
  const exactBits = EXACT_BITS[dataType];
  if (exactBits !== undefined) return bits <= exactBits;
  return dataType === 'bit' || EXACT_NUMBERS.has(dataType) || WRITTEN_OUT.has(dataType) || dataType === 'json';
}

function keepsDecimal({ scale = 0 }: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  if (INTEGER_TYPES.has(dataType)) return scale === 0;
  return dataType === 'decimal' ? scale <= (declaredScale(target) ?? scale) : WRITTEN_OUT.has(dataType);
}

/** Which digits double(10,2) keeps is a matter of the value: value-check.ts. */
function keepsFloating({ kind }: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  // Where there is room without end, MySQL takes fewer digits.
  if (dataType === 'char' || dataType === 'varchar' || dataType === 'varbinary')
    return declaredNumber(target) >= DOUBLE_CHARACTERS;
  return dataType === 'double' || (dataType === 'float' && kind === 'float');
}

function keepsClock({ kind, length = 0 }: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  const isAlike = kind === 'time' ? dataType === 'time' : dataType === 'datetime' || dataType === 'timestamp';
  return isAlike && length <= declaredNumber(target);
}

function keepsText({ declared, charset }: ColumnDefinition, { dataType, columnType, nullable }: TargetColumn): boolean {
  const [own = ''] = /^\w+/.exec(declared.toLowerCase()) ?? [];
  if (TEXT_TYPES.has(dataType) || dataType === own || dataType === 'json' || dataType === 'char') return true;
  if (INTERNET_TYPES.has(dataType)) return true;
  // 5 reads back as 0000000005. A key, which is NOT NULL, would find row 7 by '007'.
  if (CANONICAL_TYPES.has(dataType)) return nullable && !columnType.includes('zerofill');
  // Its bytes are those of UTF-8, whatever they were.
  return BYTE_TYPES.has(dataType) && (charset === undefined || /^(?:utf8|ascii)/.test(charset));
}

function keepsBytes({ declared, length }: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType, charset, paddedBytes } = target;
  const [own = ''] = /^\w+/.exec(declared.toLowerCase()) ?? [];
  if (INTERNET_TYPES.has(dataType)) return true;
  // A log cuts the zero bytes at its end off; a column of the same length puts them back.
  if (own === 'binary') {
    if (length === undefined) return dataType === 'binary';
    return dataType === 'binary' ? length === paddedBytes : BYTE_TYPES.has(dataType);
  }
  // MariaDB logs a vector as varbinary.
  if (dataType === 'vector') return own === 'vector' || own === 'varbinary';
  if (BYTE_TYPES.has(dataType) || GEOMETRIES.has(dataType) || dataType === own) return dataType !== 'binary';
  return TEXT_TYPES.has(dataType) && !/^(?:ucs2|utf16|utf32)/.test(charset ?? '');
}

/** 2 of 'decimal(10,2) unsigned'; undefined when the type does not say. */
function declaredScale({ columnType }: TargetColumn): number | undefined {
  const scale = /\(\d+,(\d+)\)/.exec(columnType)?.[1];
  return scale === undefined ? undefined : Number(scale);
}

/** 3 of 'datetime(3)', 0 of 'datetime'. */
const declaredNumber = ({ columnType }: TargetColumn): number => Number(/\((\d+)\)/.exec(columnType)?.[1] ?? 0);
