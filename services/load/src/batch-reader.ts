import { context as activeContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { Bell, must, SyncError } from '@lutra/model';
import type { PipelineDefinition, WarningCode } from '@lutra/model';
import { decodeRowProcess, decodeStatementProcess, STATEMENT_SCHEMA } from '@lutra/messaging';
import type { ProcessDelivery } from '@lutra/messaging';
import { ATTRIBUTES, TRACER_NAME } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import type { Batch } from './batch.ts';
import { expectSameDryRun } from './dry-run/dry-run-guard.ts';
import { leaveOut } from './leave-out.ts';
import type { LoadEnv } from './load.env.ts';
import { noCounts } from './loaded-process.ts';
import type { LoadedProcess } from './loaded-process.ts';
import type { ProcessBuffer } from './process-buffer.ts';
import type { Pace } from './throttle/pace.ts';

const TICK_MS = 1_000;
const LATER_MS = 1_000;
/** Processes of one batch: as many as any window holds. */
const PROCESSES_MAX = 32;
/** A body is held together with the statements or packets that are made of it. */
const MEMORY_FACTOR = 2;
/** While a batch is being written the next one is made ready from so many rows on: fewer are better joined by those behind them. */
const AHEAD_ROWS_MIN = 1_000;

interface ReaderParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly buffer: ProcessBuffer;
  readonly pace: Pick<Pace, 'limits'>;
  /** Rung when a batch is ready. */
  readonly ready: Bell;
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
  /** Does ahead what can be done before the batch has its turn. */
  readonly prepare: (batch: Batch) => void;
}

/**
 * Takes processes from the buffer, fetches and decodes them, and has them planned: the batch that is next while another one is
 * being written. There is one such batch at most, and its memory is reserved before it is fetched.
 */
export class BatchReader {
  private readonly bell: Bell;
  private next: { readonly batch: Batch } | { readonly failure: SyncError } | null = null;
  private isWanted = false;
  private isHeld = false;
  /** Taken from the buffer and not handed over. */
  private taken: readonly ProcessDelivery[] = [];

  constructor(private readonly parts: ReaderParts) {
    this.bell = new Bell(parts.context.clock);
  }

  /** Something has come into the buffer. */
  readonly ring = (): void => {
    this.bell.ring();
  };

  /** Begins no other batch until {@link goOn}: whoever writes has to wait, and the memory is needed by others. */
  hold(): void {
    this.isHeld = true;
  }

  goOn(): void {
    this.isHeld = false;
    this.bell.ring();
  }

  /** The next batch, if it is ready; from now on whatever waits is made ready at once. Throws why it could not be read. */
  take(): Batch | null {
    const { next } = this;
    this.isWanted = next === null;
    this.bell.ring();
    if (next === null) return null;
    this.next = null;
    if ('failure' in next) throw next.failure;
    this.taken = [];
    return next.batch;
  }

  /** Reads batch after batch until the signal aborts; one that fails is the last. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.next !== null || !this.isDue()) {
        await this.bell.wait(TICK_MS, signal);
        continue;
      }
      try {
        this.next = { batch: await this.read(signal) };
      } catch (error) {
        if (signal.aborted) return;
        this.next = { failure: SyncError.of(error) };
      }
      this.parts.ready.ring();
    }
  }

  /** Lets go of the batch that nobody will take, and gives its deliveries. */
  clear(): readonly ProcessDelivery[] {
    const { next, taken } = this;
    if (next !== null && 'batch' in next) closeBatch(next.batch);
    this.next = null;
    this.taken = [];
    return taken;
  }

  private isDue(): boolean {
    const { buffer } = this.parts;
    return !this.isHeld && buffer.isReady && (this.isWanted || buffer.rowsReady >= AHEAD_ROWS_MIN);
  }

