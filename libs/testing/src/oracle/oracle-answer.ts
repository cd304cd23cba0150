import { COLUMN_TYPES, encodeValue } from './oracle-value.ts';
import type { OracleColumnType } from './oracle-value.ts';
import { TtcWriter } from './ttc-writer.ts';

export interface OracleColumn {
  /** As the driver shall name it: upper case unless the statement quoted it. */
  readonly name: string;
  readonly type: OracleColumnType;
}

/** What a query gives: text for every value, as `encodeValue` wants it. */
export interface OracleRows {
  readonly columns: readonly OracleColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** 'ORA-00942: table or view does not exist' is { code: 942, message: 'table or view does not exist' }. */
export interface OracleError {
  readonly code: number;
  readonly message: string;
}

/** Rows of a query that were not sent yet. */
export interface OpenCursor {
  readonly id: number;
  readonly sql: string;
  columns: readonly OracleColumn[];
  rest: OracleRows['rows'];
  sent: number;
}

const MESSAGE = { error: 4, rowHeader: 6, rowData: 7, parameter: 8, status: 9, describe: 16 } as const;
const UTF8 = 873;
const NO_MORE_ROWS: OracleError = { code: 1403, message: 'no data found' };

/** The end of a call that has nothing else to say. */
export const statusMessage = (): Buffer => new TtcWriter().byte(MESSAGE.status).zeros(2).message;

/** The parameters of a login, and the end of its half. */
export const loginMessage = (pairs: Buffer): Buffer =>
  Buffer.concat([new TtcWriter().byte(MESSAGE.parameter).raw(pairs).message, statusMessage()]);

/** The end of a call on a cursor. What is zero here are row ids, offsets and batch errors, which the double has none of. */
export function endMessage(end: {
  readonly error?: OracleError;
  readonly cursorId?: number;
  readonly rowCount?: number;
}): Buffer {
  const { error = { code: 0, message: '' }, cursorId = 0, rowCount = 0 } = end;
  const writer = new TtcWriter().byte(MESSAGE.error).zeros(3).number(error.code).zeros(2).number(cursorId);
  // Position in the statement, then flags, row id, system error, batch errors with their offsets and texts.
  writer.zeros(21).number(error.code).number(rowCount);
  if (error.code !== 0) writer.value(Buffer.from(`ORA-${String(error.code).padStart(5, '0')}: ${error.message}\n`));
  return writer.message;
}

/** What a statement without rows has to say beside its end. */
const parameters = (): Buffer => new TtcWriter().byte(MESSAGE.parameter).zeros(4).message;

/** A statement that is no query has changed so many rows. */
export const changedMessage = (cursorId: number, rowCount: number): Buffer =>
  Buffer.concat([parameters(), endMessage({ cursorId, rowCount })]);

/** The first answer to a query: its columns, and as many rows as the client wants. */
export const queryMessage = (cursor: OpenCursor, rowsMax: number): Buffer =>
  Buffer.concat([describe(cursor.columns), rowsMessage(cursor, rowsMax)]);

/** The next rows; behind the last one stands ORA-01403. */
export function rowsMessage(cursor: OpenCursor, rowsMax: number): Buffer {
  const rows = cursor.rest.slice(0, rowsMax);
  cursor.rest = cursor.rest.slice(rowsMax);
  cursor.sent += rows.length;
  const writer = new TtcWriter();
  if (rows.length > 0)
    writer.byte(MESSAGE.rowHeader, 0).number(cursor.columns.length).zeros(1).number(rowsMax).zeros(3);
  for (const row of rows) {
    writer.byte(MESSAGE.rowData);
    for (const [index, { type }] of cursor.columns.entries()) {
      const value = row[index] ?? null;
      writer.value(value === null ? null : encodeValue(type, value));
    }
  }
  const end = { cursorId: cursor.id, rowCount: cursor.sent };
  const isLast = cursor.rest.length === 0;
  return Buffer.concat([writer.message, parameters(), endMessage(isLast ? { ...end, error: NO_MORE_ROWS } : end)]);
}

function describe(columns: readonly OracleColumn[]): Buffer {
  const writer = new TtcWriter().byte(MESSAGE.describe, 0).zeros(1).number(columns.length).byte(0);
  for (const [index, { name, type }] of columns.entries()) {
    const { code, bytes } = COLUMN_TYPES[type];
    const isText = type === 'VARCHAR2';
    // Type, flags, precision, scale, length; then array size, flags, object id and version of the type.
    writer.byte(code, 0, 0, 0).number(bytes).zeros(4);
    writer
      .number(isText ? UTF8 : 0)
      .byte(isText ? 1 : 0)
      .number(isText ? bytes : 0);
    // May be null; then the name, no schema and type of an object, the position.
    writer
      .byte(1, 0)
      .text(name)
      .zeros(2)
      .number(index + 1)
      .zeros(1);
  }
  return writer.zeros(6).message;
}
