import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';
import { textDecoderOf } from './charsets.ts';
import { COLUMN_TYPE } from '../schema/column-types.ts';
import { decodeJson } from './decode-json.ts';
import { inetText, uuidText } from './internet-types.ts';
import { inflateColumn } from './inflate-column.ts';
import { decimalReader } from './read-decimal.ts';
import {
  datetimeReader,
  readDate,
  readOldDatetime,
  readOldTime,
  readOldTimestamp,
  readYear,
  timeReader,
  timestampReader,
} from './read-temporal.ts';
import type { StoredColumn } from '../schema/table-map.ts';

/** Reads one value that is not NULL and leaves the cursor behind it. */
export type ColumnReader = (cursor: ByteCursor) => ColumnValue;

/** The reader for a column as it is stored (`stored`) and as it is meant (`column`). A type that Lutra does not know gives a reader that throws SOURCE_EVENT_UNSUPPORTED. */
export function columnReader(stored: StoredColumn, column: ColumnDefinition): ColumnReader {
  const { type, a, b } = stored;
  switch (type) {
    case COLUMN_TYPE.TINY:
    case COLUMN_TYPE.SHORT:
    case COLUMN_TYPE.INT24:
    case COLUMN_TYPE.LONG:
    case COLUMN_TYPE.LONGLONG:
      return integerReader(type, column.unsigned === true);
    case COLUMN_TYPE.FLOAT:
      return (cursor) => cursor.float();
    case COLUMN_TYPE.DOUBLE:
      return (cursor) => cursor.double();
    case COLUMN_TYPE.NEWDECIMAL:
      return decimalReader(a, b);
    case COLUMN_TYPE.BIT:
      return bitReader(a);
    case COLUMN_TYPE.ENUM:
    case COLUMN_TYPE.SET:
      return labelReader(a, column);
    case COLUMN_TYPE.JSON:
      return (cursor) => decodeJson(cursor.view8(cursor.uint(a)));
    case COLUMN_TYPE.GEOMETRY:
    case COLUMN_TYPE.VECTOR:
      return (cursor) => cursor.view8(cursor.uint(a));
    default:
      return (
        temporalReader(type, a) ??
        charactersReader(stored, column) ??
        unsupported(column, `column type ${String(type)}`)
      );
  }
}

function integerReader(type: number, unsigned: boolean): ColumnReader {
  switch (type) {
    case COLUMN_TYPE.TINY:
      return unsigned ? (cursor) => cursor.uint8() : (cursor) => cursor.int8();
    case COLUMN_TYPE.SHORT:
      return unsigned ? (cursor) => cursor.uint16() : (cursor) => cursor.int16();
    case COLUMN_TYPE.INT24:
      return unsigned ? (cursor) => cursor.uint24() : (cursor) => (cursor.uint24() << 8) >> 8;
    case COLUMN_TYPE.LONG:
      return unsigned ? (cursor) => cursor.uint32() : (cursor) => cursor.int32();
    default:
      return unsigned ? (cursor) => cursor.uint64() : (cursor) => cursor.int64();
  }
}

function bitReader(bits: number): ColumnReader {
  const bytes = (bits + 7) >> 3;
  return (cursor) => {
    const at = cursor.take(bytes);
    let value = 0n;
    for (let index = at; index < at + bytes; index += 1) value = (value << 8n) | BigInt(cursor.bytes[index] as number);
    return value;
  };
}

function temporalReader(type: number, digits: number): ColumnReader | null {
  switch (type) {
    case COLUMN_TYPE.YEAR:
      return readYear;
    case COLUMN_TYPE.DATE:
    case COLUMN_TYPE.NEWDATE:
      return readDate;
    case COLUMN_TYPE.TIME:
      return readOldTime;
    case COLUMN_TYPE.DATETIME:
      return readOldDatetime;
    case COLUMN_TYPE.TIMESTAMP:
      return readOldTimestamp;
    case COLUMN_TYPE.TIME2:
      return timeReader(digits);
    case COLUMN_TYPE.DATETIME2:
      return datetimeReader(digits);
    case COLUMN_TYPE.TIMESTAMP2:
      return timestampReader(digits);
    default:
      return null;
  }
}

/** Label number of an enum (0 = the error value), bit mask of a set. */
function labelReader(bytes: number, column: ColumnDefinition): ColumnReader {
  const { labels } = column;
  if (labels === undefined) return unsupported(column, `the labels of charset ${column.charset ?? 'unknown'}`);
  if (column.kind === 'enum') {
    const hasEmptyLabel = labels.includes('');
    return (cursor) => {
      const index = cursor.uint(bytes);
      if (index === 0 && hasEmptyLabel) throw ambiguousErrorValue(column);
      return index === 0 ? '' : (labels[index - 1] ?? raise(unknownLabel(column, index)));
    };
  }
  return (cursor) => {
    const at = cursor.take(bytes);
    const chosen: string[] = [];
    for (let bit = 0; bit < bytes * 8; bit += 1) {
      if (((cursor.bytes[at + (bit >> 3)] as number) & (1 << (bit & 7))) === 0) continue;
      chosen.push(labels[bit] ?? raise(unknownLabel(column, bit + 1)));
    }
    return chosen.join(',');
  };
}

