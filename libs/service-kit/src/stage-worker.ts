import { ByteBudget, SyncError } from '@lutra/model';
import type { PipelineDefinition, Priority } from '@lutra/model';
import type { ProcessDelivery, ProcessQueue, ProcessSchema, ProcessWriter, StageQueue } from '@lutra/messaging';
import { ANY_INSTANCE } from './placement/choose-instance.ts';
import { ProcessRouter } from './placement/process-router.ts';
import { Peers } from './peers.ts';
import { PermitCache } from './permit-cache.ts';
import type { ServiceContext } from './service-context.ts';
import { handleDelivery } from './stage-delivery.ts';
import type { StageParts } from './stage-delivery.ts';
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
  /** Makes the body of a process that holds a schema statement; without it such a process passes unchanged. */
  readonly statement?: (task: Pick<StageTask, 'delivery' | 'definition' | 'body'>) => Promise<Uint8Array>;
}

/**
 * The life of a stateless stage (extract, transform): takes deliveries from the queue of all instances and from its own
 * under one limit (LUTRA_STAGE_CONCURRENCY), in the order of their coming, 4 : 2 : 1 by priority where several wait, drops
 * those of an epoch older than the permit's, reserves memory, opens a span as child of the stage before, calls `work`,
 * finishes the output with the stage's time appended, and acknowledges the input only after the output is stored. A failure
 * is reported as ROLLBACK about the process's epoch with its class, and the input is acknowledged (the work is selected again). A delivery seen more than
 * three times is not handled again but reported as BUS_REDELIVERED_TOO_OFTEN. The output goes to the instance that the
 * process's revision names by its placement. An instance that leaves in order hands what is left in its queue to the others;
 * for one that dies the arbiter does. One that a person has ordered to drain, or into maintenance, works off its own queue
 * and takes nothing from that of all while another instance does.
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
    // Not of bytes: one place for each process that may be worked on; where several wait, by priority.
    const places = new ByteBudget(inFlightMax);
    // A consumer holds back what exceeds inFlightMax, so that at most as many wait for a place.
    const take = async (target: string, until: AbortSignal): Promise<void> => {
      for await (const delivery of bus.consume({ queue: stage.input, target, inFlightMax, signal: until }))
        keep(inHand, handleInTurn(parts, delivery, { places, taking }));
    };
    const peers = new Peers(context);
    const readers = [
      peers.run(taking),
      takeAsOrdered(peers, (until) => take(ANY_INSTANCE, until), taking),
      take(identity.instance, taking),
    ];
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

/**
 * Takes from the queue of all instances unless a person has ordered this one to drain or into maintenance and another one
 * takes work. What was placed on this instance is still taken: nothing new is.
 */
async function takeAsOrdered(
  peers: Peers,
  take: (until: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const mayTake = (): boolean => peers.isKnown && (peers.order.takesWork || !peers.hasHeir);
  while (await peers.waitUntil(mayTake, signal)) {
    const barred = peers.abortWhen(() => !mayTake());
    try {
      await take(AbortSignal.any([signal, barred.reached]));
    } finally {
      barred.stop();
    }
  }
}

/** Works on a delivery as soon as it has a place; gives it back when the intake ends before. */
async function handleInTurn(
  parts: StageParts,
  delivery: ProcessDelivery,
  { places, taking }: { readonly places: ByteBudget; readonly taking: AbortSignal },
): Promise<void> {
  const priority = await priorityOf(parts.context, delivery);
  const release = await places.reserve(1, taking, priority).catch(() => null); // Rejects when the intake has ended.
  if (release !== null && !taking.aborted) await handleDelivery(parts, delivery);
  else delivery.nak();
  release?.();
}

/** What is not known yet has no claim to be first; what is wrong with it shows when it is worked on. */
async function priorityOf(context: ServiceContext, { header }: ProcessDelivery): Promise<Priority> {
  try {
    return (await context.bus.definition(header.pipelineId, header.revision))?.parameters.priority ?? 'normal';
  } catch {
    return 'normal';
  }
}

function keep(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
