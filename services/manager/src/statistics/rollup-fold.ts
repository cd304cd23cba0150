import { addFigures, figuresOf, foldStatistics, isCounted, NO_FIGURES, NO_STATISTICS } from '@lutra/model';
import type { Figures, LoadedEvent, LutraEvent, StatisticState } from '@lutra/model';
import { requireSense } from './require-sense.ts';
import type { LogPlace } from '@lutra/messaging';
import { slotOf, TABLE_STEPS } from './rollup-steps.ts';
import type { Step } from './rollup-steps.ts';
import { addTableCounts, tableCountsOf } from './table-counts.ts';
import type { TableCounts } from './table-counts.ts';

/** What the events since the last batch add for one pipeline, in the finest slots that are kept. */
export interface PipelineBatch {
  readonly pipelineId: string;
  readonly state: StatisticState;
  /** By second since 1970. */
  readonly seconds: ReadonlyMap<number, Figures>;
  /** By step and slot, each for itself: which tables a slot has names for depends on their order in it. */
  readonly tables: ReadonlyMap<Step, ReadonlyMap<number, TableCounts>>;
  /** Processes that moved something. */
  readonly loaded: readonly LoadedEvent[];
}

/**
 * Folds events of the log, in its order, into what is to be added to the stored roll-ups. Pure but for what it keeps in memory:
 * the same events after the same states give the same batches added up, however they are cut into batches. An event that was
 * folded before, in this batch or in one before it, adds nothing.
 */
export class RollupFold {
  private readonly states: Map<string, StatisticState>;
  private batches = new Map<string, OpenBatch>();
  private count = 0;

  constructor(states: ReadonlyMap<string, StatisticState>) {
    this.states = new Map(states);
  }

  /** Events that were counted since the last {@link take}. */
  get size(): number {
    return this.count;
  }

  /** `id` tells the event from all others. Throws for an event that makes no sense; nothing of it is counted then. */
  fold(event: LutraEvent, id?: string): void {
    const { pipelineId } = event;
    if (pipelineId === null || !isCounted(event)) return;
    requireSense(event);
    const known = this.states.get(pipelineId) ?? NO_STATISTICS;
    const state = foldStatistics(known, event, id);
    if (state === known) return;
    this.states.set(pipelineId, state);
    this.count += 1;
    const batch = this.batches.get(pipelineId) ?? new OpenBatch();
    this.batches.set(pipelineId, batch);
    const atMs = Date.parse(event.at);
    batch.addFigures(slotOf(atMs, '1s'), figuresOf(event));
    if (event.kind !== 'loaded') return;
    if (event.tables !== undefined) batch.addTables(atMs, tableCountsOf(event.tables));
    if (event.transactionCount > 0 || event.sourceBytes > 0) batch.loaded.push(event);
  }

  /** What was folded since the last call, with the state of each pipeline that changed. */
  take(): readonly PipelineBatch[] {
    const taken = [...this.batches].map(([pipelineId, { seconds, tables, loaded }]) => ({
      pipelineId,
      state: this.states.get(pipelineId) ?? NO_STATISTICS,
      ...{ seconds, tables, loaded },
    }));
    this.batches = new Map();
    this.count = 0;
    return taken;
  }

  forget(pipelineId: string): void {
    this.states.delete(pipelineId);
    this.batches.delete(pipelineId);
  }
}

/** What tells a stored event from all others, also from those of a log that was lost. */
export const idOf = ({ log, sequence }: LogPlace): string => `${log} ${String(sequence)}`;

class OpenBatch {
  readonly seconds = new Map<number, Figures>();
  readonly tables = new Map<Step, Map<number, TableCounts>>(TABLE_STEPS.map((step) => [step, new Map()]));
  readonly loaded: LoadedEvent[] = [];

  addFigures(second: number, figures: Figures): void {
    this.seconds.set(second, addFigures(this.seconds.get(second) ?? NO_FIGURES, figures));
  }

  addTables(atMs: number, counts: TableCounts): void {
    for (const [step, slots] of this.tables) {
      const slot = slotOf(atMs, step);
      // All names are kept here: which of them a slot has room for is decided where the slot's own are known.
      slots.set(slot, addTableCounts(slots.get(slot) ?? [], counts, Infinity));
    }
  }
}
