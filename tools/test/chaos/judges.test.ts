// Goal: the pure parts of the chaos run's judges count, measure and judge as their comments say.
// Method: table cases; the merge of two key streams also against a plain count of both, for random streams.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FAULT_KINDS } from '../../src/chaos/chaos-types.ts';
import type { ChaosOutcome, FaultRecord } from '../../src/chaos/chaos-types.ts';
import { BeatLog, BITE_MS } from '../../src/chaos/judge/beat-log.ts';
import { compareNumberKeys, mergeKeys } from '../../src/chaos/judge/merge-keys.ts';
import { judgeRun } from '../../src/chaos/report/judge-run.ts';
import { percentiles } from '../../src/chaos/report/percentiles.ts';
import { boundMs } from '../../src/chaos/report/recovery-bounds.ts';
import { describeRun } from '../../src/chaos/report/write-report.ts';
import { bulkLife } from '../../src/chaos/workload/chaos-workload.ts';
import { Pace } from '../../src/chaos/workload/pace.ts';
import { Random } from '../../src/demo/random.ts';

async function* stream(keys: readonly string[]): AsyncGenerator<string> {
  yield* keys;
}

describe('merging keys', () => {
  it('counts what is missing and what is too many', async () => {
    const left = stream(['1:1', '1:2', '1:3', '2:10']);
    const right = stream(['1:1', '1:1', '1:3', '2:9', '2:10']);
    expect(await mergeKeys(left, right, compareNumberKeys)).toEqual({
      missing: 1,
      surplus: 2,
      examples: ['1:1 is too many', '1:2 is missing', '2:9 is too many'],
    });
  });

  it('counts as two bags of keys would', async () => {
    const keys = fc.array(fc.nat(20).map((number) => `k:${number}`));
    await fc.assert(
      fc.asyncProperty(keys, keys, async (a, b) => {
        const count = (list: readonly string[], key: string): number => list.filter((one) => one === key).length;
        const all = [...new Set([...a, ...b])];
        const over = (x: readonly string[], y: readonly string[]): number =>
          all.reduce((sum, key) => sum + Math.max(0, count(x, key) - count(y, key)), 0);
        const sorted = (list: readonly string[]): string[] => [...list].sort(compareNumberKeys);
        const { missing, surplus } = await mergeKeys(stream(sorted(a)), stream(sorted(b)), compareNumberKeys);
        expect({ missing, surplus }).toEqual({ missing: over(a, b), surplus: over(b, a) });
      }),
    );
  });
});

describe('recovery', () => {
  const log = (beats: readonly (readonly [number, number, number])[]): BeatLog => {
    const made = new BeatLog();
    for (const [beat, writtenMs, seenMs] of beats) {
      made.noteWritten(beat, writtenMs);
      made.noteSeen(beat, seenMs);
    }
    return made;
  };

  it.each<[string, number | null, number, readonly (readonly [number, number, number])[]]>([
    [
      'is the way of a beat when nothing stood still',
      30,
      5_000,
      [
        [1, 1_010, 1_030],
        [2, 1_060, 1_080],
      ],
    ],
    [
      'is the longest stall soon after the fault',
      6_000,
      9_000,
      [
        [1, 1_010, 1_030],
        [2, 1_500, 7_500],
      ],
    ],
    ['counts from the fault where the source was away', 4_050, 9_000, [[1, 5_000, 5_050]]],
    ['is open while beats can still be caught by the fault', null, 1_000 + BITE_MS - 1, [[1, 1_010, 1_030]]],
    ['does not count beats from before the fault', null, 9_000, [[1, 900, 8_000]]],
  ])('%s', (_what, expected, nowMs, beats) => {
    expect(log(beats).recoveryMs(1_000, nowMs)).toBe(expected);
  });

  it('is open while a beat is on its way', () => {
    const waiting = log([[1, 1_010, 1_030]]);
    waiting.noteWritten(2, 1_060);
    expect(waiting.recoveryMs(1_000, 60_000)).toBeNull();
  });

  it.each<[FaultRecord['kind'], string, number | null]>([
    ['kill', 'extract-2', 10_000],
    ['kill', 'transform-1', 10_000],
    ['kill', 'select-1', 6_000],
    ['kill', 'load-2', 6_000],
    ['kill', 'manager-1', null],
    ['latency', 'load-1', null],
  ])('has the bound of the architecture: %s on %s', (kind, target, bound) => {
    expect(boundMs({ kind, target }, 4_000)).toBe(bound);
  });
});

