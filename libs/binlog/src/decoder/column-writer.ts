import { isUtf8 } from 'node:buffer';
import { LARGE_TEXT_BYTES_MIN } from '@lutra/model';
import type { ColumnDefinition, ValueSink } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { keepsAscii } from './charsets.ts';
import type { ColumnReader } from './column-reader.ts';
import { COLUMN_TYPE } from '../schema/column-types.ts';
import type { StoredColumn } from '../schema/table-map.ts';
import { decimalWriter } from './write-decimal.ts';
import { dateWriter, datetimeWriter, timestampWriter, timeWriter } from './write-temporal.ts';

/** Hands one value that is not NULL to the sink and leaves the cursor behind it. */
export type ColumnWriter = (cursor: ByteCursor, to: ValueSink) => void;

/** The writer that makes a value and hands it over: right for every column. */
export const ordinaryWriter =
  (read: ColumnReader): ColumnWriter =>
  (cursor, to) =>
    to.takeValue(read(cursor));

/**
 * The writer for a column: for the commonest types without a value in between, and to the same effect as the value that
 * `read` gives.
 */
export function columnWriter(stored: StoredColumn, column: ColumnDefinition, read: ColumnReader): ColumnWriter {
  const { type, a, b } = stored;
  const ordinary = ordinaryWriter(read);
  switch (type) {
    case COLUMN_TYPE.TINY:
    case COLUMN_TYPE.SHORT:
    case COLUMN_TYPE.INT24:
    case COLUMN_TYPE.LONG:
    case COLUMN_TYPE.LONGLONG:
      return integerWriter(type, column.unsigned === true);
    case COLUMN_TYPE.FLOAT:
      return (cursor, to) => to.takeNumber(cursor.float());
    case COLUMN_TYPE.DOUBLE:
      return (cursor, to) => to.takeNumber(cursor.double());
    case COLUMN_TYPE.NEWDECIMAL:
      return decimalWriter(a, b, ordinary);
    case COLUMN_TYPE.DATE:
    case COLUMN_TYPE.NEWDATE:
      return dateWriter(ordinary);
    case COLUMN_TYPE.TIME2:
      return timeWriter(a, ordinary);
    case COLUMN_TYPE.DATETIME2:
      return datetimeWriter(a, ordinary);
    case COLUMN_TYPE.TIMESTAMP2:
      return timestampWriter(a, ordinary);
    case COLUMN_TYPE.STRING:
      return column.kind === 'text' ? textWriter(a < 256 ? 1 : 2, column, ordinary) : ordinary;
    case COLUMN_TYPE.VARCHAR:
    case COLUMN_TYPE.VAR_STRING:
      return bytesOrTextWriter(a < 256 ? 1 : 2, column, ordinary);
    case COLUMN_TYPE.TINY_BLOB:
    case COLUMN_TYPE.BLOB:
    case COLUMN_TYPE.MEDIUM_BLOB:
    case COLUMN_TYPE.LONG_BLOB:
      return bytesOrTextWriter(a, column, ordinary);
    default:
      return ordinary;
  }
}

function integerWriter(type: number, unsigned: boolean): ColumnWriter {
  switch (type) {
    case COLUMN_TYPE.TINY:
      return unsigned ? (cursor, to) => to.takeNumber(cursor.uint8()) : (cursor, to) => to.takeNumber(cursor.int8());
    case COLUMN_TYPE.SHORT:
      return unsigned ? (cursor, to) => to.takeNumber(cursor.uint16()) : (cursor, to) => to.takeNumber(cursor.int16());
    case COLUMN_TYPE.INT24:
      return unsigned
        ? (cursor, to) => to.takeNumber(cursor.uint24())
        : (cursor, to) => to.takeNumber((cursor.uint24() << 8) >> 8);
    case COLUMN_TYPE.LONG:
      return unsigned ? (cursor, to) => to.takeNumber(cursor.uint32()) : (cursor, to) => to.takeNumber(cursor.int32());
    default:
      return unsigned
        ? (cursor, to) => to.takeUint64(cursor.bytes, cursor.take(8))
        : (cursor, to) => to.takeInt64(cursor.bytes, cursor.take(8));
  }
}

function bytesOrTextWriter(lengthBytes: number, column: ColumnDefinition, ordinary: ColumnWriter): ColumnWriter {
  if (column.kind !== 'binary') return textWriter(lengthBytes, column, ordinary);
  return (cursor, to) => {
    const length = cursor.uint(lengthBytes);
    const at = cursor.take(length);
    to.takeBytes(cursor.bytes, at, at + length);
  };
}

/** Text that is not ASCII takes the ordinary way, but for large UTF-8. */
function textWriter(lengthBytes: number, column: ColumnDefinition, ordinary: ColumnWriter): ColumnWriter {
  const charset = column.charset ?? '';
  if (!keepsAscii(charset)) return ordinary;
  const isUnicode = charset.startsWith('utf8');
  return (cursor, to) => {
    const start = cursor.at;
    const length = lengthBytes === 1 ? cursor.uint8() : cursor.uint(lengthBytes);
    const at = cursor.take(length);
    if (isUnicode && length >= LARGE_TEXT_BYTES_MIN && isUtf8(cursor.bytes.subarray(at, at + length))) {
      to.takeLargeText(cursor.bytes, at, at + length);
      return;
    }
    if (to.takeAscii(cursor.bytes, at, at + length)) return;
    cursor.at = start;
    ordinary(cursor, to);
  };
}
