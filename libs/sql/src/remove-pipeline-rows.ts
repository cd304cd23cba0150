import { quoteTable, quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

/** Where Lutra keeps something of a pipeline at its target. The checkpoint goes first: without it no loader writes any more. */
const TABLES = ['checkpoint', 'lane_shape', 'last_window', 'ddl', 'dead_letter', 'conflict'] as const;

/** Rows of one transaction: what is there may be years of conflicts. */
const STEP_ROWS_MAX = 1_000;

/**
 * Removes everything that the database `lutra` holds of a pipeline, in steps that are committed one by one; whoever is stopped
 * in between begins again. Returns the rows removed, table by table.
 */
export async function removePipelineRows(session: TargetSession, pipelineId: string): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  const names = TABLES.map((table) => ({ schema: 'lutra', table }));
  const found = await session.describeTables(names);
  for (const name of names.filter((_name, index) => found[index] !== null)) {
    const where = `pipeline_id = ${quoteText(pipelineId)} LIMIT ${String(STEP_ROWS_MAX)}`;
    const step = { sql: `DELETE FROM ${quoteTable(name)} WHERE ${where}` };
    let count = 0;
    let last: number;
    do {
      [last = 0] = await session.execute([step]);
      await session.commit();
      count += last;
    } while (last === STEP_ROWS_MAX);
    removed[name.table] = count;
  }
  return removed;
}
