import { readSourceTable } from '@lutra/binlog/schema';
import type { RawRow, SourceSession } from '@lutra/binlog';
import { columnIndex, must, SyncError } from '@lutra/model';
import type { ColumnDefinition, ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName, quoteTable, quoteText } from '@lutra/sql';
import { keyText } from './key-text.ts';
import { readable, valueOf } from './raw-value.ts';

/** Rows of one table by their keys. */
export interface KeyedRows {
  readonly table: TableDefinition;
  /** Positions of what is read. */
  readonly columns: readonly number[];
  /** Images that hold the keys, by {@link keyText}. */
  readonly keys: ReadonlyMap<string, RowImage>;
}

/** Longer than this and a value may be of any size. */
const SMALL_LENGTH_MAX = 4_000;
/** What a row takes beside its large values, at a guess. */
const ROW_BYTES = 512;
/** The table or a column of it is gone, or has another name. */
export const GONE: ReadonlySet<number> = new Set([1049, 1054, 1146]);

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

/** A row that was read, `positions` of its columns first. */
export function imageOf(table: TableDefinition, positions: readonly number[], row: RawRow): RowImage {
  const image: (ColumnValue | undefined)[] = table.columns.map(() => undefined);
  for (const [index, position] of positions.entries()) {
    const bytes = row[index] ?? null;
    image[position] = bytes === null ? null : valueOf(columnAt(table, position), bytes);
  }
  return image;
}

/** Whether the columns at the positions are still what they were. */
export async function hasSameShape(
  session: SourceSession,
  table: TableDefinition,
  positions: readonly number[],
): Promise<boolean> {
  const now = await readSourceTable(session, table);
  return positions.every((position) => {
    const logged = columnAt(table, position);
    const standing = now?.columns[columnIndex(now.columns, logged.name)];
    return standing !== undefined && shapeText(standing) === shapeText(logged);
  });
}

/** What the form and the range of a value depend on. */
const shapeText = ({ kind, bytes, unsigned, length, scale, labels }: ColumnDefinition): string =>
  JSON.stringify([kind, bytes ?? null, unsigned === true, length ?? 0, scale ?? 0, labels ?? null]);

/** Whether a value may be of any size. */
export function isLarge({ kind, length }: ColumnDefinition): boolean {
  if (kind === 'json' || kind === 'geometry') return true;
  return (kind === 'text' || kind === 'binary') && (length === undefined || length > SMALL_LENGTH_MAX);
}

export const columnAt = (table: TableDefinition, position: number): ColumnDefinition =>
  must(table.columns[position], 'a position is inside the table');

/** The server's number behind a failure; 0 = none. */
export function errnoOf(error: unknown): number {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' ? cause.errno : 0;
}

/** The error with the statement that gives the right to read, where that is what is missing. */
export function withGrant(error: unknown, session: SourceSession, { schema, table }: TableDefinition): unknown {
  if (!SyncError.is(error) || error.code !== 'SOURCE_GRANT_MISSING') return error;
  const { user } = session.options.definition;
  const statement = `GRANT SELECT ON ${quoteName(schema)}.* TO ${quoteText(user)}`;
  const problem = `User ${user} may not read ${schema}.${table} at ${session.address}, whose rows are asked for`;
  return new SyncError('SOURCE_GRANT_MISSING', { ...error.details, statement, problem }, { cause: error });
}
