import type { Context, Span } from '@opentelemetry/api';
import type { PipelineDefinition } from '@lutra/model';
import type { ProcessDelivery } from '@lutra/messaging';
import type { BatchPlan } from './batch-planner.ts';
import type { LoadedProcess } from './loaded-process.ts';

/** Consecutive processes of one revision that are loaded together, in hand until all of them are. */
export interface Batch {
  readonly definition: PipelineDefinition;
  readonly processes: readonly LoadedProcess[];
  /** One for each process. */
  readonly spans: readonly Span[];
  /** What is done for the batch belongs to this trace. */
  readonly trace: Context;
  readonly traceId: string;
  /** Made while the batch before it was being written; null = there is none, or it has become stale. */
  plan: BatchPlan | null;
  /** Deliveries that are not loaded yet: given back when the epoch ends first. */
  pending: readonly ProcessDelivery[];
  /** Gives back the memory; more than once does no harm. */
  readonly release: () => void;
}
