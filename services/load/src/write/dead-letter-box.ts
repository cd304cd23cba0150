import { refusalError, SyncError } from '@lutra/model';
import type { RowChange } from '@lutra/model';
import { addDeadLetterStatements, changedColumns, deadLetterId, findRepeated, stripLiterals } from '@lutra/sql';
import type { NewDeadLetter, TargetSession } from '@lutra/sql';
import { planStatements } from '../plan/plan-statements.ts';
import type { PlannedRow } from '../plan/planned-statement.ts';
import { conflictOf, namedChange, sourceOf } from './conflict.ts';
import type { Conflict } from './conflict.ts';
import { isRefusal } from './is-refusal.ts';
import { inOwnTable } from './own-table.ts';
import { Quarantine, tableOf } from './quarantine.ts';
import { touchedValues } from './touched-values.ts';
import type { WriteHow } from './write-how.ts';

const ALONE = { rowsMax: 1, charactersMax: Number.MAX_SAFE_INTEGER };

/**
 * The rows of one unit that become dead letters, in order. What they hold back counts for the rows behind them in the unit;
 * the pipeline's quarantine hears of it only when the unit is committed.
 */
export class DeadLetterBox {
  private readonly own = new Quarantine();
  private waiting: NewDeadLetter[] = [];
  private readonly taken: Conflict[] = [];

  constructor(
    private readonly session: TargetSession,
    private readonly how: WriteHow,
  ) {}

  get conflicts(): readonly Conflict[] {
    return this.taken;
  }

  /** Whether rows of the table may be held at all. */
  concerns({ writer }: PlannedRow): boolean {
    return this.own.concerns(writer) || this.how.quarantine.concerns(writer);
  }

  /** A row that touches what an unsettled dead letter touches follows it; false = the row is free. */
  takeIfHeld(row: PlannedRow): boolean {
    if (!this.concerns(row)) return false;
    const table = tableOf(row.writer.definition);
    const touched = touchedValues(row.writer, row.change);
    const follows = this.how.quarantine.holderOf(table, touched) ?? this.own.holderOf(table, touched);
    if (follows === null) return false;
    const problem = `A dead letter of ${table} touches the same key or unique value and is not settled`;
    const { refusal } = row.change;
    // Its turn will come, and then it has to be known that there is no row to write.
    const error = refusal === undefined ? new SyncError('TARGET_ROW_HELD', { problem }) : refusalError(refusal);
    this.take(row, error, follows);
    return true;
  }

  /** A row that its mapping has refused. False = it is none. */
  takeIfRefused(row: PlannedRow): boolean {
    const { refusal } = row.change;
    if (refusal === undefined) return false;
    this.take(row, refusalError(refusal), null);
    return true;
  }

  /**
   * The row was refused, or its conflict is for a person. Where a letter of the unit has come to touch the same since the row
   * was looked at (one of the same statement) that is why, and it goes on by itself after it. Throws
   * TARGET_QUARANTINE_FULL, TARGET_RECORD_REFUSED.
   */
  async add(row: PlannedRow, error: SyncError): Promise<void> {
    if (!this.takeIfHeld(row)) this.take(row, error, null);
    await this.flush();
  }

  /**
   * Writes what waits. A row that has a letter already, since the source was read again from before it, gets another one all the
   * same: rows of its key that came before it may come again too, and wait behind the old letter; only the new one sets right
   * what they will write. A decision about the old letter holds for both. Throws TARGET_RECORD_REFUSED.
   */
  async flush(): Promise<void> {
    const letters = this.waiting;
    if (letters.length === 0) return;
    this.waiting = [];
    const { pipelineId } = this.how;
    await inOwnTable(async () => {
      const repeated = await findRepeated(this.session, pipelineId, letters);
      const known = letters.map((letter, index) => ({ ...letter, repeats: repeated[index] ?? null }));
      for (const statement of addDeadLetterStatements(pipelineId, known)) await this.session.execute([statement]);
    });
  }

  private take(row: PlannedRow, error: SyncError, follows: string | null): void {
    const { epoch, revision, quarantine, poisonTries } = this.how;
    const { writer } = row;
    const { process, serverUuid, transaction } = sourceOf(row).origin;
    const change = keptChange(row);
    const letter: NewDeadLetter = {
      epoch,
      process,
      serverUuid,
      seq: transaction.seq,
      gtid: transaction.gtid,
      revision,
      definition: writer.definition,
      change,
      error: {
        code: error.code,
        message: error.sentence,
        errno: typeof error.details['errno'] === 'number' ? error.details['errno'] : null,
      },
      statement: statementText(row),
      attempts: follows !== null ? 0 : change.refusal === undefined ? poisonTries : 1,
      follows,
    };
    const touched = touchedValues(writer, change);
    const held = { id: deadLetterId(letter), code: error.code, table: tableOf(writer.definition), touched };
    this.own.add(held);
    quarantine.refuseIfFull(this.own.size);
    this.waiting.push(letter);
    this.taken.push(conflictOf(row, { type: null, decision: 'deadLettered', letter: held }));
  }
}

/**
 * The change as a letter keeps it. A merged row may write columns that have come back to their first value: nothing is told
 * of what they were before, else they would count as unchanged, and a retry would leave them as an earlier change that was
 * discarded had left them. Other unique values are never among them, see merged-row.ts. Those of the key stay, since they are
 * what finds the row: a row that is sent once more writes all its columns, and the merged row with it.
 */
function keptChange(row: PlannedRow): RowChange {
  const change = namedChange(row);
  if (change.kind !== 'update' || row.sources.length === 1) return change;
  const changed = new Set(changedColumns(row.writer, change));
  const before = [...change.before];
  const key = new Set(row.writer.key.map(({ position }) => position));
  for (const column of row.columns)
    if (!changed.has(column) && !key.has(column.position)) before[column.position] = undefined;
  return { ...change, before };
}

/** What would have been sent, without its values; of a row that has a value which is not even sent, what was to be done. */
function statementText(row: PlannedRow): string {
  try {
    return stripLiterals(planStatements([row], ALONE)[0]?.statement.sql ?? '');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return `${row.change.kind.toUpperCase()} ${row.writer.quoted}`;
  }
}
