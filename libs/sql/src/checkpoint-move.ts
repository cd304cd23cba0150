import type { SyncError } from '@lutra/model';
import { insertLanes, laneNumbers, placeLiterals, readCheckpoint, untilRecorded } from './checkpoint.ts';
import type { CheckpointClaim, LaneMove } from './checkpoint.ts';
import { checkpointMissing, fenced } from './checkpoint-failure.ts';
import { quoteText } from './sql-text.ts';
import type { TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';

/** What one target transaction says of the lanes that it writes for, each of which makes one step. */
export interface CheckpointMove extends CheckpointClaim {
  /** In lane order, at least one. */
  readonly lanes: readonly LaneMove[];
  readonly revision: number;
}

export interface LaneStep {
  readonly lane: number;
  readonly step: number;
}

/** How the rows show whether a transaction was committed. */
export interface CommitQuestion extends CheckpointClaim {
  readonly before: readonly LaneStep[];
  readonly after: readonly LaneStep[];
}

/**
 * The first statement of every target transaction: it must find exactly as many rows as the move has lanes, otherwise this
 * loader is fenced and has to roll back. Its row locks, taken in lane order, keep a second loader waiting until the
 * transaction has ended.
 */
export function moveStatement({ pipelineId, epoch, owner, lanes, revision }: CheckpointMove): TargetStatement {
  const isOnePlace = lanes.every(({ place }) => place === lanes[0]?.place);
  const places = isOnePlace ? lanes.slice(0, 1) : lanes;
  const done = byLane(places, ({ place }) => placeLiterals(place)[0]);
  const inside = byLane(places, ({ place }) => placeLiterals(place)[1]);
  const sessionId = byLane(lanes, (each) => String(each.sessionId));
  const step = byLane(lanes, (each) => String(each.step));
  return {
    sql:
      `UPDATE \`lutra\`.\`checkpoint\` SET step = step + 1, done = ${done}, inside = ${inside}, ` +
      `revision = ${String(revision)}, session_id = ${sessionId}, applied_at = UTC_TIMESTAMP(6) ` +
      `WHERE pipeline_id = ${quoteText(pipelineId)} AND ${laneIn(lanes)} AND epoch = ${String(epoch)} ` +
      `AND owner = ${quoteText(owner)} AND step = ${step}`,
  };
}

/** What tells whether the move is committed. `before`: the steps that are committed, where the transaction has moved the lanes before. */
export function questionOf(move: CheckpointMove, before: readonly LaneStep[] = move.lanes): CommitQuestion {
  const { pipelineId, epoch, owner, lanes } = move;
  return { pipelineId, epoch, owner, before, after: lanes.map(({ lane, step }) => ({ lane, step: step + 1 })) };
}

/**
 * After a COMMIT whose answer was lost: asks the rows, on a new session, waiting for the old one to end. 'done' when the steps
 * after it are there, 'repeat' when those before it are. Throws TARGET_FENCED for anything else, TARGET_CHECKPOINT_MISSING
 * without a row.
 */
export async function resolveCommit(session: TargetSession, question: CommitQuestion): Promise<'done' | 'repeat'> {
  const rows = await readCheckpoint(session, question.pipelineId, { lock: true });
  await session.rollback();
  const stand = (steps: readonly LaneStep[]): boolean =>
    steps.every(({ lane, step }) =>
      rows.some(
        (row) => row.lane === lane && row.step === step && row.epoch === question.epoch && row.owner === question.owner,
      ),
    );
  if (stand(question.after)) return 'done';
  if (stand(question.before)) return 'repeat';
  const named = [...question.after, ...question.before];
  throw rows.some(({ lane }) => named.some((each) => each.lane === lane))
    ? fenced(session, question)
    : checkpointMissing(session, question.pipelineId);
}

/** The error for a move that found too few rows: fenced, or a row is gone. Rolls back. */
export async function explainLostMove(session: TargetSession, move: CheckpointMove): Promise<SyncError> {
  await session.rollback();
  const rows = await readCheckpoint(session, move.pipelineId, { lock: false });
  await session.rollback();
  const isThere = ({ lane }: LaneMove): boolean => rows.some((row) => row.lane === lane);
  return move.lanes.every(isThere) ? fenced(session, move) : checkpointMissing(session, move.pipelineId);
}

/** Another number of lanes, all of them even: the statements of one transaction, and how its COMMIT is told. */
export interface Relane {
  /** The first has to find as many rows as the move has lanes. */
  readonly statements: readonly TargetStatement[];
  readonly question: CommitQuestion;
  /** The lanes as they stand afterwards. */
  readonly lanes: readonly LaneStep[];
}

/**
 * Rewrites the rows for `count` lanes. `move` is one of all lanes as they are, all to one place; rows that are too many go,
 * rows that are missing come with that place. A claim of another loader either comes before all of it or behind: both lock
 * the first row first.
 */
export function relaneStatements(move: CheckpointMove, count: number): Relane {
  const [first] = move.lanes;
  if (first === undefined) throw new Error('relaneStatements: a move of no lane');
  const wanted = laneNumbers(count);
  const gone = move.lanes.filter(({ lane }) => !wanted.includes(lane));
  const kept = move.lanes.filter(({ lane }) => wanted.includes(lane));
  // Steps of a lane never go back, also when it goes and comes again.
  const step = Math.max(...move.lanes.map((each) => each.step)) + 1;
  const added = wanted.filter((lane) => !move.lanes.some((each) => each.lane === lane));
  const { before, after: moved, ...claim } = questionOf(move);
  const lanes = wanted.map((lane) => moved.find((each) => each.lane === lane) ?? { lane, step });
  const statements = [moveStatement(move)];
  if (gone.length > 0)
    statements.push({
      sql: `DELETE FROM \`lutra\`.\`checkpoint\` WHERE pipeline_id = ${quoteText(move.pipelineId)} AND ${laneIn(gone)}`,
    });
  if (added.length > 0) {
    const { place, sessionId } = first;
    const rows = added.map((lane) => ({ lane, step, place, sessionId }));
    statements.push({ sql: insertLanes(claim, rows, move.revision) });
  }
  // Without a lane that stays, the new ones tell; the step of a kept one tells in any case.
  const after = kept.length > 0 ? moved.filter(({ lane }) => wanted.includes(lane)) : lanes;
  return { statements, question: { ...claim, before, after }, lanes };
}

/**
 * Notes the session that a lane writes with from now on, so that a later claim can end it. Commits. Throws TARGET_FENCED when
 * the lane belongs to another loader.
 */
export async function recordSession(session: TargetSession, claim: CheckpointClaim, lane: number): Promise<void> {
  const { pipelineId, epoch, owner } = claim;
  // The first lane's number depends on how many there are, and a COMMIT without an answer may have changed that.
  const named = lane <= 1 ? 'lane IN (0,1)' : `lane = ${String(lane)}`;
  const sql =
    `UPDATE \`lutra\`.\`checkpoint\` SET session_id = ${String(session.info.sessionId)} WHERE pipeline_id = ${quoteText(pipelineId)} ` +
    `AND ${named} AND epoch = ${String(epoch)} AND owner = ${quoteText(owner)}`;
  await untilRecorded(session, async () => {
    const [found] = await session.execute([{ sql }]);
    if (found === 1) return session.commit();
    await session.rollback();
    throw fenced(session, claim);
  });
}

/** One value for all lanes, or one for each. */
function byLane(lanes: readonly LaneMove[], textOf: (lane: LaneMove) => string): string {
  const texts = lanes.map(textOf);
  const [first = 'NULL'] = texts;
  if (texts.every((text) => text === first)) return first;
  return `CASE lane ${lanes.map(({ lane }, index) => `WHEN ${String(lane)} THEN ${texts[index] ?? 'NULL'}`).join(' ')} END`;
}

function laneIn(lanes: readonly LaneMove[]): string {
  const [first, second] = lanes;
  if (first === undefined) throw new Error('A move of no lane');
  return second === undefined
    ? `lane = ${String(first.lane)}`
    : `lane IN (${lanes.map(({ lane }) => String(lane)).join(',')})`;
}
