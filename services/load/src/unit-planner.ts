import { compileTargetLookup, must } from '@lutra/model';
import type { PipelineDefinition, Place } from '@lutra/model';
import type { TableWriter, TargetCatalog, TargetSession, WriterOptions } from '@lutra/sql';
import { doneFilter } from './done-filter.ts';
import type { DoneFilter } from './done-filter.ts';
import { noCounts } from './loaded-process.ts';
import type { ProcessPart } from './loaded-process.ts';
import { planUnit } from './plan/plan-unit.ts';
import type { PlannedStatement, WritableRow } from './plan/planned-statement.ts';
import { TableWriters } from './table-writers.ts';

/** Characters of one statement. */
const STATEMENT_CHARACTERS_MAX = 1_048_576;

const COUNTED_AS = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;

/** Makes statements of the rows that are still to be applied, for one session's view of the tables. */
export class UnitPlanner {
  private readonly filter: DoneFilter;
  private readonly writers: TableWriters;

  constructor(claimed: Place, catalog: TargetCatalog) {
    this.filter = doneFilter(claimed);
    this.writers = new TableWriters(catalog);
  }

  async plan(
    session: TargetSession,
    parts: readonly ProcessPart[],
    { parameters, mappings }: PipelineDefinition,
  ): Promise<readonly PlannedStatement[]> {
    const rows: WritableRow[] = [];
    const { foreignKeys, missingColumn } = parameters;
    const view = { session, options: { foreignKeys, missingColumn } };
    for (const part of parts) await this.collectRows(view, part, rows);
    const { maxAllowedPacketBytes } = session.info;
    return planUnit(rows, {
      isMerged: parameters.applyMode === 'merged',
      mappingOf: compileTargetLookup(mappings),
      rowsMax: parameters.loadBatchRows,
      charactersMax: Math.min(STATEMENT_CHARACTERS_MAX, maxAllowedPacketBytes / 8),
    });
  }

  /** Adds the rows of a part that are still to be applied, and counts them: anew, since a plan may be made again. */
  private async collectRows(
    { session, options }: { readonly session: TargetSession; readonly options: WriterOptions },
    { loaded, transactions, counts }: ProcessPart,
    rows: WritableRow[],
  ): Promise<void> {
    const { delivery, process } = loaded;
    Object.assign(counts, noCounts());
    const writers: TableWriter[] = [];
    for (const transaction of transactions) {
      const remaining = this.filter.remaining(delivery.header, transaction);
      counts.skipped += transaction.changes.length - remaining.length;
      const origin = { process: delivery.header.process, transaction };
      for (const change of remaining) {
        let writer = writers[change.table];
        if (writer === undefined) {
          const table = must(process.tables[change.table], 'decoding checks that a row names a table of its process');
          writers[change.table] = writer = await this.writers.writerOf(session, table, options);
        }
        rows.push({ writer, change, origin });
        counts[COUNTED_AS[change.kind]] += 1;
      }
    }
  }
}
