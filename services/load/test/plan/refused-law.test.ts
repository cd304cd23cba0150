import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must, plainChange, systemClock } from '@lutra/model';
import type { RowChange, RowImage } from '@lutra/model';
import type { TableWriter, TargetSession } from '@lutra/sql';
import { laneOf } from '../../src/plan/lane-of.ts';
import { planSegments } from '../../src/plan/plan-segments.ts';
import { plannedAlone, planStatements } from '../../src/plan/plan-statements.ts';
import { planUnit } from '../../src/plan/plan-unit.ts';
import type { PlannedRow, PlannedStatement, WritableRow } from '../../src/plan/planned-statement.ts';
import { withoutNeedlessRefusal } from '../../src/plan/refused-row.ts';
import { sourceOf } from '../../src/write/conflict.ts';
import { DeadLetterBox } from '../../src/write/dead-letter-box.ts';
import { holdBack } from '../../src/write/hold-back.ts';
import { WriteRules } from '../../src/write/write-rules.ts';
import type { WriteHow } from '../../src/write/write-how.ts';
import { receivedOne } from '../received.ts';
import { unmapped } from '../rows.ts';
import { COLUMNS, operations, play, SHAPES, WRITERS } from './history.ts';
import { ReferenceDatabase } from './reference-table.ts';

// Goal: one refused row anywhere becomes a letter, nothing else is lost by it, and nothing overtakes it: when in the end it is
// known what the row was to be, and the letters are written in order, the target is equal to the source.
// Method: random histories of which some rows are refused, some of their columns unknown, through the real plan and the
// real quarantine onto a database in memory.
const RUNS = { numRuns: 1_000 };
const limits = fc.record({ rowsMax: fc.integer({ min: 1, max: 6 }), charactersMax: fc.constantFrom(200, 100_000) });
const borders = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 10 });
/** For some rows: a bit for each column that could not be made. */
const refused = fc.dictionary(fc.nat({ max: 30 }).map(String), fc.integer({ min: 0, max: 2 ** COLUMNS.length - 1 }), {
  maxKeys: 4,
});
const alone = operations.map((done) => done.filter(({ table }) => table !== 'parent' && table !== 'child'));

function cut<T>(rows: readonly T[], at: readonly number[]): readonly (readonly T[])[] {
  const ends = [...new Set(at.map((border) => Math.floor(border * (rows.length + 1))))].sort((a, b) => a - b);
  return [...ends, rows.length].map((end, index) => rows.slice(index === 0 ? 0 : ends[index - 1], end));
}

/** The change as transform would refuse it. */
function asRefused(change: RowChange, bits: number): RowChange {
  const columns = COLUMNS.flatMap((_name, position) => (((bits >> position) & 1) === 1 ? [position] : []));
  const without = (image: RowImage): RowImage =>
    COLUMNS.map((_name, position) => (columns.includes(position) ? undefined : image[position]));
  const plain = unmapped(plainChange(change), columns);
  switch (plain.kind) {
    case 'insert':
      return { ...plain, after: without(plain.after) };
    case 'update':
      // Often only the new value cannot be made.
      return {
        ...plain,
        before: plain.event % 2 === 0 ? without(plain.before) : plain.before,
        after: without(plain.after),
      };
    case 'delete':
      return { ...plain, before: without(plain.before) };
  }
}

/** A target with its letters. */
class Loaded {
  readonly target = new ReferenceDatabase(SHAPES);
  readonly letters: PlannedRow[] = [];
  private readonly rules = new WriteRules({ epoch: 1, clock: systemClock });
  private readonly how = { quarantine: this.rules.quarantine, poisonTries: 1, epoch: 1 } as unknown as WriteHow;

  write(units: readonly (readonly PlannedStatement[])[]): void {
    const conflicts = units.flatMap((statements) => {
      const box = new DeadLetterBox({} as TargetSession, this.how);
      const noting =
        (take: (row: PlannedRow) => boolean) =>
        (row: PlannedRow): boolean => {
          const isTaken = take(row);
          if (isTaken) this.letters.push(row);
          return isTaken;
        };
      const noted = {
        takeIfHeld: noting((row) => box.takeIfHeld(row)),
        takeIfRefused: noting((row) => box.takeIfRefused(row)),
      } as DeadLetterBox;
      for (const statement of holdBack(statements, noted)) this.target.write(statement);
      return box.conflicts;
    });
    this.rules.settle(conflicts);
  }

