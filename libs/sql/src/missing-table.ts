import type { SyncError, TableDefinition } from '@lutra/model';
import { tableMissing } from './sql-failure.ts';
import { quoteNameText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

/** TARGET_TABLE_MISSING with the statement that creates the table, and its database when that is missing too. */
export async function missingTableError(session: TargetSession, definition: TableDefinition): Promise<SyncError> {
  const found = await session.query(
    `SELECT 1 AS one FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${quoteNameText(definition.schema)}`,
  );
  const { account, address } = session.info;
  return tableMissing(
    { errno: found.length === 0 ? 1049 : 1146 },
    { address, account, table: definition },
    { address },
  );
}
