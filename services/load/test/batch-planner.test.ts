import { describe, expect, it } from '@jest/globals';
import { compileTableWriter } from '@lutra/sql';
import type { TableWriter, TargetSession } from '@lutra/sql';
import type { Batch } from '../src/batch.ts';
import { BatchPlanner } from '../src/batch-planner.ts';
import { LaneShapes } from '../src/lane-shapes.ts';
import type { WritableRow } from '../src/plan/planned-statement.ts';
import type { RowCollector } from '../src/row-collector.ts';
import type { WriteRules } from '../src/write/write-rules.ts';
import { inserted, PLAIN, rowOf, TABLE, targetOf, writerFor } from './lane-fixture.ts';
import type { TargetKind } from './lane-fixture.ts';

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

describe('a unit of one of several lanes', () => {
  const before = writerFor(PLAIN);
  /** Of a segment that was cut for the table as it was, when it finds it as it is. */
  async function planned(now: TableWriter): Promise<unknown> {
    const rows = Array.from({ length: 40 }, (_, n) => rowOf(before, inserted([`k${String(n)}`, n], n)));
    const refresh = (_session: unknown, of: readonly WritableRow[]) =>
      Promise.resolve(of.map((row) => ({ ...row, writer: now })));
    const collector = { collect: () => rows, refresh, holdsUnrepeatable: () => false };
    const planner = new BatchPlanner(collector as unknown as RowCollector, {
      catalog: { version: 1 } as never,
      info: { maxAllowedPacketBytes: 1_048_576 } as never,
      rules: {
        howFor: () => ({ policyOf: () => ({ kind: 'overwrite' }) }),
        refresh: () => Promise.resolve(),
      } as unknown as WriteRules,
      shapes: new LaneShapes('p', [], { isKept: false }),
      parallelRowsMin: 1,
      wayOf: () => 'lanes',
    });
    const definition = { revision: 1, parameters: { applyMode: 'merged', loadBatchRows: 10 }, mappings: [] };
    const processes = [{ delivery: { header: { end: { inside: null } } }, process: { transactions: [] } }];
    const [segment] = planner.plan({ definition, processes } as unknown as Batch, 4).segments;
    const units = segment?.units ?? [];
    expect(units.length).toBeGreaterThan(1);
    return Promise.all(units.map(({ unit }) => unit.plan(session)));
  }

  it.each<[string, TargetKind]>([
    ['an exact unique index came', { ...PLAIN, unique: 'exact' }],
    ['a unique index came whose values cannot be told', { ...PLAIN, unique: 'prefix' }],
    ['foreign keys tie the table to another', { ...PLAIN, group: 'other' }],
    ['values of the key are equal by other rules', { ...PLAIN, collation: 'utf8mb4_bin' }],
    ['another column is the key', { ...PLAIN, key: 'n' }],
  ])('is not written when %s', async (_sentence, now) => {
    await expect(planned(writerFor(now))).rejects.toMatchObject({ code: 'TARGET_FENCED' });
  });

  it('is written when the table changed in what spreads no rows', async () => {
    const target = { ...targetOf(PLAIN), statement: 'another', rowEstimate: 7 };
    await expect(planned(compileTableWriter(TABLE, target))).resolves.toBeDefined();
  });
});
