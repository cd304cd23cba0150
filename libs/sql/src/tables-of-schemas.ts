import { quoteNameText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TableName } from './target-table.ts';

/** Names of the tables of some schemas, views left out, as far as the account may see them. */
export async function tablesOfSchemas(
  session: TargetSession,
  schemas: readonly string[],
): Promise<readonly TableName[]> {
  if (schemas.length === 0) return [];
  const rows = await session.query(
    'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table` FROM information_schema.TABLES ' +
      `WHERE TABLE_SCHEMA IN (${schemas.map((schema) => quoteNameText(schema)).join(',')}) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`,
  );
  return rows.map((row) => ({ schema: String(row['schema']), table: String(row['table']) }));
}
