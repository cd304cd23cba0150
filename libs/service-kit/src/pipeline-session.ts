import type { PipelineDefinition } from '@lutra/model';
import type { Logger } from 'pino';

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
