import type { DonePlace, InsidePlace, Place } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { grantStatement } from './sql-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** One lane's row of `lutra.checkpoint`. */
export interface CheckpointRow {
  readonly lane: number;
  readonly epoch: number;
  readonly owner: string;
  readonly step: number;
  readonly place: Place;
  readonly revision: number;
  readonly sessionId: number;
}

/** Who writes under which epoch. `owner` is unique for each life of a loader, not only for each instance. */
export interface CheckpointClaim {
  readonly pipelineId: string;
  readonly epoch: number;
  readonly owner: string;
}

/** What one target transaction says of one lane: the step it makes and the place that is reached with it. */
export interface CheckpointMove extends CheckpointClaim {
  readonly lane: number;
  /** The last step that this owner wrote or read. */
  readonly step: number;
  readonly place: Place;
  readonly revision: number;
  readonly sessionId: number;
}

const CREATE_SCHEMA = 'CREATE DATABASE IF NOT EXISTS `lutra` CHARACTER SET utf8mb4';
const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS `lutra`.`checkpoint` (' +
  '`pipeline_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, ' +
  '`lane` smallint unsigned NOT NULL, ' +
  '`epoch` bigint unsigned NOT NULL, ' +
  '`owner` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`step` bigint unsigned NOT NULL, ' +
  '`done` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
  '`inside` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ' +
  '`revision` bigint unsigned NOT NULL, ' +
  '`session_id` bigint unsigned NOT NULL, ' +
  '`applied_at` datetime(6) NOT NULL, ' +
  'PRIMARY KEY (`pipeline_id`, `lane`)) ENGINE = InnoDB';

/** Creates database and table when they are missing. TARGET_GRANT_MISSING names what to grant. */
export async function ensureCheckpointTable(session: TargetSession): Promise<void> {
  try {
    if ((await session.describeTable({ schema: 'lutra', table: 'checkpoint' })) !== null) return;
    await session.execute([{ sql: CREATE_SCHEMA }]);
    await session.execute([{ sql: CREATE_TABLE }]);
  } catch (error) {
    if (!SyncError.is(error) || error.code !== 'TARGET_GRANT_MISSING') throw error;
    const { account, address } = session.info;
    const problem = `The account ${account} at ${address} may not keep the checkpoint in database lutra`;
    throw new SyncError(
      'TARGET_GRANT_MISSING',
      { ...error.details, problem, statement: grantStatement('lutra', account) },
      { cause: error },
    );
  }
}

/** All lanes of a pipeline, in lane order; empty before the origin. With `lock` they wait for whoever is writing them. */
export async function readCheckpoint(
  session: TargetSession,
  pipelineId: string,
  options: { readonly lock: boolean },
): Promise<readonly CheckpointRow[]> {
  const rows = await session.query(
    'SELECT lane, epoch, owner, step, done, inside, revision, session_id AS sessionId FROM `lutra`.`checkpoint` ' +
      `WHERE pipeline_id = ${quoteText(pipelineId)} ORDER BY lane${options.lock ? ' FOR UPDATE' : ''}`,
  );
  return rows.map((row) => ({
    lane: Number(row['lane']),
    epoch: Number(row['epoch']),
    owner: String(row['owner']),
    step: Number(row['step']),
    place: placeOf(String(row['done']), row['inside']),
    revision: Number(row['revision']),
    sessionId: Number(row['sessionId']),
  }));
}

/**
 * Takes all lanes under a strictly larger epoch and reads them; empty = the pipeline has no origin yet. The transaction is
 * committed. Repeating a claim of the same owner is harmless. Throws TARGET_EPOCH_AHEAD (with `epoch`) when the target has
 * seen a larger epoch, TARGET_FENCED when another owner works in this one.
 */
export async function claimCheckpoint(
  session: TargetSession,
  claim: CheckpointClaim,
): Promise<readonly CheckpointRow[]> {
  const { pipelineId, epoch, owner } = claim;
  await session.execute([
    {
      sql:
        `UPDATE \`lutra\`.\`checkpoint\` SET epoch = ${String(epoch)}, owner = ${quoteText(owner)}, ` +
        `session_id = ${String(session.info.sessionId)}, applied_at = UTC_TIMESTAMP(6) ` +
        `WHERE pipeline_id = ${quoteText(pipelineId)} AND epoch < ${String(epoch)}`,
    },
  ]);
  const rows = await readCheckpoint(session, pipelineId, { lock: true });
  const foreign = rows.find((row) => row.epoch !== epoch || row.owner !== owner);
  if (foreign === undefined) {
    await session.commit();
    return rows;
  }
  await session.rollback();
  if (foreign.epoch > epoch)
    throw new SyncError('TARGET_EPOCH_AHEAD', {
      epoch: foreign.epoch,
      aboveEpoch: foreign.epoch,
      problem: `The checkpoint at ${session.info.address} stands under epoch ${String(foreign.epoch)}, the permit under ${String(epoch)}`,
    });
  throw fenced(session, claim);
}

/** Inserts all lanes at the origin, in one transaction, and commits. Throws TARGET_FENCED when another loader was first. */
export async function insertOrigin(
  session: TargetSession,
  claim: CheckpointClaim,
  origin: { readonly place: Place; readonly revision: number; readonly lanes: number },
): Promise<readonly CheckpointRow[]> {
  const values = Array.from({ length: origin.lanes }, (_, lane) =>
    [
      quoteText(claim.pipelineId),
      String(lane),
      String(claim.epoch),
      quoteText(claim.owner),
      '0',
      ...placeLiterals(origin.place),
      String(origin.revision),
      String(session.info.sessionId),
      'UTC_TIMESTAMP(6)',
    ].join(','),
  );
  const columns = 'pipeline_id, lane, epoch, owner, step, done, inside, revision, session_id, applied_at';
  // An existing row stays: a repeat after a lost answer finds its own rows, anybody else's show in the claim.
  const sql = `INSERT INTO \`lutra\`.\`checkpoint\` (${columns}) VALUES (${values.join('),(')}) ON DUPLICATE KEY UPDATE lane = lane`;
  await session.execute([{ sql }]);
  await session.commit();
  return claimCheckpoint(session, claim);
}

/**
 * The first statement of every target transaction: it must find exactly one row, otherwise this loader is fenced and has to
 * roll back. Its row lock keeps a second loader waiting until the transaction has ended.
 */
export function moveStatement(move: CheckpointMove): TargetStatement {
  const [done, inside] = placeLiterals(move.place);
  return {
    sql:
      `UPDATE \`lutra\`.\`checkpoint\` SET step = ${String(move.step + 1)}, done = ${done}, inside = ${inside}, ` +
      `revision = ${String(move.revision)}, session_id = ${String(move.sessionId)}, applied_at = UTC_TIMESTAMP(6) ` +
      `WHERE pipeline_id = ${quoteText(move.pipelineId)} AND lane = ${String(move.lane)} AND epoch = ${String(move.epoch)} ` +
      `AND owner = ${quoteText(move.owner)} AND step = ${String(move.step)}`,
  };
}

/**
 * After a COMMIT whose answer was lost: asks the row, on a new session, waiting for the old one to end. 'done' when the
 * step is there, 'repeat' when the old one is: that of the last committed transaction, which is not the move's own where the
 * transaction had moved the row before. Throws TARGET_FENCED for anything else, TARGET_CHECKPOINT_MISSING without a row.
 */
export async function resolveCommit(
  session: TargetSession,
  move: CheckpointMove,
  stepBefore: number = move.step,
): Promise<'done' | 'repeat'> {
  const rows = await readCheckpoint(session, move.pipelineId, { lock: true });
  await session.rollback();
  const row = rows.find(({ lane }) => lane === move.lane);
  if (row === undefined) throw checkpointMissing(session, move.pipelineId);
  if (row.epoch === move.epoch && row.owner === move.owner) {
    if (row.step === move.step + 1) return 'done';
    if (row.step === stepBefore) return 'repeat';
  }
  throw fenced(session, move);
}

/** The error for a move that found no row: fenced, or the row is gone. Rolls back. */
export async function explainLostMove(session: TargetSession, move: CheckpointMove): Promise<SyncError> {
  await session.rollback();
  const rows = await readCheckpoint(session, move.pipelineId, { lock: false });
  await session.rollback();
  return rows.some(({ lane }) => lane === move.lane)
    ? fenced(session, move)
    : checkpointMissing(session, move.pipelineId);
}

/**
 * Ends the sessions that the lanes of an older epoch name: those of a loader that is frozen or cut off and still holds the
 * rows. `session` is another one than that which waits. Gives the number of sessions that were ended.
 */
export async function killRecordedSessions(
  session: TargetSession,
  { pipelineId, epoch }: Pick<CheckpointClaim, 'pipelineId' | 'epoch'>,
): Promise<number> {
  const rows = await readCheckpoint(session, pipelineId, { lock: false });
  const older = rows.filter((row) => row.epoch < epoch).map(({ sessionId }) => sessionId);
  return killSessions(session, older);
}

/** Ends sessions of the same account, which needs no privilege. A number that is no such session (any more) is passed over. */
export async function killSessions(session: TargetSession, sessionIds: readonly number[]): Promise<number> {
  const wanted = sessionIds.filter((id) => id > 0 && id !== session.info.sessionId);
  if (wanted.length === 0) return 0;
  const found = await session.query(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID IN (${wanted.join(',')}) AND USER = SUBSTRING_INDEX(USER(), '@', 1)`,
  );
  for (const { id } of found) await kill(session, Number(id));
  await session.rollback();
  return found.length;
}

const NO_SUCH_THREAD = 1094;

/** A session that ends by itself between the looking and the killing is what was wanted. */
async function kill(session: TargetSession, sessionId: number): Promise<void> {
  try {
    await session.execute([{ sql: `KILL ${String(sessionId)}` }]);
  } catch (error) {
    if (!SyncError.is(error) || error.details['errno'] !== NO_SUCH_THREAD) throw error;
  }
}

function fenced(session: TargetSession, { pipelineId, epoch, owner }: CheckpointClaim): SyncError {
  const problem = `The checkpoint of ${pipelineId} at ${session.info.address} belongs to another loader than ${owner} in epoch ${String(epoch)}`;
  return new SyncError('TARGET_FENCED', { problem, epoch });
}

function checkpointMissing(session: TargetSession, pipelineId: string): SyncError {
  const problem = `The checkpoint row of ${pipelineId} has disappeared from lutra.checkpoint at ${session.info.address}`;
  return new SyncError('TARGET_CHECKPOINT_MISSING', { problem });
}

function placeLiterals({ done, inside }: Place): readonly [string, string] {
  return [quoteText(JSON.stringify(done)), inside === null ? 'NULL' : quoteText(JSON.stringify(inside))];
}

function placeOf(done: string, inside: unknown): Place {
  return {
    done: JSON.parse(done) as DonePlace,
    inside: typeof inside === 'string' ? (JSON.parse(inside) as InsidePlace) : null,
  };
}
