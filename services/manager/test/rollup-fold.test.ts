import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addFigures, NO_FIGURES } from '@lutra/model';
import type { Figures, LutraEvent, StatisticState } from '@lutra/model';
import { RollupFold } from '../src/statistics/rollup-fold.ts';
import type { PipelineBatch } from '../src/statistics/rollup-fold.ts';
import { figureRows, INSTALLATION, tableRows } from '../src/statistics/rollup-rows.ts';
import { oldestKept, ROLLUP, slotOf, STEPS } from '../src/statistics/rollup-steps.ts';
import { addTableCounts, OTHER_TABLES } from '../src/statistics/table-counts.ts';
import type { TableCounts } from '../src/statistics/table-counts.ts';
import { loaded, warning } from './rollup-events.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:30.000Z');
const CHANNEL_OF = new Map([
  ['P1', 'C1'],
  ['P2', 'C1'],
  ['P3', 'C2'],
]);

/** What the store does with batches, in memory. */
class MemoryRollups {
  place = 0;
  states = new Map<string, StatisticState>();
  readonly figures = new Map<string, Figures>();
  readonly tables = new Map<string, TableCounts>();

  save(batches: readonly PipelineBatch[], place: number): void {
    this.place = place;
    for (const { pipelineId, state } of batches)
      this.states.set(pipelineId, JSON.parse(JSON.stringify({ ...state, seconds: [] })) as StatisticState);
    for (const [step, rows] of figureRows(batches, { channelOf: CHANNEL_OF, nowMs: NOW_MS }))
      for (const { scope, slot, added } of rows) {
        const key = `${step} ${scope} ${String(slot)}`;
        this.figures.set(key, addFigures(this.figures.get(key) ?? NO_FIGURES, added));
      }
    for (const [step, rows] of tableRows(batches, NOW_MS))
      for (const { scope, slot, added } of rows) {
        const key = `${step} ${scope} ${String(slot)}`;
        this.tables.set(key, addTableCounts(this.tables.get(key) ?? [], added));
      }
  }
}

/** Reads a log to its end; after each of `cuts` events it saves, or is killed and goes on from what was saved. */
function readLog(log: readonly LutraEvent[], cuts: readonly { events: number; isSaved: boolean }[]): MemoryRollups {
  const rollups = new MemoryRollups();
  let fold = new RollupFold(rollups.states);
  let place = 0;
  for (const { events, isSaved } of cuts) {
    const next = Math.min(log.length, place + events);
    for (const event of log.slice(place, next)) fold.fold(event);
    place = next;
    if (isSaved) rollups.save(fold.take(), place);
    else {
      fold = new RollupFold(rollups.states);
      place = rollups.place;
    }
  }
  for (const event of log.slice(place)) fold.fold(event);
  rollups.save(fold.take(), log.length);
  return rollups;
}

const logs = fc
  .array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .record({
            pipelineId: fc.constantFrom('P1', 'P2', 'P3'),
            process: fc.integer({ min: 1, max: 30 }),
            epoch: fc.integer({ min: 1, max: 3 }),
            agoMs: fc.oneof(fc.nat(5_000), fc.nat(4 * 3_600_000), fc.nat(9 * 86_400_000)),
            delayMs: fc.nat(20_000),
            table: fc.constantFrom('shop.orders', 'shop.items', 'other.t'),
            inserted: fc.nat(50),
          })
          .map(({ agoMs, delayMs, table, inserted, ...rest }) => {
            const atMs = NOW_MS - agoMs;
            return loaded({
              ...rest,
              atMs,
              inserted,
              firstCommitMs: atMs - delayMs,
              tables: [[table, inserted, 0, 0, 1]],
            });
          }),
      },
      fc.nat(100_000).map((agoMs) => warning('P1', NOW_MS - agoMs)),
    ),
    { maxLength: 60 },
  )
  .map((events) => events as readonly LutraEvent[]);

const cuts = fc.array(fc.record({ events: fc.integer({ min: 1, max: 15 }), isSaved: fc.boolean() }), { maxLength: 20 });

