import type { PipelineDefinition } from '@lutra/model';
import type { ProcessDelivery, ProcessQueue, ProcessSchema, ProcessWriter } from '@lutra/messaging';
import type { ServiceContext } from './service-context.ts';
import type { Worker } from './worker.ts';

export interface StageTask {
  readonly delivery: ProcessDelivery;
  /** The revision that the process was selected with. */
  readonly definition: PipelineDefinition;
  /** Body of the delivery; its bytes are reserved in the budget for as long as the task runs. */
  readonly body: Uint8Array;
  readonly output: ProcessWriter;
}

/**
 * The life of a stateless stage (extract, transform): takes deliveries from the work queue, drops those of an epoch older
 * than the permit's, reserves memory, opens a span as child of the stage before, calls `work`, finishes the output with the
 * stage's time appended, and acknowledges the input only after the output is stored. A failure is reported as ROLLBACK about
 * the process's epoch with its class, and the input is acknowledged (the work is selected again). A delivery seen more than
 * three times is not handled again but reported as BUS_REDELIVERED_TOO_OFTEN.
 */
export function stageWorker(
  context: ServiceContext,
  stage: {
    readonly stage: 'extract' | 'transform';
    readonly input: ProcessQueue;
    readonly output: ProcessQueue;
    readonly outputSchema: ProcessSchema;
    /** Returns the number of rows that left the stage. */
    readonly work: (task: StageTask, signal: AbortSignal) => Promise<{ readonly rowCount: number }>;
  },
): Worker {
  return { name: stage.stage, run: () => Promise.reject(new Error(`stub ${context.identity.instance}`)) };
}
