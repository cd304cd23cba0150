import type { ColumnDefinition, ColumnKind } from '@lutra/model';
import { changesSilently, labelsOf } from '@lutra/sql';
import type { TargetColumn } from '@lutra/sql';

/**
 * same: as at the source. wider: the target holds every value unchanged. narrower: some values are refused. incompatible: values
 * would be changed without an error, or hardly any is taken, so that load refuses the table.
 */
export const VERDICTS = ['same', 'wider', 'narrower', 'incompatible'] as const;
export type Verdict = (typeof VERDICTS)[number];

const TEXT_BYTES: Readonly<Record<string, number>> = {
  ...{ tinytext: 255, text: 65_535, mediumtext: 16_777_215, longtext: 4_294_967_295 },
  ...{ tinyblob: 255, blob: 65_535, mediumblob: 16_777_215, longblob: 4_294_967_295 },
};
const INTEGER_BYTES: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, mediumint: 3, int: 4, bigint: 8 };
/** Digits of the largest value of so many bytes. */
const DIGITS: Readonly<Record<number, number>> = { 1: 3, 2: 5, 3: 8, 4: 10, 8: 20 };
const ANY_TEXT = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const ANY_BYTES = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const GEOMETRY = new Set(['geometry']);
/** Types beside those of its own kind that take at least some values of a kind unchanged. */
const TAKES: Readonly<Record<ColumnKind, ReadonlySet<string>>> = {
  integer: new Set([
    ...Object.keys(INTEGER_BYTES),
    'decimal',
    'bit',
    'year',
    'float',
    'double',
    ...ANY_TEXT,
    ...ANY_BYTES,
    'json',
  ]),
  decimal: new Set(['decimal', ...Object.keys(INTEGER_BYTES), ...ANY_TEXT, ...ANY_BYTES]),
  float: new Set(['float', 'double', ...ANY_TEXT, ...ANY_BYTES]),
  double: new Set(['double', ...ANY_TEXT, ...ANY_BYTES]),
  bit: new Set(['bit', ...Object.keys(INTEGER_BYTES), 'decimal', 'float', 'double']),
  year: new Set([
    'year',
    'smallint',
    'mediumint',
    'int',
    'bigint',
    'decimal',
    'float',
    'double',
    ...ANY_TEXT,
    ...ANY_BYTES,
  ]),
  date: new Set(['date', 'datetime', 'timestamp', ...ANY_TEXT, ...ANY_BYTES]),
  time: new Set(['time', ...ANY_TEXT, ...ANY_BYTES]),
  datetime: new Set(['datetime', 'timestamp', ...ANY_TEXT, ...ANY_BYTES]),
  timestamp: new Set(['datetime', 'timestamp', ...ANY_TEXT, ...ANY_BYTES]),
  text: new Set([
    ...ANY_TEXT,
    ...ANY_BYTES,
    'json',
    'enum',
    'uuid',
    'inet4',
    'inet6',
    'date',
    'datetime',
    'timestamp',
    'decimal',
    ...Object.keys(INTEGER_BYTES),
  ]),
  binary: new Set(['binary', ...ANY_BYTES, ...ANY_TEXT, 'uuid', 'inet4', 'inet6', 'vector', 'geometry']),
  enum: new Set(['enum', 'set', ...ANY_TEXT, ...ANY_BYTES, ...Object.keys(INTEGER_BYTES)]),
  set: new Set(['set', ...ANY_TEXT, ...ANY_BYTES]),
  json: new Set(['json', 'text', 'mediumtext', 'longtext', 'blob', 'mediumblob', 'longblob', 'varchar', 'tinytext']),
  geometry: new Set([
    'geometry',
    'point',
    'linestring',
    'polygon',
    'multipoint',
    'multilinestring',
    'multipolygon',
    'geometrycollection',
    'geomcollection',
    ...ANY_BYTES,
  ]),
};

/** Where the two servers' types of one name differ. */
export interface Peculiarities {
  /** TIMESTAMP of the source ends in 2106, that of the target in 2038. */
  readonly hasLongTimestamps: boolean;
}

