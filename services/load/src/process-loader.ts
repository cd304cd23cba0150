import { context as activeContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { Bell, must, SyncError } from '@lutra/model';
import type { PipelineDefinition, Place } from '@lutra/model';
import { decodeRowProcess } from '@lutra/messaging';
import type { ProcessDelivery } from '@lutra/messaging';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { ATTRIBUTES, stageMeter, TRACER_NAME } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import type { CursorReporter } from './cursor-reporter.ts';
import { doneFilter } from './done-filter.ts';
import type { DoneFilter } from './done-filter.ts';
import { GapWatch } from './gap-watch.ts';
import type { Lane } from './lane.ts';
import type { LoadEnv } from './load.env.ts';
import type { LoadedProcess } from './loaded-process.ts';
import { planStatements } from './plan-statements.ts';
import type { PlannedStatement, WritableRow } from './planned-statement.ts';
import { ProcessBuffer } from './process-buffer.ts';
import { loadedReport, sendReport } from './report-loaded.ts';
import { TableWriters } from './table-writers.ts';
import type { Conflict } from './write-unit.ts';

/** More than any window holds (PARALLELISM_MAX is 32), so that a delivery is never kept from its turn. */
const IN_FLIGHT_MAX = 64;
const TICK_MS = 1_000;
const LATER_MS = 1_000;
/** Processes that wait anyway become one target transaction, as far as it stays small. */
const JOINED = { processesMax: 32, rowsMax: 5_000, bytesMax: 4 * 1_048_576 };
/** Characters of one statement. */
const STATEMENT_CHARACTERS_MAX = 1_048_576;
/** A body is held together with the statements or packets that are made of it. */
const MEMORY_FACTOR = 2;
/** Units whose events and acknowledgements may be on their way while the next one is written. */
const REPORTS_MAX = 4;

const COUNTED_AS = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;

interface LoaderParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly lane: Lane;
  readonly reporter: CursorReporter;
}

/** Takes the processes of one epoch from the queue and writes them in order. */
export class ProcessLoader {
  private readonly buffer: ProcessBuffer;
  private readonly bell: Bell;
  private readonly filter: DoneFilter;
  private readonly writers = new TableWriters();
  private readonly gaps: GapWatch;
  private readonly meter = stageMeter('load');
  private reports: Promise<void> = Promise.resolve();
  private openReports = 0;
  /** Taken and not loaded yet. */
  private inHand: readonly ProcessDelivery[] = [];

  constructor(
    private readonly parts: LoaderParts,
    claimed: Place,
  ) {
    const { context, pipeline } = parts;
    this.buffer = new ProcessBuffer(pipeline.epoch);
    this.bell = new Bell(context.clock);
    this.filter = doneFilter(claimed);
    this.gaps = new GapWatch(context.bus, pipeline);
  }

  /** Reads the queue until the signal aborts. */
  async receive(signal: AbortSignal): Promise<void> {
    const { context, pipeline, reporter } = this.parts;
    const { pipelineId } = pipeline;
    const durable = `load-${pipelineId}`;
    const options = { queue: 'transformed' as const, durable, pipelineId, inFlightMax: IN_FLIGHT_MAX, signal };
    for await (const delivery of context.bus.consume(options)) {
      switch (this.offer(delivery)) {
        case 'held':
          reporter.processArrived();
          this.bell.ring();
          break;
        case 'drop':
          await this.acknowledge(delivery);
          break;
        case 'later':
          delivery.nak(LATER_MS);
          break;
      }
    }
  }

  /** What ends the epoch gives the delivery back: otherwise it would count as in progress for ever. */
  private offer(delivery: ProcessDelivery): ReturnType<ProcessBuffer['offer']> {
    try {
      return this.buffer.offer(delivery, this.parts.context.clock.monotonicMs());
    } catch (error) {
      delivery.nak();
      throw error;
    }
  }

  /** Writes unit after unit until the signal aborts; the unit in hand is finished first. */
  async write(signal: AbortSignal): Promise<void> {
    const { context, lane } = this.parts;
    try {
      while (!signal.aborted) {
        const deliveries = this.buffer.take(JOINED);
        this.inHand = deliveries;
        if (deliveries.length > 0) await this.load(deliveries, signal);
        else {
          await this.bell.wait(TICK_MS, signal);
          await lane.keepAlive();
          await this.lookForGap(context.clock.monotonicMs());
        }
      }
    } finally {
      await this.reports;
      // Worthless in the next epoch, and another loader's in this one: either way it is not ours any more.
      for (const delivery of [...this.inHand, ...this.buffer.clear()]) delivery.nak();
    }
  }

  private async lookForGap(nowMs: number): Promise<void> {
    try {
      await this.gaps.look(this.buffer, nowMs);
    } catch (error) {
      if (SyncError.of(error).code !== 'BUS_UNREACHABLE') throw error;
    }
  }

