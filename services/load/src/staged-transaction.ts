import type { Clock } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { explainLostMove, moveStatement, undoSlice } from '@lutra/sql';
import type { CheckpointMove, LaneStep, TargetSession } from '@lutra/sql';
import type { PlannedStatement } from './plan/planned-statement.ts';
import { retryInPlace } from './retry-in-place.ts';
import { startWithSavepoint, transactionLost } from './unit-start.ts';
import type { UnitStart } from './unit-start.ts';
import type { Conflict } from './write/conflict.ts';

export interface RetryOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** One slice: made and written anew as often as it takes. */
export interface StagedSlice {
  plan(): Promise<readonly PlannedStatement[]>;
  write(start: UnitStart, planned: readonly PlannedStatement[]): Promise<readonly Conflict[]>;
}

/**
 * A target transaction that is open because its source transaction goes on: slice after slice is written into it.
 *
 * It began with a move of the checkpoint that left all places as they were and made one step; {@link end} makes the second
 * step, which carries the places. Both have to find every lane's row. The first is the fence: it takes the rows' locks before
 * any data. The second is the proof that the first, and so every slice behind it, is still part of this transaction: a server
 * that rolled it back without our noticing would have the old step, and nothing is committed.
 *
 * Slices that were written are acknowledged and gone. So a slice may be repeated for as long as its savepoint holds; when the
 * transaction itself is lost, TARGET_TRANSACTION_LOST is thrown, and only a new epoch can read it again.
 */
export class StagedTransaction {
  constructor(
    readonly session: TargetSession,
    /** The move that began it. */
    private readonly begun: CheckpointMove,
    /** Monotonic ms. */
    readonly sinceMs: number,
  ) {}

  /** Writes one more slice. What the savepoint can take back is planned and written again for a while. */
  async write(slice: StagedSlice, options: RetryOptions): Promise<readonly Conflict[]> {
    const { session } = this;
    const start = startWithSavepoint(session);
    const once = async (): Promise<readonly Conflict[]> => {
      const planned = await slice.plan();
      try {
        return await slice.write(start, planned);
      } catch (error) {
        if (await undoSlice(session)) throw error;
        throw transactionLost(session, SyncError.of(error).message, error);
      }
    };
    return retryInPlace(once, options);
  }

  /** The steps that the target holds as long as nothing is committed. */
  get committedSteps(): readonly LaneStep[] {
    return this.begun.lanes;
  }

  /** Makes `wanted`, a move from what is committed, the end's, one step further; the COMMIT has to follow at once. */
  async end(wanted: CheckpointMove): Promise<CheckpointMove> {
    const { session, begun } = this;
    const move = { ...wanted, lanes: wanted.lanes.map((lane) => ({ ...lane, step: lane.step + 1 })) };
    let moved: number | undefined;
    try {
      [moved] = await session.execute([moveStatement(move)]);
    } catch (error) {
      throw transactionLost(session, SyncError.of(error).message, error);
    }
    if (moved !== move.lanes.length)
      throw transactionLost(
        session,
        'its checkpoint rows are not as it left them',
        await explainLostMove(session, begun),
      );
    return move;
  }

  /** Keeps the session from being ended as idle. Throws TARGET_TRANSACTION_LOST when it is gone. */
  async keepAlive(): Promise<void> {
    try {
      await this.session.query('SELECT 1 AS one');
    } catch (error) {
      throw transactionLost(this.session, SyncError.of(error).message, error);
    }
  }
}