describe('rolling up', () => {
  it('two events of one millisecond that say the same count twice, and each of them once', () => {
    const fold = new RollupFold(new Map());
    for (const id of ['log 1', 'log 2', 'log 1', 'log 2']) fold.fold(warning('P1', NOW_MS), id);
    expect(fold.take()[0]?.state.totals.warnings).toBe(2);
  });

  it.each<[string, LutraEvent]>([
    ['no time', { ...loaded({ atMs: NOW_MS }), at: 'yesterday' }],
    ['a time that cannot be', { ...loaded({ atMs: NOW_MS }), at: '+010000-01-01T00:00:00Z' }],
    ['text for a count', loaded({ atMs: NOW_MS, inserted: '5' as unknown as number })],
    ['no number', loaded({ atMs: NOW_MS, sourceBytes: null as unknown as number })],
    ['a table without counts', loaded({ atMs: NOW_MS, tables: [['shop.orders']] as never })],
    ['no stages', loaded({ atMs: NOW_MS, stages: null as never })],
  ])('refuses an event with %s, and nothing of it counts', (_what, event) => {
    const fold = new RollupFold(new Map());
    expect(() => {
      fold.fold(event, 'log 1');
    }).toThrow();
    expect([fold.size, fold.take()]).toEqual([0, []]);
  });

  // Goal: an absence, a crash, and any number of restarts leave the same figures as none.
  it('however the reading is cut, saved and killed, the stored figures are the same', () => {
    fc.assert(
      fc.property(logs, cuts, (log, pieces) => {
        const whole = readLog(log, []);
        const pieced = readLog(log, pieces);
        expect(pieced.figures).toEqual(whole.figures);
        expect(pieced.tables).toEqual(whole.tables);
        expect(pieced.states).toEqual(whole.states);
      }),
    );
  });

  it('what the log tells a second time counts once', () => {
    fc.assert(
      fc.property(logs, fc.nat(60), (log, from) => {
        const repeated = readLog([...log, ...log.slice(from)], []);
        expect(repeated.figures).toEqual(readLog(log, []).figures);
      }),
    );
  });

  // Goal: a wide step is the exact sum of the narrow ones, percentiles included, and a channel that of its pipelines.
  it('every step and scope adds up to the same', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const recent = log.filter(({ at }) => slotOf(Date.parse(at), '1s') >= oldestKept(NOW_MS, '1s'));
        const { figures } = readLog(recent, []);
        const sumOf = (step: string, scopes: readonly string[]): Figures =>
          [...figures]
            .filter(([key]) => scopes.some((scope) => key.startsWith(`${step} ${scope} `)))
            .reduce((sum, [, slot]) => addFigures(sum, slot), NO_FIGURES);
        const expected = sumOf('1s', [INSTALLATION]);
        for (const step of STEPS) {
          expect(sumOf(step, [INSTALLATION])).toEqual(expected);
          expect(sumOf(step, ['C1', 'C2'])).toEqual(expected);
          expect(sumOf(step, ['P1', 'P2', 'P3'])).toEqual(expected);
        }
      }),
    );
  });

  it('keeps nothing that is older than its step is kept', () => {
    const { figures } = readLog([loaded({ atMs: NOW_MS - 2 * 3_600_000 })], []);
    expect([...figures.keys()].filter((key) => key.includes('P1')).map((key) => key.slice(0, 2))).toEqual([
      '1m',
      '1h',
      '1d',
    ]);
    expect(ROLLUP['1s'].keptMs).toBe(3_600_000);
  });

  it('events of no pipeline and of kinds without figures change nothing', () => {
    const fold = new RollupFold(new Map());
    fold.fold(loaded({ atMs: NOW_MS, pipelineId: null }));
    fold.fold({ ...warning('P1', NOW_MS), kind: 'instance-joined', service: 'load', instance: 'load-1' });
    expect([fold.size, fold.take()]).toEqual([0, []]);
  });

  it('empty processes are counted, and not remembered one by one', () => {
    const fold = new RollupFold(new Map());
    fold.fold(loaded({ atMs: NOW_MS, process: 1, transactionCount: 0, sourceBytes: 0, tables: [] }));
    fold.fold(loaded({ atMs: NOW_MS, process: 2 }));
    expect(fold.take()[0]?.loaded.map(({ process }) => process)).toEqual([2]);
  });
});

describe('rows by table', () => {
  it('tables beyond the limit are added up under one name, those that have a place keep it', () => {
    const known = addTableCounts(
      [],
      [
        ['s.a', [1, 0, 0, 0]],
        ['s.b', [1, 0, 0, 0]],
      ],
      2,
    );
    const more = addTableCounts(
      known,
      [
        ['s.c', [0, 2, 0, 0]],
        ['s.a', [1, 0, 0, 0]],
        ['s.d', [0, 0, 3, 0]],
      ],
      2,
    );
    expect(more).toEqual([
      ['s.a', [2, 0, 0, 0]],
      ['s.b', [1, 0, 0, 0]],
      [OTHER_TABLES, [0, 2, 3, 0]],
    ]);
  });
});
