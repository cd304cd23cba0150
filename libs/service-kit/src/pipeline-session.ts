import type { PipelineDefinition } from '@lutra/model';
import type { LeaseKind } from '@lutra/coordination';
import type { Logger } from 'pino';
import type { ServiceContext } from './service-context.ts';
import type { Worker } from './worker.ts';

/** One epoch of one pipeline in the hands of the instance that holds its lease. */
export interface PipelineSession {
  readonly pipelineId: string;
  /** Larger than the epoch that was seen when the lease was won; no other instance works in it. */
  readonly epoch: number;
  /** Newest revision at the start of the session; later ones arrive through `latestDefinition`. */
  readonly definition: PipelineDefinition;
  latestDefinition(): PipelineDefinition;
  /** Aborts when the permit changes, the lease is lost, the pipeline disappears, or the service stops. */
  readonly signal: AbortSignal;
  /** Aborts when the permit asks to drain (PAUSE, STOP): select then reads no more and lets the window empty. */
  readonly draining: AbortSignal;
  /** Child logger with pipeline and epoch. */
  readonly log: Logger;
}

/**
 * The life of a stage that only one instance may do per pipeline (select: mainstem, load: loader).
 * For every configured pipeline whose permit is not STOPPED it contends for the lease; winning issues RESTART about the
 * epoch seen; then `runEpoch` is called for each larger epoch whose permit is RUNNING. When `runEpoch` throws, the failure
 * goes to the event log and to the arbiter as ROLLBACK about this epoch, with its class; the instance keeps the lease and
 * waits for the next epoch. STOPPED releases the lease.
 */
export function leasedPipelines(
  context: ServiceContext,
  kind: LeaseKind,
  runEpoch: (session: PipelineSession) => Promise<void>,
): Worker {
  return { name: kind, run: () => Promise.reject(new Error(`stub ${context.identity.instance} ${typeof runEpoch}`)) };
}
