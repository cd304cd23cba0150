import { SyncError } from '@lutra/model';
import type { Clock, Place } from '@lutra/model';
import { questionOf, resolveCommit } from '@lutra/sql';
import type { CheckpointMove, CommitQuestion, TargetSession } from '@lutra/sql';
import { failPoint } from '@lutra/service-kit';
import { inCommitSpan } from './commit-in-place.ts';
import { confirmed } from './confirm-shapes.ts';
import type { ApplyOptions, Lane } from './lane.ts';
import { closeUnit } from './lane-unit.ts';
import type { LaneUnit } from './lane-unit.ts';
import { StagedTransaction } from './staged-transaction.ts';
import { startWithMove, transactionLost } from './unit-start.ts';
import { writeUnit } from './write/write-unit.ts';
import type { Conflict } from './write/conflict.ts';

interface StagedParts {
  readonly clock: Clock;
  /** Makes the move of all lanes on this session; a null end leaves the places as they are. */
  readonly moveAll: (session: TargetSession, end: Place | null, revision: number) => CheckpointMove;
  /** The move is committed. */
  readonly moved: (move: CheckpointMove) => void;
}

/**
 * The target transaction of all lanes that stays open over several slices, on the session of one lane. Once a slice of it is
 * lost nothing more is written: what follows would look like all of it.
 */
export class StagedLanes {
  private staged: StagedTransaction | null = null;
  /** Why staged slices are gone. */
  private lost: SyncError | null = null;

  constructor(
    private readonly lane: Lane,
    private readonly parts: StagedParts,
  ) {}

  /** True while a target transaction is open: the next unit belongs to it. */
  get isOpen(): boolean {
    return this.staged !== null;
  }

  /** Throws what has taken the staged slices away. */
  refuseIfLost(): void {
    if (this.lost !== null) throw this.lost;
  }

  /** Writes a slice; the first one begins the transaction and is repeated like a unit: until it is written nothing can be lost. */
  async stage(slice: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    this.refuseIfLost();
    const { staged } = this;
    return staged === null
      ? this.lane.repeat((session) => this.begin(session, slice), options)
      : this.write(staged, slice, options);
  }

  /** Writes the last slice, moves all lanes to `end` and commits. Throws TARGET_TRANSACTION_LOST when earlier slices are gone. */
  finish(unit: LaneUnit, end: Place, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.orAbandon(async (staged) => {
      const { session } = staged;
      const conflicts = await this.write(staged, unit, options);
      await closeUnit(unit, session);
      const move = await staged.end(this.parts.moveAll(session, end, unit.revision));
      failPoint('before-commit');
      try {
        await inCommitSpan(session, () => session.commit());
      } catch (error) {
        session.destroy();
        await this.settle(session, questionOf(move, staged.committedSteps), { options, error });
      }
      failPoint('after-commit');
      this.staged = null;
      this.parts.moved(move);
      unit.committed?.();
      return conflicts;
    });
  }

  /** Asks something on the open transaction's session, which must not be rolled back for it. */
  ask<T>(question: (session: TargetSession) => Promise<T>): Promise<T> {
    return this.orAbandon(({ session }) => askOn(session, question));
  }

  /** Throws TARGET_TRANSACTION_LOST when the transaction went with its session, and nothing else. */
  async keepAlive(): Promise<void> {
    this.refuseIfLost();
    if (this.staged === null) return;
    const isDue = this.lane.takeKeepAlive();
    if (isDue || !this.staged.session.isOpen) await this.orAbandon((staged) => staged.keepAlive());
  }

  private async begin(session: TargetSession, slice: LaneUnit): Promise<readonly Conflict[]> {
    const planned = await slice.plan(session);
    const move = this.parts.moveAll(session, null, slice.revision);
    const start = startWithMove(session, move);
    const conflicts = await confirmed(session, { unit: slice, planned }, () =>
      writeUnit(session, start, planned, slice.how),
    );
    this.staged = new StagedTransaction(session, move, this.parts.clock.monotonicMs());
    failPoint('after-stage');
    return conflicts;
  }

  private write(staged: StagedTransaction, slice: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.orAbandon(async () => {
      const { clock } = this.parts;
      const { session } = staged;
      const retry = { clock, limitMs: options.retryMs, signal: options.signal };
      const conflicts = await staged.write(
        {
          plan: () => askOn(session, () => slice.plan(session)),
          write: (start, planned) =>
            confirmed(session, { unit: slice, planned }, () => writeUnit(session, start, planned, slice.how)),
        },
        retry,
      );
      this.lane.used();
      failPoint('after-stage');
      return conflicts;
    });
  }

  /** A COMMIT of staged slices had no answer: it is done, or they are lost. */
  private async settle(
    lost: TargetSession,
    question: CommitQuestion,
    { options, error }: { readonly options: ApplyOptions; readonly error: unknown },
  ): Promise<void> {
    await this.lane.afterFailure();
    const outcome = await this.lane.repeat((session) => resolveCommit(session, question), options);
    if (outcome === 'repeat') throw transactionLost(lost, SyncError.of(error).message, error);
  }

  /** A failure inside the open transaction ends it: nothing may be written behind what is missing. */
  private async orAbandon<T>(work: (staged: StagedTransaction) => Promise<T>): Promise<T> {
    this.refuseIfLost();
    const { staged } = this;
    if (staged === null) throw new Error('No transaction is staged');
    try {
      return await work(staged);
    } catch (error) {
      this.staged = null;
      this.lost ??= SyncError.of(error);
      await this.lane.afterFailure();
      throw error;
    }
  }
}

/** Without the session that holds the slices there is nothing to go on with. */
async function askOn<T>(session: TargetSession, question: (session: TargetSession) => Promise<T>): Promise<T> {
  try {
    return await question(session);
  } catch (error) {
    if (session.isOpen) throw error;
    throw transactionLost(session, SyncError.of(error).message, error);
  }
}
