import { context as activeContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { linkSignals, SyncError } from '@lutra/model';
import type { PipelineDefinition, ProcessHeader } from '@lutra/model';
import { STATEMENT_SCHEMA } from '@lutra/messaging';
import type { ProcessDelivery } from '@lutra/messaging';
import { failPoint } from './fail-point.ts';
import { isServerAway } from './is-server-away.ts';
import { PatientWriter } from './patient-writer.ts';
import type { PermitCache } from './permit-cache.ts';
import type { PermitFeed } from './permit-feed.ts';
import { reportStageFailure } from './report-stage-failure.ts';
import type { ProcessRouter } from './placement/process-router.ts';
import type { ServiceContext } from './service-context.ts';
import type { StageMeter } from './stage-meter.ts';
import type { StageDefinition, StageTask } from './stage-worker.ts';
import { ATTRIBUTES, TRACER_NAME } from './telemetry-names.ts';
import type { WorkInHand, WorkMark } from './work-in-hand.ts';

/** Deliveries of one process before it counts as one that kills or hangs its readers. */
const DELIVERIES_MAX = 3;
/** The output leaves in parts as it is made: a few parts of 768 KiB are in memory at once, whatever the process weighs. */
const OUTPUT_MARGIN_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 1_000;
/** Load says at most once a second how far it is; a body that is gone may only mean that its process is loaded. */
const LOADED_WAIT_MS = 3_000;
const LOADED_POLL_MS = 250;

export interface StageParts {
  readonly context: ServiceContext;
  readonly stage: StageDefinition;
  readonly permits: PermitCache;
  readonly meter: StageMeter;
  /** What this instance has in hand, for those who ask. */
  readonly works: WorkInHand;
  /** Names who takes the output; null where the next stage is not a matter of choice. */
  readonly router: ProcessRouter | null;
  /** Aborts when the service gives up what is in hand. */
  readonly signal: AbortSignal;
}

/** One delivery with what is needed while it is in hand. */
interface Job extends StageParts {
  readonly delivery: ProcessDelivery;
  readonly header: ProcessHeader;
  /** Aborts when the service stops, or when the work has become worthless because the permit's epoch has passed it. */
  readonly until: AbortSignal;
  readonly isStale: () => boolean;
  readonly mark: WorkMark;
}

/** Takes one delivery to its end: result stored and input acknowledged, dropped, given back, or reported. Never rejects. */
export async function handleDelivery(parts: StageParts, delivery: ProcessDelivery): Promise<void> {
  const { header } = delivery;
  const { feed, done } = parts.permits.use(header.pipelineId);
  const stale = feed.abortWhen((permit) => isStale(header, permit));
  const { signal: until, unlink } = linkSignals(parts.signal, stale.reached);
  const job: Job = {
    ...parts,
    delivery,
    header,
    until,
    isStale: () => stale.reached.aborted,
    mark: parts.works.begin(header),
  };
  try {
    await persist(job, () => settle(job, feed));
  } catch (error) {
    await letGo(job, error);
  } finally {
    job.mark.done();
    unlink();
    stale.stop();
    done();
  }
}

/** A removed pipeline has no permit: its processes are worthless too. Unknown yet is not stale. */
const isStale = (header: ProcessHeader, permit: PermitFeed['permit']): boolean =>
  permit !== undefined && (permit === null || permit.epoch > header.epoch);

/** Repeats while NATS or ZooKeeper cannot be reached: that is no failure of the process, and could not be reported anyway. */
async function persist(job: Job, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      job.until.throwIfAborted();
      await work();
      return;
    } catch (error) {
      if (job.until.aborted || !isServerAway(error)) throw error;
      const { code, message } = SyncError.of(error);
      job.mark.waitsFor(code.startsWith('COORDINATION') ? 'coordination' : 'bus', `waits for a server: ${message}`);
      logOf(job).debug({ code }, 'process waits for a server');
      await job.context.clock.sleep(RETRY_MS, job.until);
    }
  }
}

/** Resolves when the input is acknowledged or given back on purpose; throws when it is stale, when the service stops, or when a server is away. */
async function settle(job: Job, feed: PermitFeed): Promise<void> {
  const { delivery, header } = job;
  await feed.waitUntil((permit) => permit !== undefined, job.until);
  await feed.expectEpoch(header.epoch);
  job.until.throwIfAborted();
  try {
    if (delivery.deliveryCount > 1 && (await isLoaded(job))) {
      await delivery.ack();
      return;
    }
    if (delivery.deliveryCount > DELIVERIES_MAX)
      throw new SyncError('BUS_REDELIVERED_TOO_OFTEN', {
        problem: `Process ${String(header.process)} was delivered ${String(delivery.deliveryCount)} times to ${job.stage.stage} without being finished`,
      });
    job.mark.waitsFor('definition', `waits for revision ${String(header.revision)} of the pipeline`);
    const definition = await job.context.bus.definition(header.pipelineId, header.revision);
    if (definition !== null) {
      await inSpan(job, (span) => work(job, definition, span));
      return;
    }
    if (delivery.deliveryCount < DELIVERIES_MAX) {
      delivery.nak(RETRY_MS);
      return;
    }
    throw new SyncError('CONFIG_REVISION_MISSING', {
      problem: `Revision ${String(header.revision)} of pipeline ${header.pipelineId} is not in the configuration bucket`,
    });
  } catch (error) {
    await fail(job, error);
  }
}

