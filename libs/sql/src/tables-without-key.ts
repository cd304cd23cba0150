import { quoteNameText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TableName } from './target-table.ts';
import { tablesOfSchemas } from './tables-of-schemas.ts';

/** The tables of some schemas that have neither a primary key nor a unique key over whole columns without NULLs. */
export async function tablesWithoutKey(
  session: TargetSession,
  schemas: readonly string[],
): Promise<readonly TableName[]> {
  const tables = await tablesOfSchemas(session, schemas);
  if (tables.length === 0) return [];
  const rows = await session.query(
    'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, INDEX_NAME AS indexName, ' +
      "MAX(INDEX_NAME <> 'PRIMARY' AND (SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL OR NULLABLE = 'YES')) AS isLoose " +
      'FROM information_schema.STATISTICS ' +
      `WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA IN (${schemas.map((schema) => quoteNameText(schema)).join(',')}) ` +
      'GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME',
  );
  const keyed = new Set(
    rows.filter((row) => Number(row['isLoose']) === 0).map((row) => idOf(row['schema'], row['table'])),
  );
  return tables.filter(({ schema, table }) => !keyed.has(idOf(schema, table)));
}

const idOf = (schema: unknown, table: unknown): string => JSON.stringify([schema, table]);
