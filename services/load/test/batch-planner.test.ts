import { describe, expect, it } from '@jest/globals';
import type { TargetSession } from '@lutra/sql';
import type { Batch } from '../src/batch.ts';
import { BatchPlanner } from '../src/batch-planner.ts';
import { LaneShapes } from '../src/lane-shapes.ts';
import type { RowCollector } from '../src/row-collector.ts';
import type { WriteRules } from '../src/write/write-rules.ts';

const session = {} as TargetSession;

describe('a unit that is planned ahead', () => {
  it('is remembered for failoverMode safe when it is written, not before', async () => {
    let remembered = 0;
    const recent = { add: () => void (remembered += 1), closing: () => [] };
    const collector = { collect: () => [], refresh: (_session: unknown, rows: unknown) => Promise.resolve(rows) };
    const planner = new BatchPlanner(collector as unknown as RowCollector, {
      catalog: {} as never,
      info: { maxAllowedPacketBytes: 1_048_576 } as never,
      rules: { howFor: () => ({}), refresh: () => Promise.resolve() } as unknown as WriteRules,
      shapes: new LaneShapes('p', [], { isKept: false }),
      parallelRowsMin: 1,
      wayOf: () => 'lanes',
      recent,
    });
    const definition = { revision: 1, parameters: { applyMode: 'merged', loadBatchRows: 10 }, mappings: [] };
    const unit = planner.unitOfParts([], { definition } as unknown as Batch);
    expect(remembered).toBe(0);
    await unit.plan(session);
    expect(remembered).toBe(1);
  });
});
