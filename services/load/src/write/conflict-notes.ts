import type { ConflictDecision, ConflictType, RowImage } from '@lutra/model';
import { addConflictStatements } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import type { PlannedRow } from '../plan/planned-statement.ts';
import { conflictOf, namedChange, sourceOf } from './conflict.ts';
import type { Conflict } from './conflict.ts';
import { inOwnTable } from './own-table.ts';
import type { WriteHow } from './write-how.ts';

interface Note {
  readonly row: PlannedRow;
  readonly type: ConflictType;
  readonly decision: ConflictDecision;
  /** The row at the target; null = there was none, or it was not looked at. */
  readonly found: RowImage | null;
}

// Records in memory as text, at a time.
const RECORDS_PER_ROUND = 1_000;

/** The conflicts of a unit, each with its row: recorded in `lutra.conflict` before the unit is committed, all of them. */
export class ConflictNotes {
  private readonly notes = new Map<PlannedRow, Note>();

  constructor(
    private readonly session: TargetSession,
    private readonly how: WriteHow,
  ) {}

  add(note: Note): void {
    this.notes.set(note.row, note);
  }

  /** What was decided about the row did not come to pass. */
  withdraw(row: PlannedRow): void {
    this.notes.delete(row);
  }

  get conflicts(): readonly Conflict[] {
    return [...this.notes.values()].map(({ row, type, decision }) => conflictOf(row, { type, decision }));
  }

  async record(): Promise<void> {
    const { pipelineId, epoch } = this.how;
    const notes = [...this.notes.values()];
    for (let start = 0; start < notes.length; start += RECORDS_PER_ROUND) {
      const records = notes.slice(start, start + RECORDS_PER_ROUND).map(({ row, ...note }) => {
        const { process, transaction } = sourceOf(row).origin;
        const { definition, keyColumns } = row.writer;
        const change = namedChange(row);
        return { epoch, process, gtid: transaction.gtid, definition, keyColumns, change, ...note };
      });
      for (const statement of addConflictStatements(pipelineId, records))
        await inOwnTable(() => this.session.execute([statement]));
    }
  }
}
