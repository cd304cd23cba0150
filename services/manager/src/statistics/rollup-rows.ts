import { addFigures } from '@lutra/model';
import type { Figures } from '@lutra/model';
import { oldestKept, ROLLUP, slotOf, STEPS, TABLE_STEPS } from './rollup-steps.ts';
import type { Step } from './rollup-steps.ts';
import type { PipelineBatch } from './rollup-fold.ts';
import type { TableCounts } from './table-counts.ts';

/** The scope of the whole installation; that of a pipeline or a channel is its id. */
export const INSTALLATION = 'installation';

/** What is to be added to one stored slot. */
export interface RollupRow<T> {
  readonly scope: string;
  readonly slot: number;
  readonly added: T;
}

type Rows<T> = ReadonlyMap<Step, readonly RollupRow<T>[]>;

/**
 * What a batch adds to the slots of every step: to the pipeline's own, to its channel's and to the installation's, so that a
 * total over many pipelines is read as fast as one of them. Slots that would be removed at once are left out.
 */
export function figureRows(
  batches: readonly PipelineBatch[],
  { channelOf, nowMs }: { readonly channelOf: ReadonlyMap<string, string>; readonly nowMs: number },
): Rows<Figures> {
  const sums = new Sums(nowMs);
  for (const { pipelineId, seconds } of batches) {
    const scopes = [pipelineId, channelOf.get(pipelineId), INSTALLATION];
    for (const [second, added] of seconds)
      for (const step of STEPS)
        for (const scope of scopes) sums.add(step, scope, { ms: second * ROLLUP['1s'].ms, added });
  }
  return sums.rows();
}

/** The same for counts by table, which have no totals over pipelines. */
export const tableRows = (batches: readonly PipelineBatch[], nowMs: number): Rows<TableCounts> =>
  new Map(
    TABLE_STEPS.map((step) => [
      step,
      batches.flatMap(({ pipelineId, tables }) =>
        [...(tables.get(step) ?? [])].flatMap(([slot, added]) =>
          slot < oldestKept(nowMs, step) ? [] : [{ scope: pipelineId, slot, added }],
        ),
      ),
    ]),
  );

class Sums {
  private readonly steps = new Map<Step, Map<string, RollupRow<Figures>>>(STEPS.map((step) => [step, new Map()]));

  constructor(private readonly nowMs: number) {}

  add(step: Step, scope: string | undefined, at: { readonly ms: number; readonly added: Figures }): void {
    const slot = slotOf(at.ms, step);
    if (scope === undefined || slot < oldestKept(this.nowMs, step)) return;
    const key = `${scope} ${String(slot)}`;
    const rows = this.steps.get(step);
    const known = rows?.get(key);
    rows?.set(key, { scope, slot, added: known === undefined ? at.added : addFigures(known.added, at.added) });
  }

  rows(): Rows<Figures> {
    return new Map([...this.steps].map(([step, rows]) => [step, [...rows.values()]]));
  }
}