/** Compares types alone; what charsets and NULLs add is judged beside it. */
export function judgeColumn(
  source: ColumnDefinition,
  target: TargetColumn,
  { hasLongTimestamps }: Peculiarities = { hasLongTimestamps: false },
): Verdict {
  const declared = source.declared.toLowerCase();
  if (hasLongTimestamps && source.kind === 'timestamp' && target.dataType === 'timestamp') return 'narrower';
  const same = declared === withoutWidth(target.columnType).toLowerCase();
  if (same) return 'same';
  if (changesSilently(source, target) || !TAKES[source.kind].has(target.dataType)) {
    const isOwn = declared.split(/[ (]/)[0] === target.dataType;
    return isOwn && !changesSilently(source, target) ? holds(source, target) : 'incompatible';
  }
  return holds(source, target);
}

const holds = (source: ColumnDefinition, target: TargetColumn): Verdict =>
  holdsAll(source, target) ? 'wider' : 'narrower';

const withoutWidth = (columnType: string): string =>
  columnType.replace(/^(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)/i, '$1');

function holdsAll(source: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  const { kind, length = 0 } = source;
  if (kind !== 'text' && kind !== 'binary' && kind !== 'json' && (ANY_TEXT.has(dataType) || ANY_BYTES.has(dataType)))
    return charactersOf(source) <= roomOf(target);
  switch (kind) {
    case 'integer':
      return holdsInteger(source, target);
    case 'decimal': {
      if (dataType !== 'decimal') return false;
      const [digits = 0, scale = 0] = numbersOf(target);
      const isSigned = source.unsigned === true || !isUnsigned(target);
      return isSigned && scale >= (source.scale ?? 0) && digits - scale >= length - (source.scale ?? 0);
    }
    case 'float':
    case 'double':
      return !isUnsigned(target) || source.unsigned === true;
    case 'bit':
      return holdsBits(length, target);
    case 'year':
      return true;
    case 'date':
      return dataType !== 'timestamp';
    case 'time':
      return true;
    case 'datetime':
      return dataType === 'datetime';
    case 'timestamp':
      return true;
    case 'text':
    case 'binary':
      return holdsText(source, target);
    case 'enum':
    case 'set': {
      const labels = labelsOf(target.columnType) ?? [];
      return (source.labels ?? []).every((label) => labels.includes(label));
    }
    case 'json':
      return dataType === 'json' || dataType.startsWith('long');
    case 'geometry':
      return GEOMETRY.has(dataType) || dataType === 'longblob';
  }
}

function holdsInteger({ bytes = 8, unsigned = false }: ColumnDefinition, target: TargetColumn): boolean {
  const ours = INTEGER_BYTES[target.dataType];
  if (ours !== undefined) {
    if (isUnsigned(target)) return unsigned && ours >= bytes;
    return unsigned ? ours > bytes : ours >= bytes;
  }
  if (target.dataType === 'decimal') {
    const [digits = 0, scale = 0] = numbersOf(target);
    return digits - scale >= (DIGITS[bytes] ?? 20) && (unsigned || !isUnsigned(target));
  }
  if (target.dataType === 'bit') return unsigned && (numbersOf(target)[0] ?? 1) >= bytes * 8;
  // What does not fit exactly counts as changed silently.
  return target.dataType !== 'year';
}

function holdsBits(bits: number, target: TargetColumn): boolean {
  const ours = INTEGER_BYTES[target.dataType];
  if (target.dataType === 'bit') return (numbersOf(target)[0] ?? 1) >= bits;
  if (ours !== undefined) return ours * 8 - (isUnsigned(target) ? 0 : 1) >= bits;
  return target.dataType !== 'decimal' || (numbersOf(target)[0] ?? 0) >= 20;
}

/** By the longest value either may have: in characters where both count them, otherwise in bytes. */
function holdsText(source: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  const own = /^\w+/.exec(source.declared.toLowerCase())?.[0] ?? '';
  // uuid, inet4, inet6: at most 39 characters.
  if (!(own in TEXT_BYTES) && source.length === undefined)
    return roomOf(target) >= 39 || (own === 'uuid' && roomOf(target) >= 36);
  if (!ANY_TEXT.has(dataType) && !ANY_BYTES.has(dataType) && dataType !== 'binary') return false;
  const isCounted = source.length !== undefined;
  const isCountedHere = !(dataType in TEXT_BYTES);
  if (isCounted && isCountedHere)
    return roomOf(target) >= source.length * (ANY_BYTES.has(dataType) && source.kind === 'text' ? 4 : 1);
  const bytes = isCounted ? source.length * (source.kind === 'text' ? 4 : 1) : (TEXT_BYTES[own] ?? 0);
  const room = isCountedHere ? roomOf(target) : (TEXT_BYTES[dataType] ?? 0);
  return room >= bytes;
}

/** Longest text of a value. */
function charactersOf({ kind, bytes = 8, length = 0, labels = [] }: ColumnDefinition): number {
  switch (kind) {
    case 'integer':
      return (DIGITS[bytes] ?? 20) + 1;
    case 'decimal':
      return length + 3;
    case 'enum':
      return Math.max(0, ...labels.map((label) => label.length));
    case 'set':
      return labels.join(',').length;
    default:
      return 26;
  }
}

/** Characters, or bytes where the type counts those. */
const roomOf = (target: TargetColumn): number => TEXT_BYTES[target.dataType] ?? numbersOf(target)[0] ?? 0;

/** 10 and 2 of 'decimal(10,2) unsigned'. */
const numbersOf = ({ columnType }: TargetColumn): readonly number[] =>
  (/\(([\d,]+)\)/.exec(columnType)?.[1] ?? '').split(',').map(Number);

const isUnsigned = ({ columnType }: TargetColumn): boolean => / unsigned\b/.test(columnType);