const fault = (kind: FaultRecord['kind'], change: Partial<FaultRecord> = {}): FaultRecord => ({
  kind,
  target: 'load-1',
  tookEffect: true,
  seen: 'process gone',
  startedAt: 0,
  endedAt: 100,
  recoversFrom: 'start',
  overlapped: false,
  recoveryMs: { transactional: 900, merged: 1_000 },
  ...change,
});
const table = { table: 's.t', sourceRows: 1, targetRows: 1, sourceHash: 'a', targetHash: 'a', differences: [] };
const PASSED: ChaosOutcome = {
  seed: 7,
  minutes: 3,
  faults: FAULT_KINDS.map((kind) => fault(kind)),
  workload: { seconds: 180, transactions: 45_000, rows: 1, transactionsByKind: {}, unknownCommits: 0, repeats: 0 },
  sampler: { samples: 9, violations: [] },
  comparison: { tables: [{ ...table, isEqual: true }], lost: 0, doubled: 0, violations: [] },
  problems: [],
};

describe('the verdict', () => {
  it('passes a run without a problem, and says so', () => {
    expect(judgeRun(PASSED)).toEqual([]);
    expect(describeRun(PASSED, 4_000, [])).toMatch(/lost 0, doubled 0\nPASSED$/);
  });

  const { workload, comparison, faults } = PASSED;
  it.each<[string, RegExp, Partial<ChaosOutcome>]>([
    ['a kind was never used', /never took effect: kill$/, { faults: faults.filter(({ kind }) => kind !== 'kill') }],
    [
      'a kind never took effect',
      /never took effect: cut$/,
      { faults: faults.map((one) => ({ ...one, tookEffect: one.kind !== 'cut' })) },
    ],
    ['faults were rare', /faults a minute/, { workload: { ...workload, seconds: 1_800, transactions: 900_000 } }],
    ['the workload was slow', /199 transactions a second/, { workload: { ...workload, transactions: 35_900 } }],
    [
      'a pipeline did not come back',
      /did not recover in time from kill on load-1/,
      { faults: [...faults, fault('kill', { recoveryMs: { transactional: 1, merged: null } })] },
    ],
    ['nobody looked', /never sampled/, { sampler: { samples: 0, violations: [] } }],
    ['a rule was broken', /broken at the target: sum/, { sampler: { samples: 1, violations: ['sum'] } }],
    ['a table differs', /s\.t differs/, { comparison: { ...comparison, tables: [{ ...table, isEqual: false }] } }],
    ['transactions are lost', /1 transactions lost/, { comparison: { ...comparison, lost: 1 } }],
    ['rows are doubled', /2 rows doubled/, { comparison: { ...comparison, doubled: 2 } }],
    ['the end breaks a rule', /at the end: x/, { comparison: { ...comparison, violations: ['x'] } }],
    ['the run says so', /^the site fell over$/, { problems: ['the site fell over'] }],
  ])('fails a run where %s', (_what, expected, change) => {
    expect(judgeRun({ ...PASSED, ...change })).toEqual([expect.stringMatching(expected)]);
  });
});

it('percentiles are values that were measured', () => {
  expect(percentiles([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3, max: 3 });
  expect(percentiles([])).toBeNull();
});

it('a pace makes up for time in which nothing could be written', () => {
  const pace = new Pace(100, 0);
  let now = 0;
  for (let turn = 0; turn < 100; turn += 1) now += pace.take(now);
  expect(now).toBeCloseTo(990, 0);
  now = 3_000;
  const before = now;
  for (let turn = 0; turn < 160; turn += 1) now += pace.take(now);
  expect(now - before).toBeLessThan(1_000);
});

it('batches are inserted, changed and deleted in turn', () => {
  const steps = Array.from({ length: 8 }, (_unused, step) => bulkLife(step, new Random(1)));
  expect(steps.map(({ batch, step }) => `${step} ${batch}`)).toEqual([
    'insert 1',
    'insert 2',
    'update 1',
    'delete 1',
    'insert 3',
    'update 2',
    'delete 2',
    'insert 4',
  ]);
});
