import { context as activeContext, SpanStatusCode } from '@opentelemetry/api';
import { must, SyncError } from '@lutra/model';
import type { StatementProcess } from '@lutra/model';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { apartAt } from './apart.ts';
import type { Batch } from './batch.ts';
import type { BatchPlanner, PlannedParts } from './batch-planner.ts';
import type { CursorReporter } from './cursor-reporter.ts';
import { cutAtBorders } from './cut-at-borders.ts';
import type { CutProcesses } from './cut-at-borders.ts';
import type { Lanes } from './dry-run/dry-lanes.ts';
import { keepingAlive } from './keeping-alive.ts';
import type { ApplyOptions } from './lane.ts';
import type { LaneShapes } from './lane-shapes.ts';
import type { LaneSegment } from './lane-unit.ts';
import type { LaneUse } from './lane-use.ts';
import type { LoadedProcess, ProcessPart } from './loaded-process.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { ReportQueue } from './report-queue.ts';
import type { Pace } from './throttle/pace.ts';
import type { StatementWriter } from './ddl/statement-writer.ts';
import { atCommit, eventBase, eventsOf, loadedEvent, settleParts } from './report-loaded.ts';
import type { CommittedSize } from './transaction-sizer.ts';
import type { Conflict } from './write/conflict.ts';
import type { WriteRules } from './write/write-rules.ts';

/** How often an open target transaction is told of in the log. */
const OPEN_LOG_MS = 10_000;

interface WriterParts {
  readonly context: Pick<ServiceContext, 'clock' | 'identity'>;
  readonly pipeline: PipelineSession;
  readonly lanes: Lanes;
  readonly planner: BatchPlanner;
  readonly shapes: LaneShapes;
  readonly rules: WriteRules;
  readonly reporter: CursorReporter;
  readonly reports: ReportQueue;
  readonly pace: Pick<Pace, 'committed'>;
  readonly laneUse: LaneUse | null;
  readonly statements: StatementWriter;
  /** Whether more waits behind the batch in hand. */
  readonly isMoreWaiting: () => boolean;
}

interface StatementInHand {
  readonly loaded: LoadedProcess;
  readonly statement: StatementProcess;
}

/** A batch that holds a schema statement holds nothing else. */
function statementOf({ processes: [loaded] }: Batch): StatementInHand | null {
  return loaded?.statement === undefined ? null : { loaded, statement: loaded.statement };
}

/** Writes batches one after the other, and tells of what is committed. */
export class BatchWriter {
  /** The source transaction whose slices are written and not committed. */
  private open: OpenTransaction | null = null;
  private openLoggedMs = 0;

  constructor(private readonly parts: WriterParts) {}

  /** Plans a batch ahead, as far as that can be done before the one in front of it is written. */
  readonly prepare = (batch: Batch): void => {
    const { planner } = this.parts;
    if (statementOf(batch) === null && planner.canPlan(batch) && !this.isWhole(batch))
      batch.plan = planner.plan(batch, this.lanesFor(batch));
  };