async function work(job: Job, definition: PipelineDefinition, span: Span): Promise<void> {
  const { context, delivery, header, stage, until } = job;
  const startMs = context.clock.now().getTime();
  const bytes = delivery.bodyBytes + OUTPUT_MARGIN_BYTES;
  const isStatement = delivery.schema === STATEMENT_SCHEMA;
  job.mark.waitsFor('memory', `waits for ${String(bytes)} bytes of memory (LUTRA_MEMORY_BYTES_MAX)`);
  const release = await context.budget.reserve(bytes, until, definition.parameters.priority);
  const writer = context.bus.writeProcess({
    queue: stage.output,
    identity: header,
    schema: isStatement ? STATEMENT_SCHEMA : stage.outputSchema,
  });
  const output = new PatientWriter(writer, context.clock, until);
  try {
    job.mark.waitsFor('bus', 'waits for the body of its message');
    const body = await delivery.fetchBody();
    job.mark.waitsFor('other', 'works on its rows');
    const task = { delivery, definition, body, output };
    const { rowCount } = isStatement ? await passStatement(stage, task) : await stage.work(task, until);
    until.throwIfAborted();
    const endMs = context.clock.now().getTime();
    const time = {
      stage: stage.stage,
      instance: context.identity.instance,
      startMs,
      endMs,
      rowCount,
      bytes: body.length,
    };
    failPoint('before-publish');
    const { parallelism, transformPlacement: policy } = definition.parameters;
    const target = async () => job.router?.target(header, { policy, parallelism });
    await output.finishAt({ ...header, rowCount, stages: [...header.stages, time] }, target);
    span.setAttribute(ATTRIBUTES.rows, rowCount);
    job.meter.recordProcess({
      pipelineId: header.pipelineId,
      rowCount,
      bytes: body.length,
      durationMs: endMs - startMs,
    });
  } catch (error) {
    await output.abort();
    throw error;
  } finally {
    release();
  }
  failPoint('after-publish');
  failPoint('before-acknowledge');
  await delivery.ack();
}

async function passStatement(stage: StageDefinition, task: StageTask): Promise<{ readonly rowCount: number }> {
  task.output.write(stage.statement === undefined ? task.body : await stage.statement(task));
  return { rowCount: 0 };
}

/** Decides what an error means. Returns when the input is settled. */
async function fail(job: Job, error: unknown): Promise<void> {
  const { context, delivery, header, stage } = job;
  const failure = SyncError.of(error);
  if (job.until.aborted || isServerAway(error)) throw error;
  if (failure.code === 'BUS_BODY_MISSING' && (await becomesLoaded(job))) {
    await delivery.ack();
    return;
  }
  logOf(job).error({ err: error, code: failure.code }, 'process failed');
  job.meter.recordFailure({ pipelineId: header.pipelineId, code: failure.code });
  await reportStageFailure(context, { ...header, stage: stage.stage }, failure);
  await delivery.ack();
}

/** True when load has this process behind it: then its message is a repeat that came too late. */
async function isLoaded({ context, header }: Job): Promise<boolean> {
  const cursor = await context.bus.cursor(header.pipelineId);
  return cursor?.state === 'place' && cursor.epoch === header.epoch && cursor.process >= header.process;
}

async function becomesLoaded(job: Job): Promise<boolean> {
  const { clock } = job.context;
  const limitMs = clock.monotonicMs() + LOADED_WAIT_MS;
  while (!job.until.aborted && clock.monotonicMs() < limitMs) {
    if (await isLoaded(job)) return true;
    await clock.sleep(LOADED_POLL_MS, job.until);
  }
  return false;
}

/** What has become worthless is acknowledged; else (the service stops, or something failed that nobody foresaw) another instance takes it over. */
async function letGo(job: Job, error: unknown): Promise<void> {
  const { delivery, signal } = job;
  const log = logOf(job);
  try {
    if (job.isStale()) {
      await delivery.ack();
      log.debug('process of an older epoch dropped');
      return;
    }
    log[signal.aborted ? 'debug' : 'warn']({ err: error }, 'process given back');
    delivery.nak(signal.aborted ? undefined : RETRY_MS);
  } catch (lastError) {
    // Not told to the server: it delivers the process again when the acknowledgement wait has passed.
    log.debug({ err: lastError }, 'process could not be let go');
  }
}

/** Runs the work inside the stage's span, child of the stage before; a failure marks the span with its code. */
function inSpan(job: Job, run: (span: Span) => Promise<void>): Promise<void> {
  const { delivery, header, stage } = job;
  const attributes = {
    [ATTRIBUTES.pipeline]: header.pipelineId,
    [ATTRIBUTES.process]: header.process,
    [ATTRIBUTES.epoch]: header.epoch,
    [ATTRIBUTES.messagingSystem]: 'nats',
    [ATTRIBUTES.messagingDestination]: stage.input,
    [ATTRIBUTES.messagingOperation]: stage.stage,
    [ATTRIBUTES.messagingOperationType]: 'process',
    [ATTRIBUTES.messagingBodyBytes]: delivery.bodyBytes,
  };
  const options = { kind: SpanKind.CONSUMER, attributes };
  const tracer = trace.getTracer(TRACER_NAME);
  return activeContext.with(delivery.traceContext, () =>
    tracer.startActiveSpan(stage.stage, options, async (span) => {
      try {
        await run(span);
      } catch (error) {
        const { code, message } = SyncError.of(error);
        span.setAttribute(ATTRIBUTES.errorType, code);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
        throw error;
      } finally {
        span.end();
      }
    }),
  );
}

const logOf = ({ context, header, stage }: Job): StageParts['context']['log'] =>
  context.log.child({
    stage: stage.stage,
    pipelineId: header.pipelineId,
    epoch: header.epoch,
    processId: header.process,
  });
