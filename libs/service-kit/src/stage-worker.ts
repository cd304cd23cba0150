import type { PipelineDefinition } from '@lutra/model';
import type { ProcessDelivery, ProcessQueue, ProcessSchema, ProcessWriter } from '@lutra/messaging';
import { PermitCache } from './permit-cache.ts';
import type { ServiceContext } from './service-context.ts';
import { handleDelivery } from './stage-delivery.ts';
import { stageMeter } from './stage-meter.ts';
import type { StageEnv } from './stage.env.ts';
import type { Worker } from './worker.ts';

export interface StageTask {
  readonly delivery: ProcessDelivery;
  /** The revision that the process was selected with. */
  readonly definition: PipelineDefinition;
  /** Body of the delivery; its bytes are reserved in the budget for as long as the task runs. */
  readonly body: Uint8Array;
  readonly output: ProcessWriter;
}

export interface StageDefinition {
  readonly stage: 'extract' | 'transform';
  readonly input: ProcessQueue;
  readonly output: ProcessQueue;
  readonly outputSchema: ProcessSchema;
  /** Returns the number of rows that left the stage. */
  readonly work: (task: StageTask, signal: AbortSignal) => Promise<{ readonly rowCount: number }>;
}

/** Deliveries of the default placement: any instance of the stage may take them. */
const TARGET_ANY = 'any';

/**
 * The life of a stateless stage (extract, transform): takes deliveries from the work queue, drops those of an epoch older
 * than the permit's, reserves memory, opens a span as child of the stage before, calls `work`, finishes the output with the
 * stage's time appended, and acknowledges the input only after the output is stored. A failure is reported as ROLLBACK about
 * the process's epoch with its class, and the input is acknowledged (the work is selected again). A delivery seen more than
 * three times is not handled again but reported as BUS_REDELIVERED_TOO_OFTEN.
 */
export function stageWorker(context: ServiceContext<StageEnv>, stage: StageDefinition): Worker {
  const inHand = new Set<Promise<void>>();
  let intake = new AbortController();

  const run = async (signal: AbortSignal): Promise<void> => {
    intake = new AbortController();
    const taking = AbortSignal.any([signal, intake.signal]);
    const permits = new PermitCache(context);
    const parts = { context, stage, permits, meter: stageMeter(stage.stage), signal };
    try {
      const deliveries = context.bus.consume({
        queue: stage.input,
        durable: `${stage.stage}-${TARGET_ANY}`,
        target: TARGET_ANY,
        inFlightMax: context.env.LUTRA_STAGE_CONCURRENCY,
        signal: taking,
      });
      // The consumer holds back what exceeds inFlightMax, so this set stays that small.
      for await (const delivery of deliveries) {
        if (taking.aborted) delivery.nak();
        else keep(inHand, handleDelivery(parts, delivery));
      }
    } finally {
      await Promise.all(inHand);
      permits.close();
    }
  };

  return {
    name: stage.stage,
    run,
    drain: async () => {
      intake.abort();
      await Promise.all(inHand);
    },
    tasks: () => inHand.size,
  };
}

function keep(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
