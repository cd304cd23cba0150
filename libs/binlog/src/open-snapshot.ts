import { compareFilePlaces, containsTransaction, SyncError } from '@lutra/model';
import type { DonePlace } from '@lutra/model';
import type { AskableSource } from './ask-server.ts';
import { readWritePosition } from './log-files.ts';

/**
 * snapshot: a transaction is open on the session, in which the rows are as they stood at one moment behind all that was asked
 * for. locking: the server cannot say what is visible; a row has to be read with a lock, of which a transaction that is in the
 * log and not yet visible lets go only when it is. null: not visible yet.
 */
export type Visibility = 'snapshot' | 'locking' | null;

const WAIT_S = 1;
/** From this attempt on a server that stands still is asked in a way that costs it the reading of a log file. */
const PATIENT_ATTEMPTS = 3;

/**
 * Whether what the transactions wrote can be seen: an event comes out of the log before its commit is visible. MySQL is waited
 * for by the GTIDs, up to a second: it counts a GTID as executed after the engine's commit. MariaDB counts one when it is in
 * the log; but it knows up to where in the log a snapshot reaches: so a snapshot is taken that reaches the log's end of a
 * moment at which all of the transactions stood in it. Throws SyncError (scope source).
 */
export async function openSnapshot(
  session: AskableSource,
  transactions: readonly string[],
  attempt: number,
): Promise<Visibility> {
  switch (session.server.placeKind) {
    case 'file':
      return 'locking';
    case 'mysqlGtid': {
      const wanted = transactions.join(',');
      const answer = await session.queryText(`SELECT WAIT_FOR_EXECUTED_GTID_SET('${wanted}', ${String(WAIT_S)})`);
      if (answer !== '0') return null;
      await session.query(START);
      return 'snapshot';
    }
    case 'mariadbGtid':
      return openMariadbSnapshot(session, transactions, attempt);
  }
}

const START = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';

async function openMariadbSnapshot(
  session: AskableSource,
  transactions: readonly string[],
  attempt: number,
): Promise<Visibility> {
  const logged = await session.queryText('SELECT @@global.gtid_binlog_pos');
  if (!containsAll({ kind: 'mariadbGtid', gtidList: logged }, transactions)) return null;
  const end = await readWritePosition(session);
  await session.query(START);
  const reached = await readSnapshotPosition(session);
  const isReached = compareFilePlaces(place(reached), place(end)) >= 0;
  // What writes to the log without a commit, a new file for one, does not move the snapshot's position.
  if (isReached || (attempt >= PATIENT_ATTEMPTS && (await holdsAll(session, reached, transactions)))) return 'snapshot';
  await session.query('ROLLBACK');
  return null;
}

interface LogPosition {
  readonly file: string;
  readonly offset: number;
}

async function readSnapshotPosition(session: AskableSource): Promise<LogPosition> {
  const rows = await session.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
  const byName = new Map(rows.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]));
  const file = byName.get('binlog_snapshot_file') ?? '';
  if (file === '')
    throw new SyncError('INTERNAL', { problem: `The source ${session.address} does not tell what a snapshot reaches` });
  return { file, offset: Number(byName.get('binlog_snapshot_position')) };
}

async function holdsAll(
  session: AskableSource,
  { file, offset }: LogPosition,
  transactions: readonly string[],
): Promise<boolean> {
  const gtidList = await session.queryText(`SELECT BINLOG_GTID_POS('${file}', ${String(offset)})`);
  return containsAll({ kind: 'mariadbGtid', gtidList }, transactions);
}

const containsAll = (done: DonePlace, transactions: readonly string[]): boolean =>
  transactions.every((gtid) => containsTransaction(done, gtid));

const place = ({ file, offset }: LogPosition): Extract<DonePlace, { kind: 'file' }> => ({
  ...{ kind: 'file', serverUuid: '', file, offset },
});
