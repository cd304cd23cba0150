import type { RawRow, SourceSession } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { RowImage, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName, quoteTable, quoteText } from '@lutra/sql';
import { keyText } from './key-text.ts';
import { imageOf, readable } from './raw-value.ts';
import { errnoOf, GONE, withGrant } from './source-errno.ts';
import { columnAt, hasSameShape, isLarge } from './table-shape.ts';

/** Rows of one table by their keys. */
export interface KeyedRows {
  readonly table: TableDefinition;
  /** Positions of what is read. */
  readonly columns: readonly number[];
  /** Images that hold the keys, by {@link keyText}. */
  readonly keys: ReadonlyMap<string, RowImage>;
}

/** What a row takes beside its large values, at a guess. */
const ROW_BYTES = 512;
/** Bytes that each of the rows takes, by its key; of tables without large values, and of rows that are not there, a guess. */
export async function sizesOf(session: SourceSession, rows: KeyedRows): Promise<ReadonlyMap<string, number>> {
  const { table, columns } = rows;
  const large = columns.map((position) => columnAt(table, position)).filter(isLarge);
  const sizes = new Map<string, number>();
  for (const key of rows.keys.keys()) sizes.set(key, ROW_BYTES);
  if (large.length === 0) return sizes;
  const size = large.map(({ name }) => `COALESCE(OCTET_LENGTH(${quoteName(name)}),0)`).join('+');
  const found = await select(session, rows, { positions: table.primaryKey, more: [size], lock: '' });
  for (const row of found) {
    const key = keyText(table, imageOf(table, table.primaryKey, row));
    if (key !== null) sizes.set(key, ROW_BYTES + Number((row.at(-1) ?? '0').toString()));
  }
  return sizes;
}

/**
 * The rows that there are, by {@link keyText}. A row is found by its key to the last bit: one whose key now differs by its case
 * alone is another one. Null: the table is no longer of the shape that the log tells, and its values would not fit.
 * `isLocking`: one by one, each with a lock that is let go at once, so that a statement never waits while it holds one.
 */
export async function rowsByKey(
  session: SourceSession,
  rows: KeyedRows,
  isLocking: boolean,
): Promise<ReadonlyMap<string, RowImage> | null> {
  const { table } = rows;
  const positions = [...new Set([...table.primaryKey, ...rows.columns])];
  const found = new Map<string, RowImage>();
  try {
    const portions = isLocking ? [...rows.keys].map(([key, image]) => new Map([[key, image]])) : [rows.keys];
    for (const keys of portions)
      for (const row of await select(
        session,
        { ...rows, keys },
        { positions, more: [], lock: isLocking ? ' LOCK IN SHARE MODE' : '' },
      )) {
        const image = imageOf(table, positions, row);
        const key = keyText(table, image);
        if (key !== null) found.set(key, image);
      }
  } catch (error) {
    if (GONE.has(errnoOf(error))) return null;
    throw error;
  }
  // Asked behind the reading: inside its transaction nobody alters the table.
  return (await hasSameShape(session, table, positions)) ? found : null;
}

/** Positions of the columns that other rows depend on: of unique indexes and foreign keys. */
export async function tiedColumns(session: SourceSession, table: TableDefinition): Promise<ReadonlySet<number>> {
  const rows = await session.query(
    'SELECT DISTINCT COLUMN_NAME AS name FROM information_schema.KEY_COLUMN_USAGE ' +
      `WHERE TABLE_SCHEMA = ${quoteText(table.schema)} AND TABLE_NAME = ${quoteText(table.table)}`,
  );
  const names = new Set(rows.map((row) => String(row['name']).toLowerCase()));
  const tied = [...table.columns.keys()].filter((position) => names.has(columnAt(table, position).name.toLowerCase()));
  return new Set([...table.primaryKey, ...tied]);
}

interface Selection {
  readonly positions: readonly number[];
  /** Expressions behind the columns. */
  readonly more: readonly string[];
  readonly lock: string;
}

async function select(
  session: SourceSession,
  { table, keys }: KeyedRows,
  { positions, more, lock }: Selection,
): Promise<readonly RawRow[]> {
  const values = [...positions.map((position) => readable(columnAt(table, position))), ...more];
  const where = conditionOf(table, [...keys.values()]);
  try {
    return await session.queryRaw(`SELECT ${values.join(',')} FROM ${quoteTable(table)} WHERE ${where}${lock}`);
  } catch (error) {
    throw withGrant(error, session, table);
  }
}

/** A condition that holds for the rows of these keys. */
export function conditionOf(table: TableDefinition, images: readonly RowImage[]): string {
  const key = table.primaryKey.map((position) => {
    const column = columnAt(table, position);
    return { position, quoted: quoteName(column.name), literal: keyLiteralWriter(column.kind) };
  });
  const literalOf = ({ position, literal }: (typeof key)[number], image: RowImage): string =>
    literal(must(image[position], 'only whole keys are asked for'));
  const [only] = key;
  if (only !== undefined && key.length === 1)
    return `${only.quoted} IN (${images.map((image) => literalOf(only, image)).join(',')})`;
  return images
    .map((image) => `(${key.map((part) => `${part.quoted}=${literalOf(part, image)}`).join(' AND ')})`)
    .join(' OR ');
}
