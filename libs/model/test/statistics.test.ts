import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldStatistics, NO_STATISTICS, readStatistics } from '../src/statistics.ts';
import type { StatisticState } from '../src/statistics.ts';
import type {
  DeadLetterEvent,
  DryRunEvent,
  FailedEvent,
  LoadedEvent,
  LutraEvent,
  WarningEvent,
} from '../src/events.ts';

const START_MS = Date.parse('2026-03-01T12:00:00.000Z');

function loaded(process: number, change: Partial<LoadedEvent> & { readonly atMs?: number } = {}): LoadedEvent {
  const { atMs = START_MS, ...rest } = change;
  return {
    v: 1,
    kind: 'loaded',
    at: new Date(atMs).toISOString(),
    who: 'load-1',
    pipelineId: 'P',
    epoch: 1,
    process,
    traceId: null,
    end: { done: { kind: 'mariadbGtid', gtidList: '0-1-1' }, inside: null },
    revision: 1,
    transactionCount: 1,
    inserted: 10,
    updated: 0,
    deleted: 0,
    skipped: 0,
    conflicts: 0,
    sourceBytes: 100,
    firstCommitMs: atMs - 50,
    lastCommitMs: atMs - 10,
    stages: [],
    ...rest,
  };
}

const warning = (change: Partial<WarningEvent> = {}): WarningEvent => ({
  v: 1,
  kind: 'warning',
  at: new Date(START_MS).toISOString(),
  who: 'select-1',
  pipelineId: 'P',
  epoch: 1,
  process: null,
  traceId: null,
  code: 'SOURCE_DDL',
  message: 'ALTER TABLE',
  ...change,
});

const failed = (): FailedEvent => ({
  ...warning(),
  kind: 'failed',
  failure: {
    code: 'TARGET_UNREACHABLE',
    class: 'retryable',
    message: 'gone',
    workaround: 'wait',
    stage: 'load',
    instance: 'load-1',
    epoch: 1,
    process: 1,
    at: new Date(START_MS).toISOString(),
  },
});

const fold = (events: readonly LutraEvent[], state: StatisticState = NO_STATISTICS): StatisticState =>
  events.reduce((known, event) => foldStatistics(known, event), state);

describe('foldStatistics', () => {
  it('adds what processes wrote, and counts failures and warnings', () => {
    const { totals } = fold([loaded(1), loaded(2, { inserted: 1, updated: 2, deleted: 3 }), failed(), warning()]);
    expect(totals).toMatchObject({ inserted: 11, updated: 2, deleted: 3, processes: 2, failures: 1, warnings: 1 });
  });

  it('adds the values that were left out, where a loader tells of some', () => {
    const events = [loaded(1, { valuesLeftOut: 3 }), loaded(2), loaded(3, { valuesLeftOut: 4 })];
    expect(fold(events).totals.valuesLeftOut).toBe(7);
  });

  it('adds the schema statements that were passed over, once for each process', () => {
    const events = [loaded(1, { statementsSkipped: 2 }), loaded(2), loaded(3, { statementsSkipped: 1 })];
    expect(fold([...events, ...events]).totals.statementsSkipped).toBe(3);
  });

  it.each<[string, readonly LutraEvent[], number]>([
    ['a process that is told twice counts once', [loaded(1), loaded(1)], 1],
    ['a process that is told late counts', [loaded(1), loaded(3), loaded(2)], 3],
    [
      'a process of the old epoch that is told after the new one began counts',
      [loaded(5), loaded(1, { epoch: 2 }), loaded(6)],
      3,
    ],
    ['the first reports of an epoch may overtake one another', [loaded(3), loaded(1), loaded(2), loaded(1)], 3],
    ['equal numbers of two epochs are two processes', [loaded(1), loaded(1, { epoch: 2 })], 2],
    ['counting begins in the middle of an epoch when the log begins there', [loaded(70), loaded(71)], 2],
  ])('%s', (_behaviour, events, processes) => {
    expect(fold(events).totals.processes).toBe(processes);
  });

  it('two warnings of one moment with different content are two', () => {
    expect(fold([warning(), warning({ code: 'OTHER' }), warning()]).totals.warnings).toBe(2);
  });

  // Goal: a reader that starts again at any earlier point of the log gets the same state.
  it('folding any part of the log again changes nothing', () => {
    const event = fc
      .record({ process: fc.integer({ min: 1, max: 40 }), epoch: fc.integer({ min: 1, max: 3 }), s: fc.nat(90) })
      .map(({ process, epoch, s }) => loaded(process, { epoch, atMs: START_MS + s * 1_000 }));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), (events, from) => {
        const state = fold(events);
        expect(fold(events.slice(from), state)).toEqual(state);
      }),
    );
  });

  it('survives being stored as JSON', () => {
    const state = fold([loaded(1), loaded(3), failed()]);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });

  it('stays small however long a pipeline runs and however many reports are lost', () => {
    const events = Array.from({ length: 5_000 }, (_, i) => loaded(i * 3 + 1, { atMs: START_MS + i * 500 }));
    const { seconds, counted } = fold(events);
    expect(seconds.length).toBeLessThanOrEqual(62);
    expect(counted[0]?.beyond.length).toBeLessThanOrEqual(64);
  });
});

