import type { DonePlace, InsidePlace, Place } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { checkpointMissing, fenced } from './checkpoint-failure.ts';
import { IDLE_S } from './session-setup.ts';
import { showProcesses } from './show-processes.ts';
import { grantStatement } from './sql-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';

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

/** One lane in a move. */
export interface LaneMove {
  readonly lane: number;
  /** The last step of the lane that this owner wrote or read. */
  readonly step: number;
  /** What the lane has done with this move. */
  readonly place: Place;
  /** The session that the lane writes with, for a later claim that has to end it. */
  readonly sessionId: number;
}

/**
 * Numbers of the rows of so many lanes: 0 alone, 1 to n for several. A loader of a release that knew one lane looks for row 0:
 * where there are several it finds none, writes nothing and says so.
 */
export const laneNumbers = (count: number): readonly number[] =>
  count === 1 ? [0] : Array.from({ length: count }, (_, index) => index + 1);

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
 * seen a larger epoch, TARGET_FENCED when another owner works in this one, TARGET_CHECKPOINT_MISSING when lanes are missing.
 */
export async function claimCheckpoint(
  session: TargetSession,
  claim: CheckpointClaim,
): Promise<readonly CheckpointRow[]> {
  return untilRecorded(session, () => takeLanes(session, claim));
}

async function takeLanes(session: TargetSession, claim: CheckpointClaim): Promise<readonly CheckpointRow[]> {
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
    const wanted = laneNumbers(rows.length);
    if (rows.some(({ lane }, index) => lane !== wanted[index])) throw checkpointMissing(session, pipelineId);
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

/**
 * Inserts all lanes at the origin, in one transaction, and commits. Where another loader was first nothing is inserted, not
 * even lanes that it does not have: rows of two numbers of lanes side by side would be nobody's. The claim then says what stands.
 */
export async function insertOrigin(
  session: TargetSession,
  claim: CheckpointClaim,
  origin: { readonly place: Place; readonly revision: number; readonly lanes: number },
): Promise<readonly CheckpointRow[]> {
  const { place, revision } = origin;
  const { sessionId } = session.info;
  const rows = laneNumbers(origin.lanes).map((lane) => ({ lane, step: 0, place, sessionId }));
  // An existing row stays: a repeat after a lost answer finds its own rows, anybody else's show in the claim.
  const sql = `${insertLanes(claim, rows, revision)} ON DUPLICATE KEY UPDATE lane = lane`;
  return untilRecorded(session, async () => {
    await session.execute([{ sql }]);
    const there = await readCheckpoint(session, claim.pipelineId, { lock: true });
    const isOurs = there.every((row) => row.epoch === claim.epoch && row.owner === claim.owner);
    await (isOurs ? session.commit() : session.rollback());
    return takeLanes(session, claim);
  });
}

// Far more than a loader that is alive needs between two statements, less than a claim waits for a lock.
const UNRECORDED_S = 5;

/**
 * Does what locks rows of the checkpoint before the session stands in them. Nobody could find it to end it should its loader
 * freeze meanwhile ({@link killRecordedSessions}): the server does, soon. A session that fails here is to be given up.
 */
export async function untilRecorded<T>(session: TargetSession, work: () => Promise<T>): Promise<T> {
  const keepFor = (seconds: number): Promise<unknown> =>
    session.execute([{ sql: `SET SESSION wait_timeout = ${String(seconds)}` }]);
  await keepFor(UNRECORDED_S);
  const result = await work();
  await keepFor(IDLE_S);
  return result;
}

/** INSERT of lanes, all at their first step under the claim. */
export function insertLanes(
  { pipelineId, epoch, owner }: CheckpointClaim,
  lanes: readonly LaneMove[],
  revision: number,
): string {
  const values = lanes.map(({ lane, step, place, sessionId }) =>
    [
      quoteText(pipelineId),
      String(lane),
      String(epoch),
      quoteText(owner),
      String(step),
      ...placeLiterals(place),
      String(revision),
      String(sessionId),
      'UTC_TIMESTAMP(6)',
    ].join(','),
  );
  const columns = 'pipeline_id, lane, epoch, owner, step, done, inside, revision, session_id, applied_at';
  return `INSERT INTO \`lutra\`.\`checkpoint\` (${columns}) VALUES (${values.join('),(')})`;
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
  const processes = await showProcesses(session);
  const own = processes.find(({ id }) => id === session.info.sessionId);
  const found = processes.filter(({ id, user }) => wanted.includes(id) && user === own?.user);
  for (const { id } of found) await kill(session, id);
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

/** `done` and `inside` as SQL literals. */
export function placeLiterals({ done, inside }: Place): readonly [done: string, inside: string] {
  return [quoteText(JSON.stringify(done)), inside === null ? 'NULL' : quoteText(JSON.stringify(inside))];
}

function placeOf(done: string, inside: unknown): Place {
  return {
    done: JSON.parse(done) as DonePlace,
    inside: typeof inside === 'string' ? (JSON.parse(inside) as InsidePlace) : null,
  };
}
