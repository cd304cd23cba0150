import { must } from '@lutra/model';
import type { Place, RowProcess, TableDefinition } from '@lutra/model';
import type { TableWriter, TargetSession, WriterOptions } from '@lutra/sql';
import { doneFilter } from './done-filter.ts';
import type { DoneFilter } from './done-filter.ts';
import { noCounts } from './loaded-process.ts';
import type { LoadedProcess, ProcessPart } from './loaded-process.ts';
import { laneOf } from './plan/lane-of.ts';
import type { WritableRow } from './plan/planned-statement.ts';
import type { TableWriters } from './table-writers.ts';

const COUNTED_AS = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;

/** Gives processes their writers, and their rows that are still to be applied. */
export class RowCollector {
  private readonly filter: DoneFilter;

  /** `claimed`: the places that the lanes had at the claim. */
  constructor(
    private readonly claimed: readonly Place[],
    private readonly writers: TableWriters,
  ) {
    this.filter = doneFilter(claimed);
  }

  /** Whether the target need not be asked for any table of the processes. */
  knows(processes: readonly LoadedProcess[], options: WriterOptions): boolean {
    return processes.every((loaded) =>
      this.tablesToWrite(loaded).every((table) => this.writers.known(table, options) !== null),
    );
  }

  /** Looks up what is not known yet. Throws what {@link TableWriters.writerOf} throws. */
  async learn(session: TargetSession, processes: readonly LoadedProcess[], options: WriterOptions): Promise<void> {
    for (const loaded of processes)
      for (const table of this.tablesToWrite(loaded)) await this.writers.writerOf(session, table, options);
  }

  /** The rows for what is known of the target by now; the same where nothing has changed. */
  async refresh(
    session: TargetSession,
    rows: readonly WritableRow[],
    options: WriterOptions,
  ): Promise<readonly WritableRow[]> {
    const fresh = new Map<TableWriter, TableWriter>();
    for (const { writer } of rows)
      if (!fresh.has(writer)) fresh.set(writer, await this.writers.writerOf(session, writer.definition, options));
    if ([...fresh].every(([old, writer]) => old === writer)) return rows;
    return rows.map((row) => ({ ...row, writer: fresh.get(row.writer) ?? row.writer }));
  }

  /** The rows of a part that are still to be applied, in order; counts them: anew, since a plan may be made again. */
  collect({ loaded, transactions, counts }: ProcessPart, options: WriterOptions): readonly WritableRow[] {
    const { delivery, process } = loaded;
    Object.assign(counts, noCounts());
    const rows: WritableRow[] = [];
    const writers: TableWriter[] = [];
    const writerOf = (index: number): TableWriter =>
      (writers[index] ??= must(
        this.writers.known(tableOf(process, index), options),
        'writers are looked up before rows are collected',
      ));
    for (const transaction of transactions) {
      const origin = { process: delivery.header.process, transaction };
      const remaining = this.filter.remaining(delivery.header, transaction, (change) =>
        laneOf({ writer: writerOf(change.table), change, origin }, this.claimed.length),
      );
      counts.skipped += transaction.changes.length - remaining.length;
      for (const change of remaining) {
        rows.push({ writer: writerOf(change.table), change, origin });
        counts[COUNTED_AS[change.kind]] += 1;
      }
    }
    return rows;
  }

  /** Tables of which there are rows that some lane may still have to apply. */
  private tablesToWrite({ process }: LoadedProcess): readonly TableDefinition[] {
    const indexes = new Set<number>();
    for (const { changes, gtid } of process.transactions)
      if (changes.length > 0 && !this.filter.isDone(gtid)) for (const { table } of changes) indexes.add(table);
    return [...indexes].map((index) => tableOf(process, index));
  }
}

const tableOf = ({ tables }: RowProcess, index: number): TableDefinition =>
  must(tables[index], 'decoding checks that a row names a table of its process');
