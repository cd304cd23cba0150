import { Bell, SyncError } from '@lutra/model';
import type { WarningCode } from '@lutra/model';
import type { ProcessDelivery } from '@lutra/messaging';
import type { TargetCatalog } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import { BatchReader, closeBatch } from './batch-reader.ts';
import type { Batch } from './batch.ts';
import { BatchPlanner } from './batch-planner.ts';
import { BatchWriter } from './batch-writer.ts';
import type { CursorReporter } from './cursor-reporter.ts';
import { GapWatch } from './gap-watch.ts';
import type { Lanes } from './dry-run/dry-lanes.ts';
import type { DryRunReport } from './dry-run/dry-run-report.ts';
import type { LaneShapes } from './lane-shapes.ts';
import type { LaneUse } from './lane-use.ts';
import type { LoadEnv } from './load.env.ts';
import { warnOfIgnored } from './ignored-columns.ts';
import type { Pace } from './throttle/pace.ts';
import { ProcessBuffer } from './process-buffer.ts';
import { ReportQueue } from './report-queue.ts';
import { RowCollector } from './row-collector.ts';
import type { ClaimedPlaces } from './row-collector.ts';
import { runTogether } from './run-together.ts';
import type { SafeWindow } from './safe-resume.ts';
import { StatementWriter } from './ddl/statement-writer.ts';
import type { TargetAccess } from './target-access.ts';
import { TableWriters } from './table-writers.ts';
import type { DeadLetterDesk } from './write/dead-letter-desk.ts';
import type { WriteRules } from './write/write-rules.ts';

/** More than any window holds (PARALLELISM_MAX is 32), so that a delivery is never kept from its turn. */
const IN_FLIGHT_MAX = 64;
const TICK_MS = 1_000;
const LATER_MS = 1_000;

interface LoaderParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly lanes: Lanes;
  readonly reporter: CursorReporter;
  readonly shapes: LaneShapes;
  readonly isSpreadAlike: ClaimedPlaces['isSpreadAlike'];
  readonly rules: WriteRules;
  /** Null in a dry run, which writes nothing of its own either. */
  readonly desk: DeadLetterDesk | null;
  /** What is known of the target's tables, for all sessions of the epoch. */
  readonly catalog: TargetCatalog;
  readonly pace: Pace;
  /** Columns of the rows are left out, the first time for each table. */
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
  readonly access: TargetAccess;
  /** Null when it is none. */
  readonly dryRun: DryRunReport | null;
  /** Fewer rows than this are written in one transaction of all lanes. */
  readonly parallelRowsMin: number;
  /** Larger ones are written as is faster by this; null = always by lanes. */
  readonly laneUse: LaneUse | null;
  /** In failoverMode safe: remembers what is written, in the same transaction. */
  readonly recent?: SafeWindow;
}

/**
 * Takes the processes of one epoch from the queue and writes them in order. While a batch of them is being written, the next
 * one is fetched, decoded and planned ({@link BatchReader}); they are written one after the other ({@link BatchWriter}).
 */
export class ProcessLoader {
  private readonly buffer: ProcessBuffer;
  private readonly bell: Bell;
  private readonly gaps: GapWatch;
  private readonly reader: BatchReader;
  private readonly writer: BatchWriter;
  private readonly reports: ReportQueue;
  private inHand: Batch | null = null;

  constructor(private readonly parts: LoaderParts) {
    const { context, pipeline, lanes, access, desk, reporter, rules, catalog, isSpreadAlike, pace, warn } = parts;
    const { dryRun, laneUse, parallelRowsMin, recent, shapes } = parts;
    this.buffer = new ProcessBuffer(pipeline.epoch);
    this.bell = new Bell(context.clock);
    this.gaps = new GapWatch(context.bus, pipeline);
    this.reports = new ReportQueue(context, pipeline);
    const planner = new BatchPlanner(
      new RowCollector({ places: lanes.claimed, isSpreadAlike }, new TableWriters(catalog, warnOfIgnored(warn))),
      {
        catalog,
        info: lanes.info,
        parallelRowsMin,
        wayOf: () => laneUse?.next() ?? 'lanes',
        rules,
        shapes,
        ...(recent === undefined ? {} : { recent }),
      },
    );
    const isMoreWaiting = (): boolean => this.buffer.isReady;
    this.writer = new BatchWriter({
      context,
      pipeline,
      lanes,
      planner,
      shapes,
      rules,
      reporter,
      reports: this.reports,
      pace,
      laneUse,
      statements: new StatementWriter({ context, pipeline, lanes, access, catalog, desk, reporter, rules, dryRun }),
      isMoreWaiting,
    });
    this.reader = new BatchReader({
      context,
      pipeline,
      buffer: this.buffer,
      pace,
      ready: this.bell,
      warn,
      prepare: this.writer.prepare,
    });
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
          this.reader.ring();
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

  /** Writes batch after batch until the signal aborts; the unit in hand is finished first. */
  async write(signal: AbortSignal): Promise<void> {
    try {
      await runTogether(signal, [(until) => this.reader.run(until), (until) => this.writeBatches(until)]);
    } finally {
      await this.reports.drained();
      // Worthless in the next epoch, and another loader's in this one: either way it is not ours any more.
      const left = [...(this.inHand?.pending ?? []), ...this.reader.clear(), ...this.buffer.clear()];
      for (const delivery of left) delivery.nak();
    }
  }

  private async writeBatches(signal: AbortSignal): Promise<void> {
    const { context, desk, lanes } = this.parts;
    while (!signal.aborted) {
      if (!lanes.isStaged) await desk?.tend(signal);
      const batch = this.reader.take();
      if (batch !== null) await this.load(batch, signal);
      else {
        await this.bell.wait(TICK_MS, signal);
        await lanes.keepAlive();
        this.writer.logOpen();
        await this.lookForGap(context.clock.monotonicMs());
      }
    }
  }

  private async load(batch: Batch, signal: AbortSignal): Promise<void> {
    this.inHand = batch;
    const { lanes, pace } = this.parts;
    try {
      const rows = batch.processes.reduce((sum, { delivery }) => sum + delivery.header.rowCount, 0);
      // A pipeline that stands still holds the memory of no batch but the one in hand.
      this.reader.hold();
      await pace.pass(rows, signal, () => lanes.keepAlive());
      this.reader.goOn();
      if (signal.aborted) return;
      await this.writer.write(batch, signal);
    } finally {
      closeBatch(batch);
    }
    this.inHand = null;
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

  private async lookForGap(nowMs: number): Promise<void> {
    try {
      await this.gaps.look(this.buffer, nowMs);
    } catch (error) {
      if (SyncError.of(error).code !== 'BUS_UNREACHABLE') throw error;
    }
  }

  private async acknowledge(delivery: ProcessDelivery): Promise<void> {
    try {
      await delivery.ack();
    } catch (error) {
      this.parts.pipeline.log.debug({ err: error }, 'worthless process not acknowledged');
    }
  }
}
