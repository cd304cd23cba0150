/**
 * Goal: after a crash between two lanes no row is left out, whatever became of its table meanwhile, and none is written again
 * that must not be.
 * Method: rows are spread by the table as it was; some lanes have them. The collector is given the table as it is.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PipelineDefinition, Place, RowChange } from '@lutra/model';
import { REPAIRS, rowRefusal, SyncError, WRITES_ALL } from '@lutra/model';
import { LaneShapes } from '../src/lane-shapes.ts';
import { noCounts } from '../src/loaded-process.ts';
import type { ProcessPart } from '../src/loaded-process.ts';
import { laneOf } from '../src/plan/lane-of.ts';
import { laneShape } from '../src/plan/lane-shape.ts';
import { isRepeatable } from '../src/plan/repeatable.ts';
import { RowCollector } from '../src/row-collector.ts';
import type { TableWriters } from '../src/table-writers.ts';
import { inserted, MAPPING, PLAIN, rowOf, TABLE, writerFor } from './lane-fixture.ts';
import type { TargetKind } from './lane-fixture.ts';

const kinds = fc.record<TargetKind>({
  collation: fc.constantFrom('utf8mb4_general_ci', 'utf8mb4_bin'),
  key: fc.constantFrom('id', 'id', 'n', 'none'),
  unique: fc.constantFrom('none', 'exact', 'prefix'),
  group: fc.constantFrom('none', 'none', 'own', 'other'),
});
const placeAt = (last: number): Place => ({
  done: { kind: 'mariadbGtid', gtidList: `0-1-${String(last)}` },
  inside: null,
});
const changes: readonly RowChange[] = Array.from({ length: 40 }, (_, index) =>
  inserted([`KEY${String(index)}`, index], index),
);

interface Crash {
  readonly was: TargetKind;
  readonly is: TargetKind;
  readonly lanes: number;
  /** A bit for each lane. */
  readonly committed: number;
  readonly hasDeltas?: boolean;
  readonly isStored?: boolean;
}

/** What is written after the crash, and what had not been written before it; null = it stops. */
function resume({ was, is, lanes, committed, hasDeltas = false, isStored = true }: Crash) {
  const [before, after] = [writerFor(was), writerFor(is)];
  const has = (lane: number): boolean => ((committed >> lane) & 1) === 1;
  const onConflict = { kind: 'merge', columns: [], deltaColumns: ['n'] } as const;
  const mappings = [hasDeltas ? { ...MAPPING, onConflict } : MAPPING];
  const definition = { mappings, parameters: {} } as unknown as PipelineDefinition;
  const stored = isStored ? [{ schema: 's', table: 't', shape: laneShape(before) }] : [];
  const shapes = new LaneShapes('p', stored, { isKept: true });
  const collector = new RowCollector(
    {
      places: Array.from({ length: lanes }, (_, lane) => placeAt(has(lane) ? 12 : 10)),
      isSpreadAlike: (writer) => shapes.isAsClaimed(writer),
    },
    { known: () => after } as unknown as TableWriters,
  );
  const transaction = { ...rowOf(before, inserted(['', 0], 0)).origin.transaction, changes };
  const loaded = { delivery: { header: { process: 1, serverUuid: 'm' } }, process: { tables: [TABLE] } };
  const part = { loaded, transactions: [transaction], counts: noCounts() } as unknown as ProcessPart;
  const missing = changes.filter((change) => {
    const lane = laneOf(rowOf(before, change), lanes);
    return lane === 'several' || !has(lane);
  });
  const isAlike = isStored && laneShape(before) === laneShape(after);
  const mayRepeat = isRepeatable(after, (): (typeof mappings)[number] => ({ ...MAPPING, ...mappings[0] }));
  try {
    const written = collector.collect(part, definition);
    return { isAlike, mayRepeat, missing, written: written.map(({ change }) => change), rows: written };
  } catch (error) {
    expect(SyncError.of(error)).toMatchObject({ code: 'TARGET_LANES_CHANGED', details: { table: 's.t' } });
    return { isAlike, mayRepeat, missing, written: null, rows: [] };
  }
}

