import { SyncError } from '@lutra/model';
import { explainLostMove, moveStatement, SLICE_SAVEPOINT, undoSlice } from '@lutra/sql';
import type { CheckpointMove, TargetSession, TargetStatement } from '@lutra/sql';

/** What stands before the rows of a unit or slice, and how everything behind it is taken back. */
export interface UnitStart {
  readonly statement: TargetStatement;
  /** Looks at the rows that the statement found; throws when nothing may be written. */
  check(found: number): Promise<void>;
  undo(): Promise<void>;
}

/** The checkpoint's move, first statement of every target transaction. Taken back with the whole transaction. */
export function startWithMove(session: TargetSession, move: CheckpointMove): UnitStart {
  return {
    statement: moveStatement(move),
    check: (found) => expectFound(session, move, found),
    undo: () => session.rollback(),
  };
}

/** Throws TARGET_FENCED or TARGET_CHECKPOINT_MISSING unless the move has found the row of each of its lanes. */
export async function expectFound(session: TargetSession, move: CheckpointMove, found: number): Promise<void> {
  if (found !== move.lanes.length) throw await explainLostMove(session, move);
}

/** A savepoint in a transaction that holds earlier slices. `undo` throws TARGET_TRANSACTION_LOST when they are gone. */
export function startWithSavepoint(session: TargetSession): UnitStart {
  return {
    statement: SLICE_SAVEPOINT,
    check: () => Promise.resolve(),
    undo: async () => {
      if (!(await undoSlice(session))) throw transactionLost(session, 'its savepoint is gone');
    },
  };
}

/** `why`: what is known of it. The cause is kept where there is one. */
export function transactionLost(session: TargetSession, why: string, cause?: unknown): SyncError {
  const { address } = session.info;
  const problem = `${address} rolled back a transaction that was written in part: ${why}`;
  return new SyncError('TARGET_TRANSACTION_LOST', { address, problem }, cause === undefined ? {} : { cause });
}
