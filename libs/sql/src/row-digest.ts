import { quoteName, quoteTable } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetColumn, TargetTable } from './target-table.ts';

/** Rows of one table: which of its columns count, and the keys as conditions. */
export interface DigestQuestion {
  readonly schema: string;
  readonly table: string;
  /** Names of the columns that count, in an order that both sides share. */
  readonly columns: readonly string[];
  readonly keys: readonly (readonly (readonly [column: string, literal: string])[])[];
}

// Round trips are few, and no statement grows large.
const KEYS_PER_QUERY = 50;

/** One digest per key, null = there is no such row. The values stay at the server. */
export async function readRowDigests(
  session: TargetSession,
  { schema, table, columns, keys }: DigestQuestion,
): Promise<readonly (string | null)[]> {
  const digest = `SHA2(CONCAT_WS(',', ${columns.map((column) => `QUOTE(${quoteName(column)})`).join(', ')}), 256)`;
  const from = quoteTable({ schema, table });
  const digests: (string | null)[] = [];
  for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
    const selects = keys.slice(start, start + KEYS_PER_QUERY).map((key, index) => {
      const where = key.map(([column, literal]) => `${quoteName(column)}=${literal}`).join(' AND ');
      return `SELECT ${String(index)} AS n, (SELECT ${digest} FROM ${from} WHERE ${where}) AS digest`;
    });
    const rows = await session.query(`${selects.join(' UNION ALL ')} ORDER BY n`);
    for (const { digest: found } of rows) digests.push(typeof found === 'string' ? found : null);
  }
  await session.rollback();
  return digests;
}

/** Types that two servers may print differently although the values are the same. */
const INEXACT = new Set(['json', 'float', 'double']);

/** Whether equal values of the two columns have equal digests. */
export function digestsAlike(source: TargetColumn, target: TargetColumn): boolean {
  if (INEXACT.has(source.dataType) || INEXACT.has(target.dataType)) return false;
  return typeOf(source) === typeOf(target) && source.charset === target.charset;
}

// MariaDB says int(11) where MySQL says int.
const typeOf = ({ columnType }: TargetColumn): string => columnType.toLowerCase().replace(/^(\w*int)\(\d+\)/, '$1');

/** Columns that can be compared, in pairs; `nameOf` gives the target's name of a source column, null = not mapped. */
export function comparableColumns(
  source: TargetTable,
  target: TargetTable,
  nameOf: (column: string) => string | null,
): readonly { readonly source: string; readonly target: string }[] {
  return [...source.columns.values()].flatMap((column) => {
    const name = nameOf(column.name);
    const found = name === null ? undefined : target.columns.get(name.toLowerCase());
    return found !== undefined && digestsAlike(column, found) ? [{ source: column.name, target: found.name }] : [];
  });
}
