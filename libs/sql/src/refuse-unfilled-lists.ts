import { compileFilled, compileMappingsInto } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import { mappedSchemas } from './mapped-schemas.ts';
import { columnUnfilledError } from './sql-failure.ts';
import { tablesOfSchemas } from './tables-of-schemas.ts';
import type { TargetSession } from './target-session.ts';

/** More tables than these are looked at when their first row comes: reading them all would keep the start waiting. */
const TABLES_MAX = 2_000;

/**
 * Throws TARGET_COLUMN_UNFILLED where a mapping leaves out a column that the table cannot fill itself: known from the mapping
 * alone, so it is told before the start and not when the first row comes.
 */
export async function refuseUnfilledLists(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  { isCaseFolded }: { readonly isCaseFolded: boolean },
): Promise<void> {
  const listing = mappings.filter(leavesOut);
  if (listing.length === 0) return;
  const tables = await tablesOfSchemas(session, await mappedSchemas(session, listing));
  const mappingsInto = compileMappingsInto(mappings, { isCaseFolded });
  const listed = tables.flatMap((name) => {
    // Several may bring rows: each has to fill what the table does not.
    const fills = mappingsInto(name.schema, name.table).filter(leavesOut).map(compileFilled);
    return fills.length === 0 ? [] : [{ name, isFilled: (column: string) => fills.every((fill) => fill(column)) }];
  });
  const wanted = listed.slice(0, TABLES_MAX);
  const described = await session.describeTables(wanted.map(({ name }) => name));
  for (const [index, { isFilled }] of wanted.entries()) {
    const table = described[index] ?? null;
    // A trigger may fill what the rows do not carry.
    if (table === null || table.triggers.some(({ timing, event }) => timing === 'BEFORE' && event === 'INSERT'))
      continue;
    const unfilled = [...table.columns].find(([name, { needsValue }]) => needsValue && !isFilled(name));
    if (unfilled !== undefined) throw columnUnfilledError(table, unfilled[1]);
  }
}

const leavesOut = ({ columns, rules }: MappingDefinition): boolean =>
  columns.mode !== 'all' || rules?.aggregate !== undefined;
