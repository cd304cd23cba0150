import { createHash } from 'node:crypto';
import type { Connection } from 'mysql2';
import { ask } from '../workload/direct-connection.ts';

/** The whole of a table in the order of its primary key, as text that tells every bit. */
export interface DumpQuery {
  readonly sql: string;
  /** Number of DOUBLE and FLOAT columns after the text and the key. */
  readonly doubles: number;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly keyPosition: number | string | null;
}

/** Names of a schema's tables. */
export async function tablesOf(connection: Connection, schema: string): Promise<string[]> {
  const rows = await ask<{ name: string }>(
    connection,
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${schema}' AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/**
 * Every value goes into one text: its bytes in hexadecimal, text as UTF-8, numbers, dates and JSON as the server writes them
 * (both sides are the same kind of server). Only doubles travel in binary, since no text of them is exact everywhere. Rows of
 * a table without a primary key are ordered by all they have.
 */
export async function dumpQuery(connection: Connection, schema: string, table: string): Promise<DumpQuery> {
  const columns = await ask<ColumnRow>(
    connection,
    `SELECT c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS type,
      (SELECT s.SEQ_IN_INDEX FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME
        AND s.COLUMN_NAME = c.COLUMN_NAME AND s.INDEX_NAME = 'PRIMARY') AS keyPosition
      FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = '${schema}' AND c.TABLE_NAME = '${table}' ORDER BY c.ORDINAL_POSITION`,
  );
  if (columns.length === 0) throw new Error(`There is no table ${schema}.${table}`);
  const isDouble = ({ type }: ColumnRow): boolean => type === 'double' || type === 'float';
  const keyed = columns.filter(({ keyPosition }) => keyPosition !== null);
  keyed.sort((a, b) => Number(a.keyPosition) - Number(b.keyPosition));
  const texts = columns.filter((column) => !isDouble(column)).map((column) => `COALESCE(${hexOf(column)}, '-')`);
  const doubles = columns.filter(isDouble).map(({ name }) => `\`${name}\` + 0e0`);
  const key = keyed.length === 0 ? "''" : `CONCAT_WS(':', ${keyed.map(({ name }) => `\`${name}\``).join(', ')})`;
  const order = (keyed.length === 0 ? columns : keyed).map(({ name }) => `\`${name}\``).join(', ');
  return {
    sql: `SELECT ${[`CONCAT_WS(',', ${texts.join(', ')})`, key, ...doubles].join(', ')} FROM \`${schema}\`.\`${table}\` ORDER BY ${order}`,
    doubles: doubles.length,
  };
}

function hexOf({ name, type }: ColumnRow): string {
  const column = `\`${name}\``;
  if (/blob|binary/.test(type)) return `HEX(${column})`;
  if (/char|text|json|enum|set/.test(type)) return `HEX(CONVERT(${column} USING utf8mb4))`;
  return `HEX(CAST(${column} AS CHAR))`;
}

export interface DumpedRow {
  readonly text: string;
  readonly key: string;
}

/** Reads a table row by row, and knows the hash of what was read. */
export class TableDump {
  private readonly hash = createHash('sha256');
  private readonly stream: AsyncIterator<unknown>;
  rows = 0;

  constructor(connection: Connection, query: DumpQuery) {
    // Prepared, because only the binary protocol carries doubles exactly.
    this.stream = connection.execute({ sql: query.sql, rowsAsArray: true }).stream()[Symbol.asyncIterator]();
  }

  async next(): Promise<DumpedRow | null> {
    const next = await this.stream.next();
    if (next.done === true) return null;
    const [text, key, ...doubles] = next.value as readonly [string, string, ...(number | null)[]];
    const whole = [text, ...doubles.map(doubleBits)].join(',');
    this.hash.update(whole).update('\n');
    this.rows += 1;
    return { text: whole, key };
  }

  digest(): string {
    return this.hash.digest('hex');
  }
}

/** All 64 bits, the sign of zero too. */
function doubleBits(value: number | null): string {
  if (value === null) return '-';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
