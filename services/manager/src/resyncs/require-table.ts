import type { SourceSession } from '@lutra/binlog';
import { readSourceTable } from '@lutra/binlog/schema';
import type { MappingDefinition, TableDefinition, TableName } from '@lutra/model';
import { matchAtSource } from '../positions/match-at-source.ts';
import { refused } from './find-keys.ts';

/**
 * The table whose rows are to be sent once more. Throws RESYNC_REFUSED where no mapping covers it as the source takes names, all that do count its
 * rows, or its rows cannot be told apart.
 */
export async function requireTable(
  session: SourceSession,
  asked: TableName,
  mappings: readonly MappingDefinition[],
): Promise<TableDefinition> {
  const name = `${asked.schema}.${asked.table}`;
  const matcher = await matchAtSource(session, mappings);
  const covering = matcher.targetsOf(asked.schema, asked.table);
  if (covering.length === 0) throw refused(`No mapping of the pipeline covers ${name}`, { table: name });
  if (covering.every(({ mapping }) => mapping.rules?.aggregate !== undefined))
    throw refused(`All mappings of ${name} count its rows, and a row that is sent once more counts for nothing`, {
      table: name,
    });
  const table = await readSourceTable(session, asked);
  if (table === null) throw refused(`The source has no table ${name}, or hides it from the user`, { table: name });
  if (table.primaryKey.length === 0)
    throw refused(`The table ${name} has no primary key, and its rows cannot be told apart`, { table: name });
  return table;
}
