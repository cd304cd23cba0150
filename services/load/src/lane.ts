import { SpanStatusCode, trace } from '@opentelemetry/api';
import { must, SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import { killSessions, resolveCommit } from '@lutra/sql';
import type { CheckpointClaim, CheckpointMove, TargetSession } from '@lutra/sql';
import { failPoint, TRACER_NAME } from '@lutra/service-kit';
import type { PlannedStatement } from './planned-statement.ts';
import { retryInPlace } from './retry-in-place.ts';
import type { TargetAccess } from './target-access.ts';
import { writeUnit } from './write-unit.ts';
import type { Conflict } from './write-unit.ts';

/** What one lane writes in one target transaction. */
export interface LaneUnit {
  /** Place of the source once the unit is in the target. */
  readonly end: Place;
  readonly revision: number;
  /** Makes the statements; called again for another session, whose view of the tables may differ. */
  plan(session: TargetSession): Promise<readonly PlannedStatement[]>;
}

// Well below the session's wait_timeout of 60 s.
const KEEP_ALIVE_MS = 20_000;

/** The one ordered writer of a pipeline: its session, its step in the checkpoint, and the repeating in place. */
export class Lane {
  private session: TargetSession | null = null;
  private step = 0;
  private readonly serverId: string;
  /** Session that was lost and may still hold locks. */
  private lostSessionId: number | null = null;
  private lastUseMs: number;

  constructor(
    private readonly access: TargetAccess,
    private readonly claim: CheckpointClaim,
    claimed: { readonly session: TargetSession; readonly step: number },
  ) {
    this.session = claimed.session;
    this.step = claimed.step;
    this.serverId = claimed.session.info.serverId;
    this.lastUseMs = access.clock.monotonicMs();
  }

  /**
   * Writes the unit and moves the checkpoint in one transaction; resolves when the target has committed. What passes by
   * itself (deadlock, failover, broken connection) is repeated for `retryMs`, then thrown; a COMMIT without an answer is
   * settled by asking the checkpoint. After the signal has aborted nothing is begun anew.
   */
  async apply(
    unit: LaneUnit,
    options: { readonly retryMs: number; readonly signal: AbortSignal },
  ): Promise<readonly Conflict[]> {
    const attempt: Attempt = { unanswered: null };
    const once = async (): Promise<readonly Conflict[]> => {
      try {
        return await this.tryOnce(unit, attempt);
      } catch (error) {
        await this.afterFailure();
        throw error;
      }
    };
    const { retryMs, signal } = options;
    return retryInPlace(once, { clock: this.access.clock, limitMs: retryMs, signal });
  }

  /** Says something to the target when it has been silent for long, so that the session stays. Never throws. */
  async keepAlive(): Promise<void> {
    const { clock } = this.access;
    if (this.session === null || clock.monotonicMs() - this.lastUseMs < KEEP_ALIVE_MS) return;
    this.lastUseMs = clock.monotonicMs();
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
    const conflicts = await writeUnit(session, move, planned);
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
