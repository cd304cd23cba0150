import { SpanStatusCode, trace } from '@opentelemetry/api';
import { SyncError } from '@lutra/model';
import { resolveCommit } from '@lutra/sql';
import type { CommitQuestion, TargetSession } from '@lutra/sql';
import { failPoint, TRACER_NAME } from '@lutra/service-kit';
import type { ApplyOptions, Lane } from './lane.ts';

/** What stands in a target transaction that is ready for its COMMIT. */
export interface Written<T> {
  readonly result: T;
  /** Tells afterwards whether the COMMIT took place. */
  readonly question: CommitQuestion;
  /** Called once it has. */
  readonly committed: () => void;
}

/**
 * Writes on the lane's session and commits; resolves when the target has committed. What passes by itself is repeated as
 * {@link Lane.repeat} says; a COMMIT without an answer is settled by asking the checkpoint, and only what is not there is
 * written again.
 */
export function commitInPlace<T>(
  lane: Lane,
  write: (session: TargetSession) => Promise<Written<T>>,
  options: ApplyOptions,
): Promise<T> {
  let unanswered: Written<T> | null = null;
  return lane.repeat(async (session) => {
    if (unanswered !== null) {
      const outcome = await resolveCommit(session, unanswered.question);
      const { committed, result } = unanswered;
      unanswered = null;
      if (outcome === 'done') {
        committed();
        return result;
      }
    }
    const written = await write(session);
    failPoint('before-commit');
    try {
      await inCommitSpan(session, () => session.commit());
    } catch (error) {
      // Whatever went wrong, the server may have committed: only the checkpoint knows.
      unanswered = written;
      session.destroy();
      throw error;
    }
    failPoint('after-commit');
    written.committed();
    return written.result;
  }, options);
}

export function inCommitSpan(session: TargetSession, commit: () => Promise<void>): Promise<void> {
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
