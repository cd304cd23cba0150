import { SpanStatusCode, trace } from '@opentelemetry/api';
import { must, SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import { killSessions, resolveCommit } from '@lutra/sql';
import type { CheckpointClaim, CheckpointMove, TargetSession, TargetStatement } from '@lutra/sql';
import { failPoint, TRACER_NAME } from '@lutra/service-kit';
import type { LaneWork } from './block-watch.ts';
import { confirmed } from './confirm-shapes.ts';
import type { PlannedStatement } from './plan/planned-statement.ts';
import { retryInPlace } from './retry-in-place.ts';
import { StagedTransaction } from './staged-transaction.ts';
import type { TargetAccess } from './target-access.ts';
import { startWithMove, transactionLost } from './unit-start.ts';
import { writeUnit } from './write/write-unit.ts';
import type { Conflict } from './write/write-unit.ts';

/** What one lane writes in one target transaction. */
export interface LaneUnit {
  /** Place of the source once the unit is in the target. */
  readonly end: Place;
  readonly revision: number;
  /** Makes the statements; called again for another session, whose view of the tables may differ. */
  plan(session: TargetSession): Promise<readonly PlannedStatement[]>;
  /**
   * Asked when the rows are written, before the COMMIT, and when they were refused. Throws TARGET_SHAPE_CHANGED when the plan
   * was made for tables that have changed since.
   */
  confirm?(session: TargetSession, planned: readonly PlannedStatement[]): Promise<void>;
  /** Stand behind all rows, in the same transaction. */
  closing?(session: TargetSession): readonly TargetStatement[];
}

/** A part of a source transaction that goes on; its place is known with the last part only. */
export type LaneSlice = Omit<LaneUnit, 'end'>;

export interface ApplyOptions {
  readonly retryMs: number;
  readonly signal: AbortSignal;
}

// Well below the session's wait_timeout of 60 s.
const KEEP_ALIVE_MS = 20_000;

/** The one ordered writer of a pipeline: its session, its step in the checkpoint, and the repeating in place. */
export class Lane {
  private session: TargetSession | null = null;
  private step = 0;
  /** What the target has committed. */
  private place: Place;
  /** Holds slices that are written and not committed. */
  private staged: StagedTransaction | null = null;
  /** Why staged slices are gone. Nothing may be written any more: what follows them would look like all of it. */
  private lost: SyncError | null = null;
  private readonly serverId: string;
  /** Session that was lost and may still hold locks. */
  private lostSessionId: number | null = null;
  private lastUseMs: number;
  private busySinceMs: number | null = null;

  constructor(
    private readonly access: TargetAccess,
    private readonly claim: CheckpointClaim,
    claimed: { readonly session: TargetSession; readonly step: number; readonly place: Place },
  ) {
    this.session = claimed.session;
    this.step = claimed.step;
    this.place = claimed.place;
    this.serverId = claimed.session.info.serverId;
    this.lastUseMs = access.clock.monotonicMs();
  }

  /** True while a target transaction is open: the next unit belongs to it. */
  get isStaged(): boolean {
    return this.staged !== null;
  }

  /**
   * Writes the unit and moves the checkpoint in one transaction, the open one if there is one; resolves when the target has
   * committed. What passes by itself (deadlock, failover, broken connection) is repeated for `retryMs`, then thrown; a
   * COMMIT without an answer is settled by asking the checkpoint. After the signal has aborted nothing is begun anew.
   * Throws TARGET_TRANSACTION_LOST when slices that were staged before are gone.
   */
  apply(unit: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.whileBusy(() => this.applyNow(unit, options));
  }

  private async applyNow(unit: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    this.refuseIfLost();
    if (this.staged !== null) return this.applyStaged(this.staged, unit, options);
    const attempt: Attempt = { unanswered: null };
    const conflicts = await this.repeat(() => this.tryOnce(unit, attempt), options);
    this.place = unit.end;
    return conflicts;
  }

  /**
   * Writes a slice into the open transaction, or begins one with it. Resolves when it is written; only {@link apply} makes
   * it last. The first slice is repeated like a unit: until it is written nothing can be lost.
   */
  stage(slice: LaneSlice, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.whileBusy(() => {
      this.refuseIfLost();
      const { staged } = this;
      return staged === null
        ? this.repeat(() => this.tryToBegin(slice), options)
        : this.writeStaged(staged, slice, options);
    });
  }

  /** What the target has committed. */
  get reached(): Place {
    return this.place;
  }

  /** What it is at, for whoever looks why it takes long. */
  get work(): LaneWork {
    return { busySinceMs: this.busySinceMs, sessionId: this.session?.info.sessionId ?? null };
  }

  private async whileBusy<T>(work: () => Promise<T>): Promise<T> {
    this.busySinceMs = this.access.clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.busySinceMs = null;
    }
  }

  /**
   * Says something to the target when it has been silent for long, so that the session stays. Throws
   * TARGET_TRANSACTION_LOST when an open transaction went with its session, and nothing else. Whoever does not wait for the
   * answer hears of it from whatever is asked next.
   */
  async keepAlive(): Promise<void> {
    const { clock } = this.access;
    this.refuseIfLost();
    const { staged } = this;
    if (this.session === null) return;
    const isDue = clock.monotonicMs() - this.lastUseMs >= KEEP_ALIVE_MS;
    if (isDue) this.lastUseMs = clock.monotonicMs();
    if (staged !== null) {
      if (isDue || !staged.session.isOpen) await this.orAbandon(() => staged.keepAlive());
      return;
    }
    if (!isDue) return;
    try {
      await this.session.query('SELECT 1 AS one');
    } catch {
      // The next unit opens another session.
    }
    await this.session.rollback();
  }

  async close(): Promise<void> {
    await this.session?.close();
  }

  /** Ends the session at once: the statement in hand fails, and the server rolls back. */
  destroy(): void {
    this.session?.destroy();
  }

  /** Repeats what passes by itself, with the session made good in between. */
  private repeat<T>(work: () => Promise<T>, { retryMs, signal }: ApplyOptions): Promise<T> {
    const once = async (): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        await this.afterFailure();
        throw error;
      }
    };
    return retryInPlace(once, { clock: this.access.clock, limitMs: retryMs, signal });
  }

  private async tryOnce(unit: LaneUnit, attempt: Attempt): Promise<readonly Conflict[]> {
    const session = await this.connected();
    this.lastUseMs = this.access.clock.monotonicMs();
    const { unanswered } = attempt;
    if (unanswered !== null) {
      const outcome = await resolveCommit(session, unanswered.move);
      attempt.unanswered = null;
      if (outcome === 'done') {
        this.step += 1;
        return unanswered.conflicts;
      }
    }
    const planned = await unit.plan(session);
    const move = this.moveTo(unit, session);
    const conflicts = await confirmed(session, { unit, planned }, () =>
      writeUnit(session, startWithMove(session, move), planned),
    );
    await close(unit, session);
    failPoint('before-commit');
    try {
      await inCommitSpan(session, () => session.commit());
    } catch (error) {
      // Whatever went wrong, the server may have committed: only the checkpoint knows.
      attempt.unanswered = { move, conflicts };
      session.destroy();
      throw error;
    }
    failPoint('after-commit');
    this.step += 1;
    return conflicts;
  }

  private async tryToBegin(slice: LaneSlice): Promise<readonly Conflict[]> {
    const session = await this.connected();
    this.lastUseMs = this.access.clock.monotonicMs();
    const planned = await slice.plan(session);
    const move = this.moveTo({ ...slice, end: this.place }, session);
    const conflicts = await confirmed(session, { unit: slice, planned }, () =>
      writeUnit(session, startWithMove(session, move), planned),
    );
    this.staged = new StagedTransaction(session, move, this.access.clock.monotonicMs());
    failPoint('after-stage');
    return conflicts;
  }

  private writeStaged(
    staged: StagedTransaction,
    slice: LaneSlice,
    { retryMs, signal }: ApplyOptions,
  ): Promise<readonly Conflict[]> {
    const { clock } = this.access;
    return this.orAbandon(async () => {
      const { session } = staged;
      const retry = { clock, limitMs: retryMs, signal };
      const conflicts = await staged.write(
        {
          plan: () => planFor(session, slice),
          write: (start, planned) =>
            confirmed(session, { unit: slice, planned }, () => writeUnit(session, start, planned)),
        },
        retry,
      );
      this.lastUseMs = clock.monotonicMs();
      failPoint('after-stage');
      return conflicts;
    });
  }

  private applyStaged(staged: StagedTransaction, unit: LaneUnit, options: ApplyOptions): Promise<readonly Conflict[]> {
    return this.orAbandon(async () => {
      const { session } = staged;
      const conflicts = await this.writeStaged(staged, unit, options);
      await close(unit, session);
      const move = await staged.end({ place: unit.end, revision: unit.revision });
      failPoint('before-commit');
      try {
        await inCommitSpan(session, () => session.commit());
      } catch (error) {
        session.destroy();
        await this.settle(session, move, { options, error });
      }
      failPoint('after-commit');
      this.staged = null;
      this.step = move.step + 1;
      this.place = unit.end;
      return conflicts;
    });
  }

  /** A COMMIT of staged slices had no answer: it is done, or they are lost. */
  private async settle(
    lost: TargetSession,
    move: CheckpointMove,
    { options, error }: { readonly options: ApplyOptions; readonly error: unknown },
  ): Promise<void> {
    const ask = async (): Promise<'done' | 'repeat'> => resolveCommit(await this.connected(), move, this.step);
    await this.afterFailure();
    const outcome = await this.repeat(ask, options);
    if (outcome === 'repeat') throw transactionLost(lost, SyncError.of(error).message, error);
  }

  /** A failure inside the open transaction ends it: nothing may be written behind what is missing. */
  private async orAbandon<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.staged = null;
      this.lost ??= SyncError.of(error);
      await this.afterFailure();
      throw error;
    }
  }

  private refuseIfLost(): void {
    if (this.lost !== null) throw this.lost;
  }

  private moveTo({ end, revision }: LaneUnit, session: TargetSession): CheckpointMove {
    return { ...this.claim, lane: 0, step: this.step, place: end, revision, sessionId: session.info.sessionId };
  }

  private async afterFailure(): Promise<void> {
    const { session } = this;
    if (session === null) return;
    await session.rollback();
    if (session.isOpen) return;
    this.lostSessionId = session.info.sessionId;
    this.session = null;
  }

  private async connected(): Promise<TargetSession> {
    if (this.session !== null && !this.session.isOpen) await this.afterFailure();
    if (this.session !== null) return this.session;
    const session = await this.access.open();
    try {
      const { address, serverId } = session.info;
      if (serverId !== this.serverId) {
        // Another server may lack what this epoch has committed: only a new claim tells where it stands.
        const problem = `Another server answers at ${address} than the one that this epoch began with`;
        throw new SyncError('TARGET_FENCED', { problem, address });
      }
      if (this.lostSessionId !== null) await killSessions(session, [this.lostSessionId]);
      this.lostSessionId = null;
      this.session = session;
    } catch (error) {
      session.destroy();
      throw error;
    }
    return must(this.session, 'it was just set');
  }
}

/** A view of the tables that is asked for inside an open transaction: without a session there is none to go on with. */
async function planFor(session: TargetSession, slice: LaneSlice): Promise<readonly PlannedStatement[]> {
  try {
    return await slice.plan(session);
  } catch (error) {
    if (session.isOpen) throw error;
    throw transactionLost(session, SyncError.of(error).message, error);
  }
}

async function close(unit: LaneUnit, session: TargetSession): Promise<void> {
  const closing = unit.closing?.(session) ?? [];
  if (closing.length > 0) await session.execute(closing);
}

interface Attempt {
  /** A COMMIT whose answer was lost, with what its unit would have reported. */
  unanswered: { readonly move: CheckpointMove; readonly conflicts: readonly Conflict[] } | null;
}

function inCommitSpan(session: TargetSession, commit: () => Promise<void>): Promise<void> {
  const attributes = {
    'db.system.name': session.info.kind,
    'db.operation.name': 'COMMIT',
    'server.address': session.info.address,
  };
  return trace.getTracer(TRACER_NAME).startActiveSpan('commit', { attributes }, async (span) => {
    try {
      await commit();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: SyncError.of(error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}