  /** Resolves when all of it is committed or staged. Throws what the target answers, with the number of a process. */
  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const options = { retryMs: batch.definition.parameters.retryInPlaceMs, signal };
    try {
      await activeContext.with(batch.trace, () => this.writeNow(batch, options));
    } catch (error) {
      const failure = SyncError.of(error);
      for (const span of batch.spans) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      const process = batch.pending[0]?.header.process ?? batch.processes[0]?.delivery.header.process ?? 0;
      this.parts.pipeline.log.debug({ err: failure, processId: process }, 'unit failed');
      throw new SyncError(failure.code, { ...failure.details, process }, { cause: failure });
    }
  }

  /** Tells the log of a transaction that is open for long. */
  logOpen(): void {
    const nowMs = this.parts.context.clock.monotonicMs();
    if (this.open === null || nowMs - this.openLoggedMs < OPEN_LOG_MS) return;
    this.openLoggedMs = nowMs;
    this.parts.pipeline.log.info(this.open.describe(nowMs), 'target transaction is open for its next slice');
  }

  private async writeNow(batch: Batch, options: ApplyOptions): Promise<void> {
    const { lanes, planner, shapes } = this.parts;
    const statement = statementOf(batch);
    if (statement !== null) return this.writeStatement(batch, statement, options);
    await planner.learn(batch, lanes, options);
    if (this.isWhole(batch)) return this.writeWhole(batch, options);
    const wanted = batch.definition.parameters.lanes;
    if (lanes.isEven && wanted !== lanes.count) await this.relane(wanted, batch, options);
    const count = this.lanesFor(batch);
    if (count > 1) await shapes.prepare(lanes, options);
    let { plan } = batch;
    batch.plan = null;
    for (let next = 0; next < batch.processes.length;) {
      if (!planner.isFresh(plan, count)) {
        // A table was altered: what depends on what may be another matter now.
        await planner.learn(batch, lanes, options);
        // It may have lost its key: rows of it must not be committed in part any more.
        if (this.isWhole(batch, next)) return this.writeWhole(batch, options, next);
        plan = planner.plan(batch, count, next);
      }
      const segment = must(
        plan.segments.find(({ from }) => from === next),
        'a plan covers all processes',
      );
      await this.writeSegment(batch, segment, options);
      next = segment.to;
    }
  }

  /** Between what was committed before it and what comes behind it: then one transaction moves all lanes. */
  private async writeStatement(
    batch: Batch,
    { loaded, statement }: StatementInHand,
    options: ApplyOptions,
  ): Promise<void> {
    const { definition } = batch;
    const { unit, end } = await this.parts.statements.apply(loaded, statement, { definition, options });
    try {
      const segment = { end: loaded.delivery.header.end, units: [{ lane: 'all' as const, unit }] };
      await this.commit(batch, { parts: [], done: [loaded], segment }, options);
    } finally {
      await end();
    }
  }

  private async writeSegment(batch: Batch, segment: PlannedParts, options: ApplyOptions): Promise<void> {
    const { from, to, parts, end, units } = segment;
    try {
      await this.commit(batch, { parts, done: batch.processes.slice(from, to), segment: { end, units } }, options);
    } catch (error) {
      const { context, lanes } = this.parts;
      const conflicts = lanes.unreported;
      const events = eventsOf(context.identity.instance, { parts, conflicts, ...this.timeOf(batch) });
      if (events.length > 0) await this.report(batch, events, []);
      throw error;
    }
  }

  /**
   * A transaction that was begun whole is ended whole, whatever a newer revision says; and one of which rows must not be
   * written twice is never committed in part. Of the processes from `first` on.
   */
  private isWhole(batch: Batch, first = 0): boolean {
    const { applyMode } = batch.definition.parameters;
    return applyMode === 'transactional' || this.open !== null || this.parts.planner.endsInside(batch, first);
  }

  /** How many lanes may write the batch at the same time: while they are uneven all of them write everything together. */
  private lanesFor({ definition }: Batch): number {
    return this.parts.lanes.isEven ? definition.parameters.lanes : 1;
  }

  private async relane(count: number, { definition }: Batch, options: ApplyOptions): Promise<void> {
    const { lanes, pipeline } = this.parts;
    const before = lanes.count;
    await lanes.relane(count, definition.revision, options);
    pipeline.log.info({ before, lanes: count }, 'number of lanes changed');
  }

  /** Of the processes from `first` on: commits what ends, and stages what goes on. */
  private async writeWhole(batch: Batch, options: ApplyOptions, first = 0): Promise<void> {
    const { planner } = this.parts;
    const processes = batch.processes.slice(first);
    const { complete, open, completeProcesses } = cutAtBorders(processes, this.open?.gtid ?? null);
    const goingOn = processes.slice(completeProcesses);
    if (complete !== null) {
      const portions = this.isApart(batch) ? apartAt(complete, this.parts.lanes.reached) : [complete];
      for (const [index, { parts, end }] of portions.entries()) {
        const segment = { end, units: [{ lane: 'all' as const, unit: planner.unitOfParts(parts, batch) }] };
        // The processes are done with the last of their transactions.
        const done = index === portions.length - 1 ? processes.slice(0, completeProcesses) : [];
        await this.commit(batch, { parts, done, segment }, options);
      }
    }
    if (open !== null) await this.stage(batch, { open, goingOn }, options);
  }

  /** While nothing waits, source transactions stay apart; waiting ones share a target transaction, unless they must not. */
  private isApart({ definition, processes }: Batch): boolean {
    if (definition.parameters.applyMode !== 'transactional') return false;
    return definition.parameters.keepTransactions || (processes.length === 1 && !this.parts.isMoreWaiting());
  }

  private async commit(
    batch: Batch,
    what: {
      readonly parts: readonly ProcessPart[];
      readonly done: readonly LoadedProcess[];
      readonly segment: LaneSegment;
    },
    options: ApplyOptions,
  ): Promise<void> {
    const { context, laneUse, lanes, pace, pipeline, reporter } = this.parts;
    const { parts, done, segment } = what;
    const startMs = context.clock.monotonicMs();
    // Nothing is told of a segment before all its lanes have committed.
    const conflicts = await lanes.apply(segment, options);
    if (this.open === null) {
      const size = sizeOf(done, context.clock.monotonicMs() - startMs);
      pace.committed(size, batch.definition.parameters);
      laneUse?.observe(segment.units.length > 1 ? 'lanes' : 'joint', size);
    }
    const { open } = this;
    this.open = null;
    const last = done.at(-1)?.delivery.header.process ?? (parts[0]?.loaded.delivery.header.process ?? 1) - 1;
    reporter.loaded({ place: lanes.reached, process: last, revision: batch.definition.revision });
    if (open !== null) pipeline.log.info(open.describe(context.clock.monotonicMs()), 'staged transaction committed');
    const at = this.timeOf(batch);
    const conflictEvents = this.settle(parts, conflicts, at);
    const loaded = done.map((process) => loadedEvent(context.identity.instance, process, at));
    const kept = (open?.takeEvents() ?? []).map((event) => atCommit(event, at.endMs));
    await this.report(batch, [...kept, ...loaded, ...conflictEvents], done);
  }

  private async stage(
    batch: Batch,
    what: { readonly open: NonNullable<CutProcesses['open']>; readonly goingOn: readonly LoadedProcess[] },
    options: ApplyOptions,
  ): Promise<void> {
    const { context, lanes, pipeline, planner, reporter } = this.parts;
    const { parts, gtid } = what.open;
    const last = what.goingOn.at(-1);
    if (last === undefined) return;
    const conflicts = await lanes.stage(planner.unitOfParts(parts, batch), options);
    const nowMs = context.clock.monotonicMs();
    if (this.open === null) this.openLoggedMs = nowMs;
    const open = (this.open ??= new OpenTransaction(gtid, nowMs));
    const at = this.timeOf(batch);
    const conflictEvents = this.settle(parts, conflicts, at);
    const loaded = what.goingOn.map((process) => loadedEvent(context.identity.instance, process, at));
    const rows = parts.reduce((sum, { counts }) => sum + counts.inserted + counts.updated + counts.deleted, 0);
    open.add({ processes: what.goingOn.length, rows, events: [...loaded, ...conflictEvents] });
    reporter.staged(last.delivery.header.process);
    const transaction = open.describe(nowMs);
    const staged = { ...eventBase(context.identity.instance, last, at), kind: 'staged' as const, transaction };
    this.logOpen();
    pipeline.log.debug({ processId: last.delivery.header.process, ...transaction }, 'slice staged');
    await this.report(batch, [staged], what.goingOn);
  }

  private timeOf({ traceId }: Batch): { readonly traceId: string; readonly endMs: number } {
    return { traceId, endMs: this.parts.context.clock.now().getTime() };
  }

  /** Before the next batch is written: rows that touch what new dead letters touch follow them. */
  private settle(
    parts: readonly ProcessPart[],
    conflicts: readonly Conflict[],
    at: { readonly traceId: string; readonly endMs: number },
  ): ReturnType<typeof settleParts> {
    this.parts.rules.settle(conflicts);
    return settleParts(this.parts.context.identity.instance, { parts, conflicts, ...at });
  }

  /** The processes are out of our hands. */
  private async report(
    batch: Batch,
    events: Parameters<ReportQueue['add']>[0]['events'],
    processes: readonly LoadedProcess[],
  ): Promise<void> {
    const deliveries = processes.map(({ delivery }) => delivery);
    batch.pending = batch.pending.filter((delivery) => !deliveries.includes(delivery));
    const { context, lanes, reports } = this.parts;
    const added = reports.add({ events, deliveries });
    if (!lanes.isStaged) return added;
    await keepingAlive(added, { clock: context.clock, keepAlive: () => lanes.keepAlive() });
  }
}

function sizeOf(done: readonly LoadedProcess[], durationMs: number): CommittedSize {
  let [rows, bytes] = [0, 0];
  for (const { delivery } of done) {
    rows += delivery.header.rowCount;
    bytes += delivery.bodyBytes;
  }
  return { rows, bytes, durationMs };
}
