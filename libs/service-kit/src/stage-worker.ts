import { ByteBudget, linkSignals, SyncError } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { ProcessDelivery, ProcessQueue, ProcessSchema, ProcessWriter, StageQueue } from '@lutra/messaging';
import { ANY_INSTANCE } from './placement/choose-instance.ts';
import { ProcessRouter } from './placement/process-router.ts';
import { OwnOrder } from './own-order.ts';
import { PermitCache } from './permit-cache.ts';
import type { ServiceContext } from './service-context.ts';
import { handleDelivery } from './stage-delivery.ts';
import { answerInquiries } from './answer-inquiries.ts';
import { WorkInHand } from './work-in-hand.ts';
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
  readonly input: StageQueue;
  readonly output: ProcessQueue;
  readonly outputSchema: ProcessSchema;
  /** Returns the number of rows that left the stage. */
  readonly work: (task: StageTask, signal: AbortSignal) => Promise<{ readonly rowCount: number }>;
}

/**
 * The life of a stateless stage (extract, transform): takes deliveries from the queue of all instances and from its own
 * under one limit (LUTRA_STAGE_CONCURRENCY), in the order of their coming, drops those of an epoch older than the permit's, reserves memory, opens a span as child of the stage before, calls `work`, finishes the output with the
 * stage's time appended, and acknowledges the input only after the output is stored. A failure is reported as ROLLBACK about
 * the process's epoch with its class, and the input is acknowledged (the work is selected again). A delivery seen more than
 * three times is not handled again but reported as BUS_REDELIVERED_TOO_OFTEN. The output goes to the instance that the
 * process's revision names by its placement. An instance that leaves in order hands what is left in its queue to the others;
 * for one that dies the arbiter does. One that a person has ordered to drain, or into maintenance, works off its own queue
 * and takes nothing from that of all.
 */
export function stageWorker(context: ServiceContext<StageEnv>, stage: StageDefinition): Worker {
  const { bus, identity, log } = context;
  const inHand = new Set<Promise<void>>();
  const own = { queue: stage.input, instance: identity.instance };
  const router = stage.output === 'extracted' ? new ProcessRouter(context, 'transform') : null;
  let intake = new AbortController();
  let isLeaving = false;

  const run = async (signal: AbortSignal): Promise<void> => {
    intake = new AbortController();
    const taking = AbortSignal.any([signal, intake.signal]);
    const permits = new PermitCache(context);
    const works = new WorkInHand(context.clock, stage.stage);
    const parts = { context, stage, permits, router, meter: stageMeter(stage.stage), works, signal };
    const inFlightMax = context.env.LUTRA_STAGE_CONCURRENCY;
    // Not of bytes: one place for each process that may be worked on, given in the order of asking.
    const places = new ByteBudget(inFlightMax);
    const take = async (target: string, until: AbortSignal): Promise<void> => {
      // A consumer holds back what exceeds inFlightMax, so that at most as many wait for a place.
      for await (const delivery of bus.consume({ queue: stage.input, target, inFlightMax, signal: until })) {
        const release = await places.reserve(1, until).catch(() => null); // Rejects when the intake has ended.
        if (release !== null && !until.aborted) keep(inHand, handleDelivery(parts, delivery).finally(release));
        else {
          release?.();
          delivery.nak();
        }
      }
    };
    const takeAny = (until: AbortSignal): Promise<void> => take(ANY_INSTANCE, until);
    const readers = [whileTakingWork(context, taking, takeAny), take(identity.instance, taking)];
    const ended = new AbortController();
    const answering = answerInquiries(context, { stage: stage.stage, works }, ended.signal);
    try {
      await Promise.all(readers);
    } finally {
      intake.abort();
      await Promise.allSettled(readers);
      await Promise.all(inHand);
      ended.abort();
      await answering;
      permits.close();
      if (isLeaving) await leave();
    }
  };

  /** Nobody places here any more: the draining flag is set before the workers drain. What still comes is the arbiter's. */
  const leave = async (): Promise<void> => {
    try {
      const moved = await bus.moveInstanceQueue(own, { isClosed: true });
      if (moved.length > 0)
        log.info({ stage: stage.stage, count: moved.length }, 'own processes given to any instance');
    } catch (error) {
      log.debug({ err: error, code: SyncError.of(error).code }, 'own queue is left to the arbiter');
    }
  };

  return {
    name: stage.stage,
    prepare: () => bus.openInstanceQueue(own),
    run,
    drain: async () => {
      isLeaving = true;
      intake.abort();
      await Promise.all(inHand);
    },
    tasks: () => inHand.size,
  };
}

/** Runs `take` again and again while the instance is ordered neither to drain nor into maintenance; its signal aborts then. */
async function whileTakingWork(
  context: ServiceContext<StageEnv>,
  signal: AbortSignal,
  take: (until: AbortSignal) => Promise<void>,
): Promise<void> {
  const order = new OwnOrder(context);
  void order.run(signal); // Never rejects; ends with the signal.
  while (await order.waitUntil(() => order.takesWork, signal)) {
    const { reached, stop } = order.abortWhen(() => !order.takesWork);
    const { signal: until, unlink } = linkSignals(signal, reached);
    try {
      await take(until);
    } finally {
      unlink();
      stop();
    }
  }
}

function keep(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
