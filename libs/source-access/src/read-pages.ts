import type { SourceSession } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { RowImage, TableDefinition } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import { beyondKey } from './beyond.ts';
import { imageOf, readable } from './raw-value.ts';
import { columnAt, isLarge } from './table-shape.ts';

/** Rows that are read at once; fewer where a value may be of any size. */
const PAGE_ROWS = 1_000;
const LARGE_PAGE_ROWS = 16;

export interface AskedRows {
  readonly table: TableDefinition;
  /** Positions of what is read, beside the key. */
  readonly reads: readonly number[];
  /** Of SQL; '' = all rows. */
  readonly where: string;
}

/**
 * The rows of a table that has a primary key, a page at a time along it: one moment inside of a snapshot of the caller's, otherwise each page as it
 * stands when it is read. Ends with the signal, which it throws. Throws SyncError (scope source).
 */
export async function* readPages(
  session: SourceSession,
  { table, reads, where }: AskedRows,
  signal: AbortSignal,
): AsyncGenerator<readonly RowImage[]> {
  const positions = [...new Set([...table.primaryKey, ...reads])];
  const pageRows = positions.some((at) => isLarge(columnAt(table, at))) ? LARGE_PAGE_ROWS : PAGE_ROWS;
  const columns = positions.map((position) => readable(columnAt(table, position))).join(',');
  const key = table.primaryKey.map((position) => quoteName(columnAt(table, position).name)).join(',');
  const select = `SELECT ${columns} FROM ${quoteTable(table)}`;
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const conditions = [where, after].filter((each) => each !== '').join(' AND ');
    const condition = conditions === '' ? '' : ` WHERE ${conditions}`;
    const rows = await session.queryRaw(`${select}${condition} ORDER BY ${key} LIMIT ${String(pageRows)}`);
    const images = rows.map((row) => imageOf(table, positions, row));
    const last = images.at(-1);
    if (last === undefined) return;
    yield images;
    if (images.length < pageRows) return;
    const lastKey = table.primaryKey.map((position) => must(last[position], 'it was read'));
    after = beyondKey(table, lastKey, '>');
  }
}
