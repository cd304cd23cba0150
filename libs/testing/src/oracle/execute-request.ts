import type { TtcReader } from './ttc-reader.ts';

const PARSE = 0x1;
const DEFINE = 0x10;
const ROW_DATA = 7;
const VARCHAR2 = 1;

/** What a client wants to have run. */
export interface ExecuteRequest {
  /** 0 = a statement that has no cursor yet. */
  readonly cursorId: number;
  /** Null: the one of the cursor. */
  readonly sql: string | null;
  readonly rowsMax: number;
  readonly binds: readonly (string | null)[];
}

/** Throws where a client does what the double does not: values other than text, arrays of values, large objects. */
export function readExecute(reader: TtcReader): ExecuteRequest {
  const options = reader.number();
  const cursorId = reader.number();
  reader.skip('bnbnbbb');
  const rowsMax = reader.number();
  reader.skip('nb');
  const bindCount = reader.number();
  reader.skip('bbbbbbnnbbbnbnnbnb');
  const sql = cursorId === 0 || (options & PARSE) !== 0 ? reader.text() : null;
  reader.skip('nnnnnnnnnnnnn');
  if ((options & DEFINE) !== 0) throw new Error('large objects are not spoken by the double');
  return { cursorId, sql, rowsMax, binds: readBinds(reader, bindCount) };
}

/** A statement that is run again: only the cursor, how often or how many rows, and the values. */
export function readAgain(reader: TtcReader, bindCount: number): ExecuteRequest {
  const cursorId = reader.number();
  const rowsMax = reader.number();
  reader.skip('nn');
  return { cursorId, sql: null, rowsMax, binds: readRow(reader, bindCount) };
}

function readBinds(reader: TtcReader, count: number): readonly (string | null)[] {
  for (let index = 0; index < count; index++) {
    const type = reader.byte();
    if (type !== VARCHAR2) throw new Error(`values of type ${String(type)} are not spoken by the double`);
    reader.skip('bbbnnn');
    if (reader.number() > 0) reader.value();
    reader.skip('nnbn');
  }
  return readRow(reader, count);
}

function readRow(reader: TtcReader, count: number): readonly (string | null)[] {
  if (count === 0) return [];
  if (reader.byte() !== ROW_DATA) throw new Error('values expected');
  const row = Array.from({ length: count }, () => reader.value()?.toString('utf8') ?? null);
  if (!reader.isAtEnd) throw new Error('arrays of values are not spoken by the double');
  return row;
}
