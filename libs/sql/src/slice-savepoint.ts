import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** Stands before each slice that is written into an open transaction; the same name again replaces the one before. */
export const SLICE_SAVEPOINT: TargetStatement = { sql: 'SAVEPOINT lutra_slice' };

const UNDO: TargetStatement = { sql: 'ROLLBACK TO SAVEPOINT lutra_slice' };

/**
 * Takes back what was written since {@link SLICE_SAVEPOINT}. False when the transaction is gone, and the savepoint with
 * it: after a deadlock, a lock wait where innodb_rollback_on_timeout is on, or with the connection. Never throws.
 */
export async function undoSlice(session: TargetSession): Promise<boolean> {
  if (!session.isOpen) return false;
  try {
    await session.execute([UNDO]);
    return true;
  } catch {
    return false;
  }
}
