import { context as activeContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { Bell, SyncError } from '@lutra/model';
import type { LutraEvent, PipelineDefinition, Place } from '@lutra/model';
import { decodeRowProcess } from '@lutra/messaging';
import type { ProcessDelivery } from '@lutra/messaging';
import type { TargetCatalog, TargetSession, TargetStatement } from '@lutra/sql';
import { ATTRIBUTES, stageMeter, TRACER_NAME } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { confirmShapes } from './confirm-shapes.ts';
import type { CursorReporter } from './cursor-reporter.ts';
import { cutAtBorders, wholePart } from './cut-at-borders.ts';
import type { CutProcesses } from './cut-at-borders.ts';
import { GapWatch } from './gap-watch.ts';
import type { ApplyOptions, Lane, LaneUnit } from './lane.ts';
import type { LoadEnv } from './load.env.ts';
import { noCounts } from './loaded-process.ts';
import type { LoadedProcess, ProcessPart } from './loaded-process.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { PlannedStatement } from './plan/planned-statement.ts';
import { ProcessBuffer } from './process-buffer.ts';
import { atCommit, eventBase, loadedEvent, sendReport, settleParts } from './report-loaded.ts';
import type { LoadedReport } from './report-loaded.ts';
import { UnitPlanner } from './unit-planner.ts';

/** More than any window holds (PARALLELISM_MAX is 32), so that a delivery is never kept from its turn. */
const IN_FLIGHT_MAX = 64;
const TICK_MS = 1_000;
const LATER_MS = 1_000;
/** Processes that wait anyway become one target transaction, as far as it stays small. */
const JOINED = { processesMax: 32, rowsMax: 5_000, bytesMax: 4 * 1_048_576 };
/** A body is held together with the statements or packets that are made of it. */
const MEMORY_FACTOR = 2;
/** Units whose events and acknowledgements may be on their way while the next one is written. */
const REPORTS_MAX = 4;
/** How often an open target transaction is told of in the log. */
const OPEN_LOG_MS = 10_000;

interface LoaderParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly lane: Lane;
  readonly reporter: CursorReporter;
  /** What is known of the target's tables, for all sessions of the epoch. */
  readonly catalog: TargetCatalog;
  /** In failoverMode safe: remembers what is written, in the same transaction. */
  readonly recent?: {
    add(planned: readonly PlannedStatement[]): void;
    closing(session: TargetSession): readonly TargetStatement[];
  };
}

