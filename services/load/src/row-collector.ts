import { compileTargetLookup, must, REPAIRS, SyncError } from '@lutra/model';
import type { PipelineDefinition, Place, RowChange, RowProcess, TableDefinition } from '@lutra/model';
import type { TableWriter, TargetSession, WriterOptions } from '@lutra/sql';
import { doneFilter } from './done-filter.ts';
import type { DoneFilter } from './done-filter.ts';
import { countRows, KIND_OF_CHANGE, noCounts, SKIPPED } from './loaded-process.ts';
import type { LoadedProcess, ProcessCounts, ProcessPart } from './loaded-process.ts';
import { valuesLeftOut } from './ignored-columns.ts';
import { laneOf } from './plan/lane-of.ts';
import type { LaneOfRow } from './plan/lane-of.ts';
import { isRepeatable } from './plan/repeatable.ts';
import type { RowOrigin, WritableRow } from './plan/planned-statement.ts';
import { withoutNeedlessRefusal } from './plan/refused-row.ts';
import { SourceRow } from './plan/source-row.ts';
import type { TableWriters } from './table-writers.ts';

const COUNTED_AS = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;

/** What was done at the claim. */
export interface ClaimedPlaces {
  /** Of each lane. */
  readonly places: readonly Place[];
  /** Whether the rows of the table were spread over lanes, when these places were written, as they are now. Asked where they differ. */
  readonly isSpreadAlike: (writer: TableWriter, definition: PipelineDefinition) => boolean;
}

/**
 * Gives processes their writers, and their rows that are still to be applied. Law: whatever became of the tables since the
 * places were written, no row is left out that its lane had not written. A row that one lane has done and another not is
 * skipped when its own lane has it; where nobody can tell which that was, it is written once more if its table allows that,
 * and the epoch ends if not.
 */
export class RowCollector {
  private readonly filter: DoneFilter;

  constructor(
    private readonly claimed: ClaimedPlaces,
    private readonly writers: TableWriters,
  ) {
    this.filter = doneFilter(claimed.places);
  }

  /** Whether the process has rows of the transaction that are not repeatable. The tables have to be known. */
  holdsUnrepeatable({ process }: LoadedProcess, gtid: string, definition: PipelineDefinition): boolean {
    const mappingOf = compileTargetLookup(definition.mappings);
    const options = writerOptions(definition);
    const tables = new Set<number>();
    for (const transaction of process.transactions)
      if (transaction.gtid === gtid) for (const { table } of transaction.changes) tables.add(table);
    return [...tables].some((index) => {
      const writer = this.writers.known(tableOf(process, index), options);
      return writer !== null && !isRepeatable(writer, mappingOf);
    });
  }

  /** Whether the target need not be asked for any table of the processes. */
  knows(processes: readonly LoadedProcess[], definition: PipelineDefinition): boolean {
    const options = writerOptions(definition);
    return processes.every((loaded) =>
      this.tablesToWrite(loaded).every((table) => this.writers.known(table, options) !== null),
    );
  }

  /** Looks up what is not known yet. Throws what {@link TableWriters.writerOf} throws. */
  async learn(
    session: TargetSession,
    processes: readonly LoadedProcess[],
    definition: PipelineDefinition,
  ): Promise<void> {
    const options = writerOptions(definition);
    for (const loaded of processes)
      for (const table of this.tablesToWrite(loaded)) await this.writers.writerOf(session, table, options);
  }

  /** The rows for what is known of the target by now, what they leave out counted anew; the same where nothing has changed. */
  async refresh(
    session: TargetSession,
    rows: readonly WritableRow[],
    definition: PipelineDefinition,
  ): Promise<readonly WritableRow[]> {
    const options = writerOptions(definition);
    const fresh = new Map<TableWriter, TableWriter>();
    let last: TableWriter | null = null;
    for (const { writer } of rows) {
      if (writer === last) continue;
      last = writer;
      if (!fresh.has(writer)) fresh.set(writer, await this.writers.writerOf(session, writer.definition, options));
    }
    if ([...fresh].every(([old, writer]) => old === writer)) return rows;
    return rows.map((row) => {
      const writer = fresh.get(row.writer) ?? row.writer;
      const { change, origin } = row;
      if (origin.counts !== undefined)
        origin.counts.valuesLeftOut += valuesLeftOut(writer, change) - valuesLeftOut(row.writer, change);
      return new SourceRow(writer, change, origin);
    });
  }

