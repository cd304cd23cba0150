import { SyncError } from '@lutra/model';
import type { OpenTransaction } from './open-transaction.ts';
import { Savepoints } from './savepoints.ts';
import type { UndoneRange } from './savepoints.ts';

/** SAVEPOINT or RELEASE SAVEPOINT inside a transaction. */
export function noteSavepoint(transaction: OpenTransaction, statement: string): void {
  transaction.savepoints ??= new Savepoints();
  transaction.savepoints.note(statement, { event: eventsOf(transaction), mapped: transaction.mappedEvents });
}

/** ROLLBACK TO: see {@link rollBack}; rows that are only prepared are simply not counted later. */
export function rollBackTo(transaction: OpenTransaction, statement: string): void {
  const undone = (transaction.savepoints ?? new Savepoints()).rollBackTo(statement, eventsOf(transaction));
  if (transaction.xa === null) rollBack(transaction, undone);
  else transaction.xa.drops.push(undone);
}

/**
 * Rows in the range do not count. When some of them were kept the transaction is read to its end, and then again without
 * them (`undone`). Rows of tables without transactions are not among them: the servers log those in a transaction of their
 * own. Throws SOURCE_EVENT_UNSUPPORTED when such rows are in a slice that is published.
 */
export function rollBack(transaction: OpenTransaction, { from, to, mappedBefore }: UndoneRange): void {
  // A place behind the range was taken when its rows were out already.
  if (transaction.isDone || transaction.firstEventWanted >= to || transaction.mappedEvents === mappedBefore) return;
  if (transaction.mappedInSlices > mappedBefore)
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
      problem: `Transaction ${transaction.gtid} undid rows of mapped tables after a part of it was published, because it is larger than one process`,
      type: 'QUERY_EVENT ROLLBACK',
    });
  transaction.undone ??= [];
  transaction.undone.push({ from, to });
}

/** Rows events of the transaction so far. */
const eventsOf = ({ xa, eventsRead }: OpenTransaction): number => xa?.eventsRead ?? eventsRead;
