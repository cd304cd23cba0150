import { context as activeContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SyncError } from '@lutra/model';
import type { PipelineDefinition, ProcessHeader } from '@lutra/model';
import { encodeStatementBody, STATEMENT_SCHEMA } from '@lutra/messaging';
import type { ProcessSchema, ProcessWriter } from '@lutra/messaging';
import { ATTRIBUTES, failPoint, stageMeter, TRACER_NAME } from '@lutra/service-kit';
import type { PipelineSession, ProcessRouter, ServiceContext } from '@lutra/service-kit';
import type { BuiltProcess } from './built-process.ts';
import { ATTRIBUTE_TRANSACTIONS, SPAN_SELECT } from './telemetry-names.ts';

/** A full stream or an absent NATS is waited for: nothing is lost, the source is simply read later. */
const RETRY_MS = 200;
const WAITED_FOR = new Set(['BUS_STREAM_FULL', 'BUS_UNREACHABLE']);

/** Numbers, opens and publishes the processes of one epoch. One at a time is open. */
export class ProcessPublisher {
  /** Number of the process that is being built; from 1, without holes. */
  process = 1;
  private writer: ProcessWriter | null = null;
  private openedMs = 0;
  private readonly meter = stageMeter('select');

  constructor(
    private readonly context: Pick<ServiceContext, 'bus' | 'clock' | 'identity'>,
    private readonly session: PipelineSession,
    private readonly router: ProcessRouter,
    /** Told when a publish has to wait, and null when it goes on. */
    private readonly onWait: (cause: string | null) => void,
  ) {}

  /** The body of the process that is being built. */
  open(schema: ProcessSchema = 'raw-process/1'): ProcessWriter {
    if (this.writer === null) {
      const { pipelineId, epoch } = this.session;
      const identity = { pipelineId, epoch, process: this.process };
      this.writer = this.context.bus.writeProcess({
        queue: 'selected',
        identity,
        schema,
      });
      this.openedMs = this.context.clock.now().getTime();
    }
    return this.writer;
  }

  /** Waits until the body takes more bytes. Rejects when the session ends. */
  async drain(): Promise<void> {
    const { writer } = this;
    if (writer?.isFull === true) await this.insist(() => writer.drain());
  }

  /** Gives up the process that is being built; its number is used again. */
  async drop(): Promise<void> {
    const { writer } = this;
    this.writer = null;
    await writer?.abort();
  }

  /** Publishes what was built and goes on to the next number. Waits while the stream is full. */
  async publish(
    built: BuiltProcess,
    about: {
      readonly definition: PipelineDefinition;
      readonly serverUuid: string;
      readonly bodyBytes: number;
      readonly isCaseFolded: boolean;
    },
  ): Promise<void> {
    const { statement } = built;
    const writer = this.open(statement === null ? 'raw-process/1' : STATEMENT_SCHEMA);
    if (statement !== null) writer.write(encodeStatementBody({ ...statement, targets: null }));
    const { pipelineId, epoch } = this.session;
    const span = trace.getTracer(TRACER_NAME).startSpan(SPAN_SELECT, {
      kind: SpanKind.PRODUCER,
      root: true,
      // The trace begins with the commit at the source; clocks may differ by a little.
      startTime: built.firstCommitMs > 0 ? Math.min(built.firstCommitMs, this.openedMs) : this.openedMs,
      attributes: {
        [ATTRIBUTES.pipeline]: pipelineId,
        [ATTRIBUTES.epoch]: epoch,
        [ATTRIBUTES.process]: this.process,
        [ATTRIBUTES.rows]: built.rowsEvents,
        [ATTRIBUTE_TRANSACTIONS]: built.transactionCount,
        [ATTRIBUTES.messagingSystem]: 'nats',
        [ATTRIBUTES.messagingOperationType]: 'send',
        [ATTRIBUTES.messagingBodyBytes]: about.bodyBytes,
      },
    });
    try {
      failPoint('before-publish');
      await activeContext.with(trace.setSpan(activeContext.active(), span), () =>
        this.insist(async () => writer.finish(this.header(built, about), await this.target())),
      );
      failPoint('after-publish');
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: SyncError.of(error).code });
      throw error;
    } finally {
      span.end();
    }
    const durationMs = this.context.clock.now().getTime() - this.openedMs;
    this.meter.recordProcess({ pipelineId, rowCount: built.rowsEvents, bytes: about.bodyBytes, durationMs });
    this.writer = null;
    this.process++;
  }

  private header(
    built: BuiltProcess,
    { definition, serverUuid, bodyBytes, isCaseFolded }: Parameters<ProcessPublisher['publish']>[1],
  ): ProcessHeader {
    const { end, transactionCount, rowsEvents, sourceBytes, firstCommitMs, lastCommitMs, statementsSkipped } = built;
    return {
      pipelineId: this.session.pipelineId,
      epoch: this.session.epoch,
      process: this.process,
      revision: definition.revision,
      end,
      serverUuid,
      transactionCount,
      rowCount: rowsEvents,
      sourceBytes,
      firstCommitMs,
      lastCommitMs,
      ...(statementsSkipped > 0 ? { statementsSkipped } : {}),
      ...(isCaseFolded ? { isCaseFolded } : {}),
      stages: [
        {
          stage: 'select',
          instance: this.context.identity.instance,
          startMs: this.openedMs,
          endMs: this.context.clock.now().getTime(),
          rowCount: rowsEvents,
          bytes: bodyBytes,
        },
      ],
    };
  }

  /** By the newest revision: a placement is changed without a stop, and no row depends on it. */
  private target(): Promise<string> {
    const { pipelineId, epoch } = this.session;
    const { extractPlacement: policy, parallelism } = this.session.latestDefinition().parameters;
    return this.router.target({ pipelineId, epoch, process: this.process }, { policy, parallelism });
  }

  private async insist(work: () => Promise<void>): Promise<void> {
    const { clock } = this.context;
    for (let isWaiting = false; ; isWaiting = true) {
      try {
        await work();
        if (isWaiting) this.onWait(null);
        return;
      } catch (error) {
        const { code, message } = SyncError.of(error);
        if (!WAITED_FOR.has(code)) throw error;
        this.onWait(message);
        await clock.sleep(RETRY_MS, this.session.signal);
        this.session.signal.throwIfAborted();
      }
    }
  }
}
