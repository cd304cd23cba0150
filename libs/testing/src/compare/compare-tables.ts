import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createConnection } from 'mysql2';
import type { Connection } from 'mysql2';
import { connectionOptions } from '../stack/database-accounts.ts';
import type { DatabaseServer } from '../test-servers.ts';
import { canonicalJson } from './canonical-json.ts';
import { exactText, orderExpression, quoteName } from './column-expression.ts';
import type { ComparedColumn } from './column-expression.ts';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Two tables that shall hold the same rows. */
export interface TablePair {
  readonly source: TableName;
  readonly target: TableName;
  /** Columns of the source and what they are called at the target; default: all of the source, same names. */
  readonly columns?: readonly { readonly source: string; readonly target: string }[];
}

export interface TableComparison {
  readonly pair: TablePair;
  readonly isEqual: boolean;
  readonly source: TableDigest;
  readonly target: TableDigest;
  /** Where the two sides part, in key order: the key of the row that differs, or both keys where a row is missing on one side. Binary keys in hexadecimal. */
  readonly firstDifference: string | null;
}

export interface TableDigest {
  readonly rows: number;
  /** SHA-256 over all rows in key order, every value exact. */
  readonly sha256: string;
}

/**
 * Compares tables by the hash of their full ordered content, each side in one consistent snapshot, both read at once and
 * row by row: never by counts, and never more than a few rows in memory. Throws when a table or column does not exist.
 */
export async function compareTables(
  source: DatabaseServer,
  target: DatabaseServer,
  pairs: readonly TablePair[],
): Promise<TableComparison[]> {
  const sourceSide = await openSnapshot(source);
  try {
    const targetSide = await openSnapshot(target);
    try {
      const comparisons: TableComparison[] = [];
      for (const pair of pairs) comparisons.push(await compareOne(sourceSide, targetSide, pair));
      return comparisons;
    } finally {
      targetSide.destroy();
    }
  } finally {
    sourceSide.destroy();
  }
}

/** The same table name on both sides. */
export const samePair = (schema: string, table: string): TablePair => ({
  source: { schema, table },
  target: { schema, table },
});

async function openSnapshot(server: DatabaseServer): Promise<Connection> {
  // Not the promise interface: only this one can stream rows.
  const connection = createConnection(connectionOptions(server));
  const asking = connection.promise();
  await asking.query("SET time_zone = '+00:00', net_write_timeout = 600");
  await asking.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await asking.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  return connection;
}

async function compareOne(source: Connection, target: Connection, pair: TablePair): Promise<TableComparison> {
  const sourceColumns = await columnsOf(source, pair.source);
  const targetColumns = await columnsOf(target, pair.target);
  const names = pair.columns ?? sourceColumns.map(({ name }) => ({ source: name, target: name }));
  const find = (columns: readonly ComparedColumn[], table: TableName, name: string): ComparedColumn => {
    const column = columns.find((one) => one.name === name);
    if (column === undefined) throw new Error(`${table.schema}.${table.table} has no column ${name}`);
    return column;
  };
  const columns = names.map((name) => ({
    source: find(sourceColumns, pair.source, name.source),
    target: find(targetColumns, pair.target, name.target),
  }));
  const isJson = columns.map((column) => column.source.dataType === 'json' || column.target.dataType === 'json');
  // Both sides are ordered by the source's key, so that the same rows meet.
  const keyed = columns.filter((column) => column.source.keyPosition > 0);
  keyed.sort((a, b) => a.source.keyPosition - b.source.keyPosition);
  const order = keyed.length > 0 ? keyed : columns;
  const keyCells = order.map((column) => ({
    position: columns.indexOf(column),
    isText: /char|text|enum|set/.test(column.source.dataType),
  }));
  const side = (connection: Connection, table: TableName, which: 'source' | 'target'): TableSide =>
    new TableSide(
      openRows(connection, {
        table,
        columns: columns.map((column, index) => textOf(column[which], isJson[index] === true)),
        order: order.map((column) => orderExpression(column[which])),
      }),
      { isJson, keyCells },
    );
  return meet(pair, side(source, pair.source, 'source'), side(target, pair.target, 'target'));
}