  private async read(signal: AbortSignal): Promise<Batch> {
    const { buffer, context, pace, pipeline } = this.parts;
    const { parameters } = pipeline.latestDefinition();
    const deliveries = buffer.take({ processesMax: PROCESSES_MAX, ...pace.limits(parameters) });
    const first = must(deliveries[0], 'the next process is here');
    this.taken = deliveries;
    const spans = deliveries.map((delivery) => startSpan(delivery));
    const [firstSpan] = spans;
    const parent = firstSpan === undefined ? activeContext.active() : trace.setSpan(first.traceContext, firstSpan);
    const bytes = deliveries.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    let release = (): void => undefined;
    try {
      release = await context.budget.reserve(bytes * MEMORY_FACTOR, signal, parameters.priority);
      return await activeContext.with(parent, async () => {
        const fetched = await Promise.all(deliveries.map((delivery) => this.fetch(delivery, signal)));
        const definition = await this.definitionOf(first.header.revision);
        const { processes, told } = leaveOut(fetched, definition.skips ?? []);
        for (const message of told) await this.parts.warn({ code: 'TRANSACTION_SKIPPED', message });
        expectSameDryRun(pipeline, definition);
        const traceId = firstSpan?.spanContext().traceId ?? '';
        const batch = {
          definition,
          processes,
          spans,
          trace: parent,
          traceId,
          plan: null,
          pending: deliveries,
          release,
        };
        this.parts.prepare(batch);
        return batch;
      });
    } catch (error) {
      release();
      const failure = failSpans(spans, error);
      const { process } = first.header;
      pipeline.log.debug({ err: failure, processId: process }, 'batch not read');
      throw new SyncError(failure.code, { ...failure.details, process }, { cause: failure });
    }
  }

  private async fetch(delivery: ProcessDelivery, signal: AbortSignal): Promise<LoadedProcess> {
    const { clock } = this.parts.context;
    const { header, schema } = delivery;
    const isStatement = schema === STATEMENT_SCHEMA;
    if (!isStatement && schema !== 'target-process/1')
      throw new SyncError('MESSAGING_UNKNOWN_SCHEMA', {
        problem: `Process ${String(header.process)} has the schema ${schema}; load reads target-process/1 and ${STATEMENT_SCHEMA}`,
      });
    const startMs = clock.now().getTime();
    for (;;) {
      try {
        const body = await delivery.fetchBody();
        const about = { delivery, startMs, counts: noCounts() };
        if (!isStatement) return { ...about, process: decodeRowProcess(header, body, { isLazy: true }) };
        const process = { header, tables: [], transactions: [] };
        return { ...about, process, statement: decodeStatementProcess(header, body) };
      } catch (error) {
        if (SyncError.of(error).code !== 'BUS_UNREACHABLE' || signal.aborted) throw error;
        await clock.sleep(LATER_MS, signal);
      }
    }
  }

  private async definitionOf(revision: number): Promise<PipelineDefinition> {
    const { context, pipeline } = this.parts;
    const latest = pipeline.latestDefinition();
    if (latest.revision === revision) return latest;
    const definition = await context.bus.definition(pipeline.pipelineId, revision);
    if (definition !== null) return definition;
    const problem = `Revision ${String(revision)} of pipeline ${pipeline.pipelineId} is not in the configuration bucket`;
    throw new SyncError('CONFIG_REVISION_MISSING', { problem });
  }
}

/** Ends the batch: its spans and its memory. */
export function closeBatch({ spans, release }: Batch): void {
  release();
  for (const span of spans) span.end();
}

/** Notes the failure in the spans and ends them. */
function failSpans(spans: readonly Span[], error: unknown): SyncError {
  const failure = SyncError.of(error);
  for (const span of spans) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    span.end();
  }
  return failure;
}

function startSpan(delivery: ProcessDelivery): Span {
  const { header } = delivery;
  const attributes = {
    [ATTRIBUTES.pipeline]: header.pipelineId,
    [ATTRIBUTES.process]: header.process,
    [ATTRIBUTES.epoch]: header.epoch,
    [ATTRIBUTES.rows]: header.rowCount,
    [ATTRIBUTES.messagingSystem]: 'nats',
    [ATTRIBUTES.messagingDestination]: 'transformed',
    [ATTRIBUTES.messagingOperation]: 'load',
    [ATTRIBUTES.messagingOperationType]: 'process',
    [ATTRIBUTES.messagingBodyBytes]: delivery.bodyBytes,
  };
  return trace.getTracer(TRACER_NAME).startSpan('load', { kind: SpanKind.CONSUMER, attributes }, delivery.traceContext);
}