function charactersReader({ type, a }: StoredColumn, column: ColumnDefinition): ColumnReader | null {
  switch (type) {
    case COLUMN_TYPE.STRING:
      return column.kind === 'binary' || column.charset === undefined
        ? fixedBytesReader(a, column)
        : textReader(a < 256 ? 1 : 2, column);
    case COLUMN_TYPE.VARCHAR:
    case COLUMN_TYPE.VAR_STRING:
      return bytesOrTextReader(a < 256 ? 1 : 2, column);
    case COLUMN_TYPE.TINY_BLOB:
    case COLUMN_TYPE.BLOB:
    case COLUMN_TYPE.MEDIUM_BLOB:
    case COLUMN_TYPE.LONG_BLOB:
      return bytesOrTextReader(a, column);
    case COLUMN_TYPE.VARCHAR_COMPRESSED:
      return compressedReader(a < 256 ? 1 : 2, column);
    case COLUMN_TYPE.BLOB_COMPRESSED:
      return compressedReader(a, column);
    default:
      return null;
  }
}

/** BINARY(n), UUID, INET6 and INET4: the log leaves trailing zero bytes out; here they come back. */
function fixedBytesReader(length: number, column: ColumnDefinition): ColumnReader {
  const lengthBytes = length < 256 ? 1 : 2;
  const padded = (cursor: ByteCursor): Buffer => {
    const value = cursor.view8(cursor.uint(lengthBytes));
    if (value.length > length) throw corrupt('a value longer than its column');
    if (value.length === length) return value;
    const whole = Buffer.alloc(length);
    value.copy(whole);
    return whole;
  };
  if (column.declared === 'uuid') return (cursor) => uuidText(padded(cursor));
  if (column.declared === 'inet6' || column.declared === 'inet4') return (cursor) => inetText(padded(cursor));
  return padded;
}

function bytesOrTextReader(lengthBytes: number, column: ColumnDefinition): ColumnReader {
  if (column.kind === 'binary') return (cursor) => cursor.view8(cursor.uint(lengthBytes));
  return textReader(lengthBytes, column);
}

function textReader(lengthBytes: number, column: ColumnDefinition): ColumnReader {
  const decode = textDecoderOf(column.charset ?? '');
  if (decode === null) return unsupported(column, `charset ${column.charset ?? 'unknown'}`);
  // A variant per width: this is the most frequent reader.
  if (lengthBytes === 1) {
    return (cursor) => {
      const length = cursor.uint8();
      const at = cursor.take(length);
      return length === 0 ? '' : decode(cursor.bytes, at, at + length);
    };
  }
  return (cursor) => {
    const length = cursor.uint(lengthBytes);
    const at = cursor.take(length);
    return length === 0 ? '' : decode(cursor.bytes, at, at + length);
  };
}

function compressedReader(lengthBytes: number, column: ColumnDefinition): ColumnReader {
  const decode = column.kind === 'binary' ? null : textDecoderOf(column.charset ?? '');
  if (decode === null && column.kind !== 'binary') return unsupported(column, `charset ${column.charset ?? 'unknown'}`);
  return (cursor) => {
    const content = inflateColumn(cursor.view8(cursor.uint(lengthBytes)));
    return decode === null ? content : decode(content, 0, content.length);
  };
}

/** Thrown per value, not per table: a table whose column of this type is always NULL goes through. */
function unsupported(column: ColumnDefinition, what: string): ColumnReader {
  const problem = `Lutra cannot decode ${what} of column ${column.name} exactly; take the column's table out of the mapping or convert the column`;
  return () => raise(new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: what, column: column.name }));
}

/** '' stands for the error value; here it would arrive as a label that the row does not have. */
function ambiguousErrorValue(column: ColumnDefinition): SyncError {
  const problem = `A row holds the error value of ENUM column ${column.name}, which cannot be told from its label '': give the row a valid label, then take a new position behind this row`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: 'ENUM error value', column: column.name });
}

function unknownLabel(column: ColumnDefinition, index: number): SyncError {
  const problem = `A row holds label ${String(index)} of column ${column.name}, which has ${String(column.labels?.length ?? 0)} labels`;
  return new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, column: column.name });
}

function raise(error: SyncError): never {
  throw error;
}
