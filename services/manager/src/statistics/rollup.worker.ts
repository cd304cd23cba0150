import { COUNTED_KINDS, SyncError } from '@lutra/model';
import type { Clock, StatisticState } from '@lutra/model';
import type { Bus, LogPlace } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import type { ProcessHistory } from './process-history.ts';
import { RollupFold } from './rollup-fold.ts';
import type { RollupStore } from './rollup-store.ts';

/** Seconds are shown so late. */
const SAVE_MS = 2_000;
/** While the fold catches up it saves after so many events: a transaction stays short, and memory small. */
const BATCH_EVENTS_MAX = 2_000;
const REMOVE_MS = 60_000;
const RETRY_MS = 2_000;
/** A log that is another one by now (it was lost) is read from so long before the newest event: clocks of instances differ. */
const OVERLAP_MS = 30_000;

interface Parts {
  readonly store: Store;
  readonly watch: PipelineWatch;
  readonly rollups: RollupStore;
  readonly history: ProcessHistory;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
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
      for await (const { event, place: at } of bus.followLog({ kinds: COUNTED_KINDS, after: place, since }, both)) {
        run.fold.fold(event);
        run.reached = at;
        if (run.fold.size >= BATCH_EVENTS_MAX && !(await run.save())) break;
      }
    } finally {
      this.current = null;
      stop.abort();
      await saving;
    }
  }
}

const sinceOf = (states: ReadonlyMap<string, StatisticState>): Date => {
  const newestMs = Math.max(0, ...[...states.values()].map(({ lastEventMs }) => lastEventMs));
  return new Date(Math.max(0, newestMs - OVERLAP_MS));
};

/** One reading of the log, from one place on. */
class RollupRun {
  readonly fold: RollupFold;
  /** Place of the newest event that was folded. */
  reached: LogPlace | null;
  private saving: Promise<boolean> | null = null;
  /** Overtaken, or a batch was lost with a save that failed: what is folded here must not be saved any more. */
  private isOver = false;
  private removedAtMs = -Infinity;
  /** Pipelines whose history grew since it was cut. */
  private readonly grown = new Set<string>();

  constructor(
    private readonly parts: Parts,
    private saved: LogPlace | null,
    states: ReadonlyMap<string, StatisticState>,
  ) {
    this.fold = new RollupFold(states);
    this.reached = saved;
    // Another manager may have died before it cut them.
    for (const id of states.keys()) this.grown.add(id);
  }

  /** Saves every now and then; returns when the signal aborts, or when overtaken. */
  async saveWhile(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    for (;;) {
      await clock.sleep(SAVE_MS, signal);
      if (signal.aborted || !(await this.save())) return;
      await this.removeOld();
    }
  }

  /** Saves what was folded; false = another manager has saved meanwhile. One save at a time; throws what the store throws. */
  async save(): Promise<boolean> {
    while (this.saving !== null) await this.saving;
    if (this.isOver) return false;
    this.saving = this.saveBatch();
    try {
      return await this.saving;
    } finally {
      this.saving = null;
    }
  }

  private async saveBatch(): Promise<boolean> {
    const { rollups, clock } = this.parts;
    const { reached, saved } = this;
    if (reached === null || (reached.log === saved?.log && reached.sequence === saved.sequence)) return true;
    const batches = this.fold.take();
    this.isOver = true;
    const gone = await rollups.save(batches, { after: saved, place: reached, nowMs: clock.now().getTime() });
    if (gone === null) return false;
    this.isOver = false;
    this.saved = reached;
    for (const { pipelineId, loaded } of batches) if (loaded.length > 0) this.grown.add(pipelineId);
    this.forget(gone);
    return true;
  }

  private async removeOld(): Promise<void> {
    const { rollups, history, clock } = this.parts;
    if (clock.monotonicMs() - this.removedAtMs < REMOVE_MS) return;
    this.removedAtMs = clock.monotonicMs();
    const nowMs = clock.now().getTime();
    await rollups.removeOld(nowMs);
    this.forget(await rollups.removeForgotten());
    const grown = [...this.grown];
    this.grown.clear();
    await history.removeOld(nowMs, grown);
  }

  /** Late events of pipelines that were removed must not bring their figures back. */
  private forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.fold.forget(id);
      this.parts.watch.forget(id);
      this.grown.delete(id);
    }
  }
}
