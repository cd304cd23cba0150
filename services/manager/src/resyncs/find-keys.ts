import type { SourceSession } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { TableDefinition } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import { beyondKey, errnoOf, readable, readKey, valueOf } from '@lutra/source-access';
import type { RowKey } from '@lutra/source-access';
import type { KeysToFind, ResyncWanted } from './resync-wanted.ts';

export interface KeysWanted {
  readonly table: TableDefinition;
  readonly wanted: KeysToFind;
  /** Keys behind this one; null = from the first on. */
  readonly after: RowKey | null;
  readonly countMax: number;
}

/**
 * The next keys of a range or condition, in the order of the primary key, as they stand now. Nothing is locked, and whatever the
 * condition says, nothing can be written. Throws RESYNC_REFUSED with what the server says of the condition.
 */
export async function findKeys(
  session: SourceSession,
  { table, wanted, after, countMax }: KeysWanted,
): Promise<RowKey[]> {
  const key = keyColumns(table);
  const conditions = [conditionOf(table, wanted), ...(after === null ? [] : [beyondKey(table, after, '>')])];
  const columns = key.map((column) => readable(column)).join(',');
  const order = key.map(({ name }) => quoteName(name)).join(',');
  const where = conditions.join(' AND ');
  const sql = `SELECT ${columns} FROM ${quoteTable(table)} WHERE ${where} ORDER BY ${order} LIMIT ${String(countMax)}`;
  const rows = await reading(session, () => session.queryRaw(sql));
  return rows.map((row) =>
    key.map((column, index) => valueOf(column, must(row[index] ?? undefined, 'a key is never null'))),
  );
}

/** Looks at a condition without running it. Throws RESYNC_REFUSED. */
export async function checkWanted(session: SourceSession, table: TableDefinition, wanted: ResyncWanted): Promise<void> {
  if (wanted.kind === 'keys' || wanted.kind === 'buffer') return;
  const condition = conditionOf(table, wanted);
  const select = `EXPLAIN SELECT 1 FROM ${quoteTable(table)} WHERE`;
  // By itself as well: what only makes sense inside of the brackets would end them.
  const statements =
    wanted.kind === 'where' ? [`${select} ${wanted.where}\n`, `${select} ${condition}`] : [`${select} ${condition}`];
  for (const sql of statements) await reading(session, () => session.query(sql));
}

export const refused = (problem: string, details: Readonly<Record<string, string>> = {}): SyncError =>
  new SyncError('RESYNC_REFUSED', { problem, ...details });

function conditionOf(table: TableDefinition, wanted: KeysWanted['wanted']): string {
  // The line's end closes a comment of the kind that has no other end.
  if (wanted.kind === 'where') return `(${wanted.where}\n)`;
  const [first, last] = [readKey(table, wanted.from), readKey(table, wanted.to)];
  if (typeof first === 'string') throw refused(first);
  if (typeof last === 'string') throw refused(last);
  return `${beyondKey(table, first, '>=')} AND ${beyondKey(table, last, '<=')}`;
}

const keyColumns = ({ columns, primaryKey }: TableDefinition): TableDefinition['columns'] =>
  primaryKey.map((position) => must(columns[position], 'a position is inside the table'));

async function reading<T>(session: SourceSession, work: () => Promise<T>): Promise<T> {
  await session.query('START TRANSACTION READ ONLY');
  try {
    return await work();
  } catch (error) {
    if (!SyncError.is(error) || error.code !== 'INTERNAL' || errnoOf(error) === 0) throw error;
    throw refused(`The source refuses the condition: ${String(error.details['problem'])}`);
  } finally {
    await session.query('ROLLBACK').catch(() => undefined);
  }
}