  /**
   * The rows of a part that are still to be applied, in order; counts them: anew, since a plan may be made again. Throws
   * TARGET_LANES_CHANGED.
   */
  collect({ loaded, transactions, counts }: ProcessPart, definition: PipelineDefinition): readonly WritableRow[] {
    const options = writerOptions(definition);
    const { delivery, process } = loaded;
    Object.assign(counts, noCounts());
    const rows: WritableRow[] = [];
    const writers: TableWriter[] = [];
    const laneAtClaim = this.laneAtClaim(definition);
    const writerOf = (index: number): TableWriter =>
      (writers[index] ??= must(
        this.writers.known(tableOf(process, index), options),
        'writers are looked up before rows are collected',
      ));
    for (const transaction of transactions) {
      const { process: number, serverUuid } = delivery.header;
      const origin: RowOrigin = { process: number, transaction, serverUuid, counts };
      const repeats = new Set<RowChange>();
      const remaining = this.filter.remaining(delivery.header, transaction, (change) => {
        const lane = laneAtClaim({ writer: writerOf(change.table), change, origin });
        if (lane === 'several') repeats.add(change);
        return lane;
      });
      const repeated: RowOrigin = { ...origin, isRepeat: true };
      if (remaining.length < transaction.changes.length) countSkipped(counts, transaction.changes, new Set(remaining));
      for (const change of remaining) {
        const writer = writerOf(change.table);
        if (change.refusal === undefined && isLostRepair(writer, change)) {
          countSkipped(counts, [change], NOTHING);
          continue;
        }
        const wanted = change.refusal === undefined ? change : withoutNeedlessRefusal(writer, change);
        rows.push(new SourceRow(writer, wanted, repeats.has(change) ? repeated : origin));
        counts[COUNTED_AS[change.kind]] += 1;
        countRows(counts, change.table, KIND_OF_CHANGE[change.kind]);
        counts.valuesLeftOut += valuesLeftOut(writer, change);
      }
    }
    return rows;
  }

  /** Tells the lane that had a row when the places were written; several = it may have been any. */
  private laneAtClaim(definition: PipelineDefinition): (row: WritableRow) => LaneOfRow {
    const { isSpreadAlike, places } = this.claimed;
    const alike = new Map<TableWriter, boolean>();
    return (row) => {
      const { writer } = row;
      let isAlike = alike.get(writer);
      if (isAlike === undefined) {
        isAlike = isSpreadAlike(writer, definition);
        if (!isAlike && !isRepeatable(writer, compileTargetLookup(definition.mappings))) throw lanesChanged(writer);
        alike.set(writer, isAlike);
      }
      return isAlike ? laneOf(row, places.length) : 'several';
    };
  }

  /** Tables of which there are rows that some lane may still have to apply. */
  private tablesToWrite({ process }: LoadedProcess): readonly TableDefinition[] {
    const indexes = new Set<number>();
    for (const { changes, gtid } of process.transactions)
      if (changes.length > 0 && !this.filter.isDone(gtid)) for (const { table } of changes) indexes.add(table);
    return [...indexes].map((index) => tableOf(process, index));
  }
}

/**
 * A row that is sent once more, and cannot be found: nobody knows what the target holds, so that its key there is all there is to go
 * by. Without one, or with a part of it only, some other row would be hit, or the row be there twice.
 */
function isLostRepair({ key }: TableWriter, change: RowChange): boolean {
  if ((change.flags & REPAIRS) === 0) return false;
  const image = change.kind === 'insert' ? change.after : change.before;
  return key.length === 0 || key.some(({ position }) => image[position] === undefined);
}

const NOTHING: ReadonlySet<RowChange> = new Set();

function countSkipped(counts: ProcessCounts, changes: readonly RowChange[], remaining: ReadonlySet<RowChange>): void {
  for (const change of changes) {
    if (remaining.has(change)) continue;
    counts.skipped += 1;
    countRows(counts, change.table, SKIPPED);
  }
}

const tableOf = ({ tables }: RowProcess, index: number): TableDefinition =>
  must(tables[index], 'decoding checks that a row names a table of its process');

function lanesChanged({ definition }: TableWriter): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem =
    `A loader ended when some lanes had written their rows of ${table} and others had not; since then its shape at the ` +
    'target, its mapping, its options or the release has changed, so that nobody can tell which rows these were, and rows ' +
    'of the table must not be written twice';
  return new SyncError('TARGET_LANES_CHANGED', { table, problem });
}

/** How the pipeline wants its tables to be written. */
export const writerOptions = ({
  parameters: { foreignKeys, missingColumn, noPrimaryKey, schemaEvolution },
}: PipelineDefinition): WriterOptions => ({
  foreignKeys,
  // Columns that were passed over when they appeared are columns that the target lacks.
  missingColumn: schemaEvolution === 'ignore' ? 'ignore' : missingColumn,
  noPrimaryKey,
});