/** JSON that is plain text on one side has to come as text from there too. */
function textOf(column: ComparedColumn, isJson: boolean): string {
  return isJson ? exactText({ ...column, dataType: 'json' }) : exactText(column);
}

async function meet(pair: TablePair, source: TableSide, target: TableSide): Promise<TableComparison> {
  let firstDifference: string | null = null;
  for (;;) {
    const [left, right] = await both(source.next(), target.next());
    if (left === null && right === null) break;
    if (firstDifference === null && left?.text !== right?.text) firstDifference = describeDifference(left, right);
  }
  const digests = { source: source.digest(), target: target.digest() };
  return { pair, isEqual: digests.source.sha256 === digests.target.sha256, ...digests, firstDifference };
}

/** Where one fails the other one is waited for: a connection that is closed before it sends a statement throws past everybody. */
async function both<T>(left: Promise<T>, right: Promise<T>): Promise<readonly [T, T]> {
  try {
    return await Promise.all([left, right]);
  } catch (error) {
    await Promise.allSettled([left, right]);
    throw error;
  }
}

function describeDifference(source: ComparedRow | null, target: ComparedRow | null): string {
  if (source?.key === target?.key) return source?.key ?? '';
  return `${source?.key ?? 'no row'} at the source, ${target?.key ?? 'no row'} at the target`;
}

interface ComparedRow {
  readonly text: string;
  readonly key: string;
}

/** One table being read in key order, with the hash of what came so far. */
class TableSide {
  private readonly hash: Hash = createHash('sha256');
  private readonly rows: AsyncIterator<(string | number | null)[]>;
  private count = 0;

  constructor(
    rows: Readable,
    private readonly shape: {
      readonly isJson: readonly boolean[];
      readonly keyCells: readonly { readonly position: number; readonly isText: boolean }[];
    },
  ) {
    this.rows = rows[Symbol.asyncIterator]() as AsyncIterator<(string | number | null)[]>;
  }

  async next(): Promise<ComparedRow | null> {
    const next = await this.rows.next();
    if (next.done === true) return null;
    const cells = next.value.map((cell, index) => {
      if (cell === null) return 'NULL';
      // Only doubles come as numbers; String() gives the shortest text that stands for the same bits, but for the sign of zero.
      if (typeof cell === 'number') return `'${Object.is(cell, -0) ? '-0' : String(cell)}`;
      return `'${this.shape.isJson[index] === true ? canonicalJson(cell) : cell}`;
    });
    const text = JSON.stringify(cells);
    this.hash.update(text).update('\n');
    this.count += 1;
    const key = this.shape.keyCells.map(({ position, isText }) => {
      const cell = (cells[position] ?? '').slice(1);
      return isText ? Buffer.from(cell, 'hex').toString() : cell;
    });
    return { text, key: key.join(', ') };
  }

  digest(): TableDigest {
    return { rows: this.count, sha256: this.hash.digest('hex') };
  }
}

function openRows(
  connection: Connection,
  query: { readonly table: TableName; readonly columns: readonly string[]; readonly order: readonly string[] },
): Readable {
  const from = `${quoteName(query.table.schema)}.${quoteName(query.table.table)}`;
  const sql = `SELECT ${query.columns.join(', ')} FROM ${from} ORDER BY ${query.order.join(', ')}`;
  // Prepared, because only the binary protocol carries doubles exactly.
  return connection.execute({ sql, rowsAsArray: true }).stream();
}

async function columnsOf(connection: Connection, { schema, table }: TableName): Promise<ComparedColumn[]> {
  const [rows] = await connection.promise().query(
    `SELECT c.COLUMN_NAME AS name, LOWER(c.DATA_TYPE) AS dataType, COALESCE(k.ORDINAL_POSITION, 0) AS keyPosition
     FROM information_schema.COLUMNS c
     LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
       AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
     WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION`,
    [schema, table],
  );
  const columns = (rows as { name: string; dataType: string; keyPosition: number | string }[]).map((row) => ({
    ...row,
    keyPosition: Number(row.keyPosition),
  }));
  if (columns.length === 0) throw new Error(`There is no table ${schema}.${table}`);
  return columns;
}