  private async load(deliveries: readonly ProcessDelivery[], signal: AbortSignal): Promise<void> {
    const [first] = deliveries;
    if (first === undefined) return;
    const { pipeline } = this.parts;
    const spans = deliveries.map((delivery) => startSpan(delivery));
    const [firstSpan] = spans;
    try {
      const parent = firstSpan === undefined ? activeContext.active() : trace.setSpan(first.traceContext, firstSpan);
      await activeContext.with(parent, () => this.loadInSpan(deliveries, spans, signal));
    } catch (error) {
      const failure = SyncError.of(error);
      for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      const { process } = first.header;
      pipeline.log.debug({ err: failure, processId: process }, 'unit failed');
      throw new SyncError(failure.code, { ...failure.details, process }, { cause: failure });
    } finally {
      for (const span of spans) span.end();
    }
  }

  private async loadInSpan(
    deliveries: readonly ProcessDelivery[],
    spans: readonly Span[],
    signal: AbortSignal,
  ): Promise<void> {
    const { context, pipeline, lane, reporter } = this.parts;
    const bytes = deliveries.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    const release = await context.budget.reserve(bytes * MEMORY_FACTOR, signal);
    try {
      const processes = await Promise.all(deliveries.map((delivery) => this.fetch(delivery, signal)));
      const last = processes.at(-1);
      if (last === undefined || signal.aborted) return;
      const { end, process, revision } = last.delivery.header;
      const definition = await this.definitionOf(revision);
      const unit = { end, revision, plan: (session: TargetSession) => this.plan(session, processes, definition) };
      const retryMs = definition.parameters.retryInPlaceMs;
      const conflicts = await lane.apply(unit, { retryMs, signal });
      this.inHand = [];
      reporter.loaded({ place: end, process, revision });
      await this.report(pipeline, processes, { conflicts, spans });
    } finally {
      release();
    }
  }

  private async fetch(delivery: ProcessDelivery, signal: AbortSignal): Promise<LoadedProcess> {
    const { clock } = this.parts.context;
    const { header, schema } = delivery;
    if (schema !== 'target-process/1')
      throw new SyncError('MESSAGING_UNKNOWN_SCHEMA', {
        problem: `Process ${String(header.process)} has the schema ${schema}; load reads target-process/1`,
      });
    const startMs = clock.now().getTime();
    for (;;) {
      try {
        const process = decodeRowProcess(header, await delivery.fetchBody());
        return { delivery, process, startMs, counts: { inserted: 0, updated: 0, deleted: 0, skipped: 0 } };
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

  private async plan(
    session: TargetSession,
    processes: readonly LoadedProcess[],
    definition: PipelineDefinition,
  ): Promise<readonly PlannedStatement[]> {
    const rows: WritableRow[] = [];
    for (const loaded of processes) await this.collectRows(session, loaded, rows);
    const { maxAllowedPacketBytes } = session.info;
    return planStatements(rows, {
      rowsMax: definition.parameters.loadBatchRows,
      charactersMax: Math.min(STATEMENT_CHARACTERS_MAX, maxAllowedPacketBytes / 8),
    });
  }

  /** Adds the rows of a process that are still to be applied, and counts them: anew, since a plan may be made again. */
  private async collectRows(
    session: TargetSession,
    { delivery, process, counts }: LoadedProcess,
    rows: WritableRow[],
  ): Promise<void> {
    Object.assign(counts, { inserted: 0, updated: 0, deleted: 0, skipped: 0 });
    const writers: TableWriter[] = [];
    for (const transaction of process.transactions) {
      const remaining = this.filter.remaining(delivery.header, transaction);
      counts.skipped += transaction.changes.length - remaining.length;
      for (const change of remaining) {
        let writer = writers[change.table];
        if (writer === undefined) {
          const table = must(process.tables[change.table], 'decoding checks that a row names a table of its process');
          writers[change.table] = writer = await this.writers.writerOf(session, table);
        }
        rows.push({ writer, change });
        counts[COUNTED_AS[change.kind]] += 1;
      }
    }
  }

  private async report(
    pipeline: PipelineSession,
    processes: readonly LoadedProcess[],
    written: { readonly conflicts: readonly Conflict[]; readonly spans: readonly Span[] },
  ): Promise<void> {
    const { context } = this.parts;
    const endMs = context.clock.now().getTime();
    for (const { counts, delivery, startMs } of processes)
      this.meter.recordProcess({
        pipelineId: pipeline.pipelineId,
        rowCount: counts.inserted + counts.updated + counts.deleted,
        bytes: delivery.bodyBytes,
        durationMs: endMs - startMs,
      });
    const [span] = written.spans;
    if (span === undefined) return;
    const report = loadedReport(context.identity.instance, { processes, conflicts: written.conflicts, span, endMs });
    // In order, and not waited for: the next unit does not depend on it.
    this.reports = this.reports
      .then(() => sendReport(context.bus, report, pipeline.log))
      .finally(() => {
        this.openReports -= 1;
      });
    this.openReports += 1;
    if (this.openReports > REPORTS_MAX) await this.reports;
  }

  private async acknowledge(delivery: ProcessDelivery): Promise<void> {
    try {
      await delivery.ack();
    } catch (error) {
      this.parts.pipeline.log.debug({ err: error }, 'worthless process not acknowledged');
    }
  }
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