describe('readStatistics', () => {
  it('gives rates over whole seconds before now', () => {
    const events = Array.from({ length: 20 }, (_, i) => loaded(i + 1, { atMs: START_MS + i * 1_000 }));
    const reading = readStatistics(fold(events), START_MS + 20_000);
    expect(reading.rowsPerSecond10).toBe(10);
    expect(reading.rowsPerSecond60).toBeCloseTo(200 / 60);
    expect(reading.rowsLoaded).toBe(200);
  });

  it('shows the delay of the oldest change of a process, at most 2.2 % off', () => {
    const events = Array.from({ length: 100 }, (_, i) =>
      loaded(i + 1, { firstCommitMs: START_MS - (i === 99 ? 4_000 : 20) }),
    );
    const { delayMsP50, delayMsP99 } = readStatistics(fold(events), START_MS + 100);
    expect(Math.abs((delayMsP50 ?? 0) / 20 - 1)).toBeLessThan(0.022);
    expect(Math.abs((delayMsP99 ?? 0) / 20 - 1)).toBeLessThan(0.022);
    const worst = readStatistics(fold([...events, loaded(101, { firstCommitMs: START_MS - 4_000 })]), START_MS + 100);
    expect(Math.abs((worst.delayMsP99 ?? 0) / 4_000 - 1)).toBeLessThan(0.022);
  });

  it('has no delay for empty processes, nor after a minute of silence', () => {
    expect(readStatistics(fold([loaded(1, { firstCommitMs: 0 })]), START_MS).delayMsP50).toBeNull();
    expect(readStatistics(fold([loaded(1)]), START_MS + 61_000)).toMatchObject({
      delayMsP50: null,
      rowsPerSecond60: 0,
    });
  });

  it('a clock that is behind gives no negative delay', () => {
    expect(readStatistics(fold([loaded(1, { firstCommitMs: START_MS + 30 })]), START_MS).delayMsP50).toBe(0);
  });
});

describe('dead letters and dry runs', () => {
  const base = { v: 1, who: 'load-1', pipelineId: 'P', process: null, traceId: null } as const;
  const at = (second: number): string => new Date(START_MS + second * 1_000).toISOString();
  const letter = (second: number, change: DeadLetterEvent['change'], count: number): DeadLetterEvent => ({
    ...{
      ...base,
      kind: 'dead-letter',
      at: at(second),
      epoch: 1,
      table: 's.t',
      count,
      change,
      code: 'TARGET_ROW_REFUSED',
    },
  });
  const dryRun = (second: number, epoch: number, inserted: number): DryRunEvent => ({
    ...{ ...base, kind: 'dry-run', at: at(second), epoch, inserted, updated: 1, deleted: 0, ddl: 1 },
    sample: [String(second)],
  });

  it('counts rows by what became of them, each event once', () => {
    const events = [
      letter(0, 'added', 5),
      letter(0, 'retried', 2),
      letter(1, 'discarded', 1),
      letter(1, 'retry-failed', 1),
    ];
    const { totals } = readStatistics(fold([...events, ...events]), START_MS);
    expect(totals).toMatchObject({
      ...{ deadLetters: 5, deadLettersRetried: 2, deadLettersDiscarded: 1, deadLetterRetriesFailed: 1, warnings: 0 },
    });
  });

  it('reports the newest epoch of a dry run, in whatever order it is told', () => {
    const events = [dryRun(0, 1, 100), dryRun(2, 2, 10), dryRun(3, 2, 20)];
    const expected = { epoch: 2, since: at(2), at: at(3), inserted: 30, updated: 2, deleted: 0, ddl: 2, sample: ['3'] };
    expect(fold([...events, ...events]).dryRun).toEqual(expected);
    const reversed = fold(events.toReversed());
    expect(reversed.dryRun).toEqual(expected);
    expect(reversed.totals.dryRunRows).toBe(133);
  });

  it('goes on with what an earlier version saved', () => {
    const saved = JSON.parse(JSON.stringify(fold([loaded(1)]))) as StatisticState;
    const totals = Object.fromEntries(Object.entries(saved.totals).filter(([name]) => name !== 'deadLetters'));
    const old = { ...saved, totals } as unknown as StatisticState;
    expect(readStatistics(old, START_MS).totals.deadLetters).toBe(0);
    expect(fold([letter(0, 'added', 3)], old).totals).toMatchObject({ deadLetters: 3, inserted: 10 });
  });
});
