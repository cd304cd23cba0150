import type { Clock, StatisticState } from '@lutra/model';
import type { LogPlace } from '@lutra/messaging';
import type { Store } from '../store/store.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import type { ProcessHistory } from './process-history.ts';
import { RollupFold } from './rollup-fold.ts';
import type { RollupStore } from './rollup-store.ts';

/** Seconds are shown so late. */
const SAVE_MS = 2_000;
const REMOVE_MS = 60_000;

export interface RollupParts {
  readonly store: Store;
  readonly watch: PipelineWatch;
  readonly rollups: RollupStore;
  readonly history: ProcessHistory;
  readonly clock: Clock;
}

/** One reading of the log, from one place on. */
export class RollupRun {
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
    private readonly parts: RollupParts,
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