/** Takes the processes of one epoch from the queue and writes them in order. */
export class ProcessLoader {
  private readonly buffer: ProcessBuffer;
  private readonly bell: Bell;
  private readonly planner: UnitPlanner;
  /** The source transaction whose slices are written and not committed. */
  private open: OpenTransaction | null = null;
  private openLoggedMs = 0;
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
    this.planner = new UnitPlanner(claimed, parts.catalog);
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
          this.logOpen(context.clock.monotonicMs());
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
    const bytes = deliveries.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    const release = await this.reserve(bytes * MEMORY_FACTOR, signal);
    try {
      const processes = await this.keepingAlive(
        Promise.all(deliveries.map((delivery) => this.fetch(delivery, signal))),
      );
      const last = processes.at(-1);
      if (last === undefined || signal.aborted) return;
      const { end, revision } = last.delivery.header;
      const definition = await this.definitionOf(revision);
      const { applyMode, retryInPlaceMs: retryMs } = definition.parameters;
      // A transaction that was begun whole is ended whole, whatever a newer revision says.
      const isWhole = applyMode === 'transactional' || this.open !== null;
      const cut: CutProcesses = isWhole
        ? cutAtBorders(processes, this.open?.gtid ?? null)
        : { complete: { parts: processes.map(wholePart), end }, open: null, completeProcesses: processes.length };
      const traceId = spans[0]?.spanContext().traceId ?? '';
      await this.writeCut(processes, cut, { definition, traceId, options: { retryMs, signal } });
    } finally {
      release();
    }
  }

  private async reserve(bytes: number, signal: AbortSignal): Promise<() => void> {
    const { priority } = this.parts.pipeline.latestDefinition().parameters;
    const reserving = this.parts.context.budget.reserve(bytes, signal, priority);
    try {
      return await this.keepingAlive(reserving);
    } catch (error) {
      // Given all the same: nobody else would give it back. What it threw itself is what is thrown here.
      void reserving.then(
        (release) => {
          release();
        },
        () => undefined,
      );
      throw error;
    }
  }

  /** Waits for something else than the target, whose open transaction must not end as idle meanwhile. */
  private async keepingAlive<T>(work: Promise<T>): Promise<T> {
    const { context, lane } = this.parts;
    if (!lane.isStaged) return work;
    const over = new AbortController();
    const alive = async (): Promise<T> => {
      while (!over.signal.aborted) {
        await context.clock.sleep(TICK_MS, over.signal);
        if (!over.signal.aborted) await lane.keepAlive();
      }
      return work;
    };
    try {
      return await Promise.race([work, alive()]);
    } finally {
      over.abort();
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
        return { delivery, process, startMs, counts: noCounts() };
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

  /** Commits what ends, and stages what goes on. */
  private async writeCut(
    processes: readonly LoadedProcess[],
    { complete, open, completeProcesses }: CutProcesses,
    how: WriteHow,
  ): Promise<void> {
    const done = processes.slice(0, completeProcesses);
    const goingOn = processes.slice(completeProcesses);
    if (complete !== null) await this.commit(complete, { ...how, done });
    this.inHand = goingOn.map(({ delivery }) => delivery);
    if (open !== null) await this.stage(open, { ...how, goingOn });
    this.inHand = [];
  }

  private async commit(
    { parts, end }: NonNullable<CutProcesses['complete']>,
    { definition, traceId, options, done }: WriteHow & { readonly done: readonly LoadedProcess[] },
  ): Promise<void> {
    const { context, lane, pipeline, reporter } = this.parts;
    const { clock, identity } = context;
    const conflicts = await lane.apply(this.unitOf(parts, end, definition), options);
    const { open } = this;
    this.open = null;
    const first = parts[0]?.loaded.delivery.header.process ?? 1;
    reporter.loaded({ place: end, process: first - 1 + done.length, revision: definition.revision });
    const endMs = clock.now().getTime();
    if (open !== null) pipeline.log.info(open.describe(clock.monotonicMs()), 'staged transaction committed');
    const conflictEvents = settleParts(identity.instance, { parts, conflicts, traceId, endMs });
    const loaded = done.map((process) => loadedEvent(identity.instance, process, { traceId, endMs }));
    const kept = (open?.takeEvents() ?? []).map((event) => atCommit(event, endMs));
    const events = [...kept, ...loaded, ...conflictEvents];
    this.count(events);
    await this.report({ events, deliveries: done.map(({ delivery }) => delivery) });
  }

  private async stage(
    { parts, gtid }: NonNullable<CutProcesses['open']>,
    { definition, traceId, options, goingOn }: WriteHow & { readonly goingOn: readonly LoadedProcess[] },
  ): Promise<void> {
    const { context, lane, pipeline, reporter } = this.parts;
    const { clock, identity } = context;
    const last = goingOn.at(-1);
    if (last === undefined) return;
    const conflicts = await lane.stage(this.unitOf(parts, null, definition), options);
    const nowMs = clock.monotonicMs();
    if (this.open === null) this.openLoggedMs = nowMs;
    const open = (this.open ??= new OpenTransaction(gtid, nowMs));
    const at = { traceId, endMs: clock.now().getTime() };
    const conflictEvents = settleParts(identity.instance, { parts, conflicts, ...at });
    const loaded = goingOn.map((process) => loadedEvent(identity.instance, process, at));
    const rows = parts.reduce((sum, { counts }) => sum + counts.inserted + counts.updated + counts.deleted, 0);
    open.add({ processes: goingOn.length, rows, events: [...loaded, ...conflictEvents] });
    reporter.staged(last.delivery.header.process);
    const staged = {
      ...eventBase(identity.instance, last, at),
      kind: 'staged' as const,
      transaction: open.describe(nowMs),
    };
    this.logOpen(nowMs);
    pipeline.log.debug({ processId: last.delivery.header.process, ...staged.transaction }, 'slice staged');
    await this.report({ events: [staged], deliveries: goingOn.map(({ delivery }) => delivery) });
  }

  private unitOf<E extends Place | null>(
    parts: readonly ProcessPart[],
    end: E,
    definition: PipelineDefinition,
  ): Omit<LaneUnit, 'end'> & { readonly end: E } {
    const { catalog, recent } = this.parts;
    const plan = async (session: TargetSession): Promise<readonly PlannedStatement[]> => {
      const planned = await this.planner.plan(session, parts, definition);
      recent?.add(planned);
      return planned;
    };
    const closing = recent === undefined ? {} : { closing: (session: TargetSession) => recent.closing(session) };
    const confirm = (session: TargetSession, planned: readonly PlannedStatement[]): Promise<void> =>
      confirmShapes(catalog, session, planned);
    return { end, revision: definition.revision, plan, confirm, ...closing };
  }

  private logOpen(nowMs: number): void {
    if (this.open === null || nowMs - this.openLoggedMs < OPEN_LOG_MS) return;
    this.openLoggedMs = nowMs;
    this.parts.pipeline.log.info(this.open.describe(nowMs), 'target transaction is open for its next slice');
  }

  private count(events: readonly LutraEvent[]): void {
    const { pipelineId } = this.parts.pipeline;
    for (const event of events) {
      const time = event.kind === 'loaded' ? event.stages.at(-1) : undefined;
      if (time === undefined) continue;
      const { rowCount, bytes, startMs, endMs } = time;
      this.meter.recordProcess({ pipelineId, rowCount, bytes, durationMs: endMs - startMs });
    }
  }

  private async report(report: LoadedReport): Promise<void> {
    const { context, pipeline } = this.parts;
    // In order, and not waited for: the next unit does not depend on it.
    this.reports = this.reports
      .then(() => sendReport(context.bus, report, pipeline.log))
      .finally(() => {
        this.openReports -= 1;
      });
    this.openReports += 1;
    if (this.openReports > REPORTS_MAX) await this.keepingAlive(this.reports);
  }

  private async acknowledge(delivery: ProcessDelivery): Promise<void> {
    try {
      await delivery.ack();
    } catch (error) {
      this.parts.pipeline.log.debug({ err: error }, 'worthless process not acknowledged');
    }
  }
}

interface WriteHow {
  readonly definition: PipelineDefinition;
  readonly traceId: string;
  readonly options: ApplyOptions;
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
