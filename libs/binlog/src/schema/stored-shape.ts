import type { ColumnDefinition } from '@lutra/model';
import { charsetBytesMax } from './collation-charset.ts';
import { COLUMN_TYPE } from './column-types.ts';
import type { StoredColumn } from './table-map.ts';

/**
 * How a column lies in a rows event, as a word: 'integer4', 'decimal10.2', 'varchar256' (bytes). Two columns of one word are
 * read alike; a table map and a table definition belong together only if their words agree one by one.
 */
export function shapeOfStored({ type, a, b }: StoredColumn): string {
  switch (type) {
    case COLUMN_TYPE.TINY:
      return 'integer1';
    case COLUMN_TYPE.SHORT:
      return 'integer2';
    case COLUMN_TYPE.INT24:
      return 'integer3';
    case COLUMN_TYPE.LONG:
      return 'integer4';
    case COLUMN_TYPE.LONGLONG:
      return 'integer8';
    case COLUMN_TYPE.NEWDECIMAL:
      return `decimal${String(a)}.${String(b)}`;
    case COLUMN_TYPE.FLOAT:
      return 'float';
    case COLUMN_TYPE.DOUBLE:
      return 'double';
    case COLUMN_TYPE.BIT:
      return `bit${String(a)}`;
    case COLUMN_TYPE.YEAR:
      return 'year';
    case COLUMN_TYPE.DATE:
    case COLUMN_TYPE.NEWDATE:
      return 'date';
    case COLUMN_TYPE.TIME:
    case COLUMN_TYPE.TIME2:
      return `time${String(a)}`;
    case COLUMN_TYPE.DATETIME:
    case COLUMN_TYPE.DATETIME2:
      return `datetime${String(a)}`;
    case COLUMN_TYPE.TIMESTAMP:
    case COLUMN_TYPE.TIMESTAMP2:
      return `timestamp${String(a)}`;
    case COLUMN_TYPE.STRING:
      return `char${String(a)}`;
    case COLUMN_TYPE.VARCHAR:
    case COLUMN_TYPE.VAR_STRING:
      return `varchar${String(a)}`;
    case COLUMN_TYPE.VARCHAR_COMPRESSED:
      return `varchar${String(a - 1)}`;
    case COLUMN_TYPE.BLOB_COMPRESSED:
      return `blob${String(a)}`;
    case COLUMN_TYPE.ENUM:
      return `enum${String(a)}`;
    case COLUMN_TYPE.SET:
      return `set${String(a)}`;
    case COLUMN_TYPE.JSON:
      return 'json';
    case COLUMN_TYPE.GEOMETRY:
      return 'geometry';
    case COLUMN_TYPE.VECTOR:
      return 'vector';
    default:
      return type >= COLUMN_TYPE.TINY_BLOB && type <= COLUMN_TYPE.BLOB ? `blob${String(a)}` : `type${String(type)}`;
  }
}

/** True when a column that information_schema describes lies in the log like `stored`. */
export function isStoredAs(stored: StoredColumn, column: ColumnDefinition): boolean {
  const shape = shapeOfStored(stored);
  if (shape === shapeOfColumn(column)) return true;
  // MariaDB logs a VECTOR as the VARBINARY that its floats of four bytes fill (observed with 11.8).
  const dimensions = /^vector\((\d+)\)/.exec(column.declared)?.[1];
  return dimensions !== undefined && shape === `varchar${String(4 * Number(dimensions))}`;
}

/** The same word from what information_schema says of a column. */
export function shapeOfColumn(column: ColumnDefinition): string {
  const length = column.length ?? 0;
  switch (column.kind) {
    case 'integer':
      return `integer${String(column.bytes ?? 0)}`;
    case 'decimal':
      return `decimal${String(length)}.${String(column.scale ?? 0)}`;
    case 'bit':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return `${column.kind}${String(length)}`;
    case 'enum':
      return `enum${(column.labels?.length ?? 0) < 256 ? '1' : '2'}`;
    case 'set':
      return `set${String(bytesOfSet(column.labels?.length ?? 0))}`;
    case 'text':
    case 'binary':
      return shapeOfCharacters(column, length);
    default:
      return column.kind;
  }
}

function bytesOfSet(labels: number): number {
  const bytes = (labels + 7) >> 3;
  return bytes > 4 ? 8 : bytes;
}

const BLOB_LENGTH_BYTES = new Map([
  ['tiny', 1],
  ['', 2],
  ['medium', 3],
  ['long', 4],
]);

function shapeOfCharacters({ declared, charset, kind }: ColumnDefinition, length: number): string {
  if (declared === 'uuid' || declared === 'inet6') return 'char16';
  if (declared === 'inet4') return 'char4';
  const blob = /^(tiny|medium|long|)(?:blob|text)/.exec(declared);
  if (blob !== null) return `blob${String(BLOB_LENGTH_BYTES.get(blob[1] ?? '') ?? 0)}`;
  if (declared.startsWith('vector')) return 'vector';
  const bytes = length * (kind === 'binary' ? 1 : charsetBytesMax(charset ?? 'binary'));
  return `${declared.startsWith('var') ? 'varchar' : 'char'}${String(bytes)}`;
}
