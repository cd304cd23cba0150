import { COUNTED_KINDS, SyncError } from '@lutra/model';
import type { LutraEvent, StatisticState, WarningCode } from '@lutra/model';
import type { Bus, LogPlace } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { eventMeter } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import { idOf } from './rollup-fold.ts';
import { RollupRun } from './rollup-run.ts';
import type { RollupParts } from './rollup-run.ts';

/** While the fold catches up it saves after so many events: a transaction stays short, and memory small. */
const BATCH_EVENTS_MAX = 2_000;
const RETRY_MS = 2_000;
/** A log that is another one by now (it was lost) is read from so long before the newest event: clocks of instances differ. */
const OVERLAP_MS = 30_000;

interface Parts extends RollupParts {
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly log: Logger;
  readonly instance: string;
}

/**
 * Folds the event log into the stored statistics. One manager does; the store itself decides whose save counts, so that two who
 * both think that they lead, or one that is killed in the middle, neither lose nor double anything. What the log holds is caught
 * up with after any absence.
 */
export class RollupWorker implements Worker {
  readonly name = 'rollups';
  private current: RollupRun | null = null;
  private readonly meter = eventMeter();
  private skipped = 0;

  constructor(private readonly parts: Parts) {}

  /** A stop in order saves what was folded since the last time, so that the next manager has less of the log to read. */
  async drain(): Promise<void> {
    if (this.parts.store.whyAway === '') await this.current?.save();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { coordinator, instance, log, clock, store } = this.parts;
    while (!signal.aborted) {
      try {
        const lease = await coordinator.acquireLeadership('manager-statistics', instance, signal);
        try {
          const leading = AbortSignal.any([signal, lease.lost]);
          while (!leading.aborted)
            if (store.whyAway === '') await this.lead(leading);
            else await clock.sleep(RETRY_MS, leading);
        } finally {
          await lease.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code }, 'statistics cannot be saved yet');
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Folds and saves until the signal aborts, or another manager was faster: what stands is then read anew. */
  private async lead(signal: AbortSignal): Promise<void> {
    const { bus, rollups } = this.parts;
    const { place, states } = await rollups.start();
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const run = new RollupRun(this.parts, place, states);
    this.current = run;
    const saving = run.saveWhile(both).finally(() => {
      stop.abort();
    });
    // Its failure is thrown by the last line.
    saving.catch(() => undefined);
    try {
      const since = sinceOf(states);
      const onUnreadable = (at: LogPlace, failure: SyncError): void => {
        run.reached = at;
        this.skip(failure, at);
      };
      let newestMs = newestOf(states);
      // Else what the log drops of them during a quiet week would look like figures that are missing.
      const onPassed = (at: LogPlace): void => {
        run.reached = at;
      };
      const filter = { kinds: COUNTED_KINDS, after: place, since, onUnreadable, onPassed };
      for await (const { event, place: at, isBehindHole } of bus.followLog(filter, both)) {
        if (isBehindHole) await this.tellHole(newestMs, event);
        try {
          run.fold.fold(event, idOf(at));
        } catch (error) {
          this.skip(error, at);
        }
        run.reached = at;
        const atMs = Date.parse(event.at);
        if (atMs > newestMs) newestMs = atMs;
        if (run.fold.size >= BATCH_EVENTS_MAX && !(await run.save())) break;
      }
    } finally {
      this.current = null;
      stop.abort();
      await saving;
    }
  }

  /** An event that makes no sense is left out: all that come after it count. */
  private skip(error: unknown, at: LogPlace): void {
    this.skipped += 1;
    this.meter.recordSkipped();
    const { skipped } = this;
    this.parts.log.warn({ err: error, place: at, skipped }, 'event makes no sense and is not counted');
  }

  /** The log has dropped what stood between: the store is told first, for figures are read for years. */
  private async tellHole(newestMs: number, { at }: LutraEvent): Promise<void> {
    const { rollups, bus, clock, log, instance } = this.parts;
    const saidMs = Date.parse(at);
    const toMs = Number.isNaN(saidMs) ? clock.now().getTime() : saidMs;
    const fromMs = newestMs === 0 ? toMs : Math.min(newestMs, toMs);
    await rollups.noteHole({ fromMs, toMs });
    const from = new Date(fromMs).toISOString();
    log.warn({ from, to: at }, 'event log has dropped events that were not counted');
    await bus.publishEvent({
      ...{ v: 1, kind: 'warning', at: clock.now().toISOString(), who: instance, pipelineId: null, epoch: null },
      ...{ process: null, traceId: null, code: 'STATISTICS_HOLE' satisfies WarningCode },
      message: `The event log has dropped events between ${from} and ${at} before a manager had read them: figures of that time are too low`,
    });
  }
}

const newestOf = (states: ReadonlyMap<string, StatisticState>): number =>
  Math.max(0, ...[...states.values()].map(({ lastEventMs }) => lastEventMs));

const sinceOf = (states: ReadonlyMap<string, StatisticState>): Date =>
  new Date(Math.max(0, newestOf(states) - OVERLAP_MS));