  /** All letters in source order, the refused ones as they were meant. */
  retry(meant: ReadonlyMap<number, RowChange>): void {
    const order = (row: PlannedRow): number => sourceOf(row).change.event;
    for (const row of this.letters.toSorted((one, two) => order(one) - order(two))) {
      const change = row.change.refusal === undefined ? row.change : (meant.get(row.change.event) ?? row.change);
      const again = plannedAlone({ writer: row.writer, change, origin: sourceOf(row).origin });
      for (const statement of planStatements([again], { rowsMax: 1, charactersMax: 1_000_000 }))
        this.target.write(statement);
    }
  }
}

describe('refused rows', () => {
  it.each([1, 3])('hold back what comes after them, and nothing is lost or overtaken, with %i lanes', (lanes) => {
    fc.assert(
      fc.property(alone, refused, borders, limits, (done, wanted, cuts, limit) => {
        const { rows, states } = play(done);
        const meant = new Map(rows.map(({ change }) => [change.event, change]));
        const given = rows.map((row): WritableRow => {
          const bits = wanted[String(row.change.event)];
          return bits === undefined ? row : { ...row, change: receivedOne(asRefused(row.change, bits)) };
        });
        const loaded = new Loaded();
        const plan = (unit: readonly WritableRow[]) =>
          planUnit(unit, { ...limit, isMerged: true, mappingOf: () => null });
        for (const segment of planSegments(cut(given, cuts), { lanes, isJoint: false, parallelRowsMin: 2 }))
          loaded.write(segment.kind === 'joint' ? [plan(segment.rows)] : segment.units.map(plan));
        const aside = loaded.letters.filter(({ change }) => change.refusal !== undefined);
        const events = given.flatMap(({ change }) => (change.refusal === undefined ? [] : [change.event]));
        expect(aside.map(({ change }) => change.event).sort((a, b) => a - b)).toEqual(events);
        const ill = new Set(given.flatMap((row) => (row.change.refusal === undefined ? [] : [row.writer])));
        expect(loaded.letters.every(({ writer }) => ill.has(writer))).toBe(true);
        loaded.retry(meant);
        expect(loaded.target.dump()).toEqual(states.at(-1)?.dump());
      }),
      RUNS,
    );
  });

  it('belong to a lane while their unique values are known, and to several otherwise', () => {
    const writer = must(WRITERS.get('number'), 'a table of the history');
    const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
    const change = { ...place, kind: 'insert', after: [1, 2, 3, 4, 5, 'b'] } satisfies RowChange;
    const transaction = { seq: 1, gtid: 'u:1', firstEvent: 0, commitMs: 0, isLast: true };
    const lane = (bits: number) =>
      laneOf({ writer, change: asRefused(change, bits), origin: { process: 1, transaction, serverUuid: 'a' } }, 4);
    const own = laneOf({ writer, change, origin: { process: 1, transaction, serverUuid: 'a' } }, 4);
    const update: RowChange = { ...change, kind: 'update', event: 1, before: change.after, after: change.after };
    const updated = asRefused(update, 0b000010);
    expect(laneOf({ writer, change: updated, origin: { process: 1, transaction, serverUuid: 'a' } }, 4)).toBe(
      'several',
    );
    expect([0b000000, 0b110000, 0b000001, 0b000010, 0b001000].map(lane)).toEqual([
      ...[own, own],
      ...['several', 'several', 'several'],
    ]);
  });

  it('are as good as any when the row is found without what its image before lacks', () => {
    const writer = must(WRITERS.get('plain'), 'a table of the history');
    const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };
    const change = (columns: readonly number[], isOnlyBefore: boolean) =>
      unmapped({ ...place, kind: 'delete', before: [1, 2, 3, 4, 5, undefined] }, columns, { isOnlyBefore });
    const isRefused = (given: RowChange, by: TableWriter = writer) =>
      withoutNeedlessRefusal(by, given).refusal !== undefined;
    expect(isRefused(change([5], true))).toBe(false);
    expect(isRefused(change([5], false))).toBe(true);
    expect(isRefused(change([0, 5], true))).toBe(true);
    expect(isRefused(change([5], true), { ...writer, key: [] })).toBe(true);
  });
});