describe('rows that lanes had when they were left at different places', () => {
  it('are all written, and again only where that does no harm', () => {
    const crashes = fc.record({
      was: kinds,
      is: kinds,
      lanes: fc.integer({ min: 2, max: 5 }),
      committed: fc.integer({ min: 0, max: 31 }),
      hasDeltas: fc.boolean(),
      isStored: fc.boolean(),
    });
    let [stopped, repeated] = [0, 0];
    fc.assert(
      fc.property(crashes, (crash) => {
        const { isAlike, mayRepeat, missing, written } = resume(crash);
        if (written === null) {
          expect([isAlike, mayRepeat]).toEqual([false, false]);
          stopped += 1;
          return;
        }
        expect(missing.filter((change) => !written.includes(change))).toEqual([]);
        if (isAlike || !mayRepeat) expect(written).toEqual(missing);
        if (written.length > missing.length) repeated += 1;
      }),
      { numRuns: 1_000 },
    );
    expect([stopped > 50, repeated > 50]).toEqual([true, true]);
  });

  it.each<[string, Partial<TargetKind>]>([
    ['another collation', { collation: 'utf8mb4_bin' }],
    ['another key', { key: 'n' }],
    ['a unique index whose values are not known', { unique: 'prefix' }],
    ['a foreign key that changes rows', { group: 'own' }],
  ])('are written once more when the table has %s now, and named as such', (_what, change) => {
    const { missing, rows } = resume({ was: PLAIN, is: { ...PLAIN, ...change }, lanes: 2, committed: 1 });
    expect(rows).toHaveLength(changes.length);
    expect(missing.length).toBeLessThan(changes.length);
    expect(rows.every(({ origin }) => origin.isRepeat === true)).toBe(true);
  });

  it('are written by who has not had them while the table is as it was, also when amounts are added', () => {
    const { missing, written } = resume({ was: PLAIN, is: PLAIN, lanes: 2, committed: 1, hasDeltas: true });
    expect(written).toEqual(missing);
  });
});

describe('a row that is sent once more', () => {
  const image = ['KEY', 7];
  const copy: RowChange = {
    ...{ table: 0, event: 0, row: 0, part: 0, flags: REPAIRS | WRITES_ALL },
    ...{ kind: 'update', before: image, after: image },
  };
  const gone: RowChange = {
    ...{ table: 0, event: 0, row: 1, part: 0, flags: REPAIRS },
    ...{ kind: 'delete', before: ['KEY', undefined] },
  };
  const ordinary: RowChange = { ...copy, row: 2, flags: 0 };

  const lost = new SyncError('ROW_VALUE_LOST', { problem: 'too long', mapping: 'M', table: 't', column: 'n' });
  const refused: RowChange = {
    ...{ ...gone, row: 3 },
    refusal: rowRefusal(lost, { columns: [1], isOnlyBefore: false }),
  };

  it.each<[string, TargetKind['key'], readonly RowChange[]]>([
    ['is written where its key tells it', 'id', [copy, gone, ordinary, refused]],
    [
      'is left where its image does not hold the key of the target, but not what is refused',
      'n',
      [copy, ordinary, refused],
    ],
    ['is left where the target has no key: it would be there twice', 'none', [ordinary, refused]],
  ])('%s', (_what, key, expected) => {
    const writer = writerFor({ ...PLAIN, key });
    const collector = new RowCollector({ places: [placeAt(10)], isSpreadAlike: () => true }, {
      known: () => writer,
    } as unknown as TableWriters);
    const transaction = { ...rowOf(writer, copy).origin.transaction, changes: [copy, gone, ordinary, refused] };
    const loaded = { delivery: { header: { process: 1, serverUuid: 'm' } }, process: { tables: [TABLE] } };
    const part = { loaded, transactions: [transaction], counts: noCounts() } as unknown as ProcessPart;
    const written = collector.collect(part, { mappings: [MAPPING], parameters: {} } as unknown as PipelineDefinition);
    expect(written.map(({ change }) => change)).toEqual(expected);
    expect(part.counts.skipped).toBe(4 - expected.length);
  });
});
