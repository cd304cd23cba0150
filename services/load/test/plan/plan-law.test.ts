import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { laneOf } from '../../src/plan/lane-of.ts';
import { planSegments } from '../../src/plan/plan-segments.ts';
import { planUnit } from '../../src/plan/plan-unit.ts';
import type { PlannedStatement, WritableRow } from '../../src/plan/planned-statement.ts';
import { operations, play, SHAPES } from './history.ts';
import { ReferenceDatabase, Refused } from './reference-table.ts';

// Goal: merging, grouping and spreading over lanes never change what the target ends up with.
// Method: a source in memory that refuses duplicates as InnoDB does plays random operations and logs them; the planned
// statements are carried out on another such database, which has to end equal.
const RUNS = { numRuns: 1_000 };
const limits = fc.record({ rowsMax: fc.integer({ min: 1, max: 6 }), charactersMax: fc.constantFrom(200, 100_000) });

const planned = (rows: readonly WritableRow[], limit: { rowsMax: number; charactersMax: number }, isMerged = true) =>
  planUnit(rows, { ...limit, isMerged, mappingOf: () => null });

function writeAll(target: ReferenceDatabase, statements: readonly PlannedStatement[]): void {
  for (const statement of statements) target.write(statement);
}

/** Cuts the rows at the given fractions. */
function cut<T>(rows: readonly T[], borders: readonly number[]): readonly (readonly T[])[] {
  const at = [...new Set(borders.map((border) => Math.floor(border * (rows.length + 1))))].sort((a, b) => a - b);
  return [...at, rows.length].map((end, index) => rows.slice(index === 0 ? 0 : at[index - 1], end));
}

const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });
const borders = fc.array(fraction, { maxLength: 4 });
const manyBorders = fc.array(fraction, { maxLength: 30, size: 'max' });

describe('a merged plan', () => {
  it('ends as all rows one by one do, from where the target is', () => {
    fc.assert(
      fc.property(operations, borders, limits, (done, cuts, limit) => {
        const { rows, states } = play(done);
        const target = new ReferenceDatabase(SHAPES);
        let count = 0;
        for (const unit of cut(rows, cuts)) {
          writeAll(target, planned(unit, limit));
          count += unit.length;
          expect(target.dump()).toEqual(states[count]?.dump());
        }
      }),
      RUNS,
    );
  });

  it('ends equal when rows that the target has are written again, or is refused as one by one', () => {
    let [ended, refused] = [0, 0];
    fc.assert(
      fc.property(operations, fc.tuple(fraction, fraction), borders, limits, (done, [from, reached], cuts, limit) => {
        const { rows, states } = play(done);
        const start = Math.floor(reached * states.length);
        const target = states[start]?.clone() ?? new ReferenceDatabase(SHAPES);
        const again = rows.slice(Math.floor(from * start));
        try {
          for (const unit of cut(again, cuts)) writeUnit(target, unit, limit);
          ended += 1;
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          // The target is ahead in values that another row has meanwhile.
          const alone = states[start]?.clone() ?? target;
          expect(() => {
            writeAll(alone, planned(again, limit, false));
          }).toThrow(Refused);
          refused += 1;
          return;
        }
        expect(target.dump()).toEqual(states.at(-1)?.dump());
      }),
      RUNS,
    );
    // One or two in a hundred, in the measure.
    expect(refused).toBeLessThan(RUNS.numRuns / 20);
    expect(ended + refused).toBe(RUNS.numRuns);
  });

  it('ends equal over lanes, whatever their order, and after a crash between them', () => {
    const order = fc.array(fc.nat({ max: 30 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(
        operations,
        fc.tuple(fc.integer({ min: 1, max: 5 }), limits, manyBorders, order),
        fc.tuple(fraction, fc.nat({ max: 31 }), borders),
        (done, [lanes, limit, cuts, picks], [crash, committed, later]) => {
          const { rows, states } = play(done);
          const target = new ReferenceDatabase(SHAPES);
          const segments = planSegments(cut(rows, cuts), { lanes, isJoint: false, parallelRowsMin: 2 });
          expect(segments.reduce((sum, { processCount }) => sum + processCount, 0)).toBe(cut(rows, cuts).length);
          const crashed = Math.floor(crash * (segments.length + 1));
          let reached = 0;
          for (const [index, segment] of segments.entries()) {
            const units = segment.kind === 'joint' ? [segment.rows] : segment.units;
            const isCrash = index === crashed;
            const written = units.map((unit, lane) => (isCrash && ((committed >> lane) & 1) === 0 ? [] : unit));
            interleave(
              target,
              written.map((unit) => planned(unit, limit)),
              picks,
            );
            const count = units.reduce((sum, unit) => sum + unit.length, 0);
            if (isCrash) {
              // What is behind repeats its own rows, together with all that follows, cut in another way.
              const rest = rows.slice(reached).filter((row, position) => {
                const lane = position < count && segment.kind === 'lanes' ? laneOf(row, lanes) : 0;
                return position >= count || lane === 'several' || ((committed >> lane) & 1) === 0;
              });
              for (const unit of cut(rest, later)) writeUnit(target, unit, limit);
              break;
            }
            reached += count;
            expect(target.dump()).toEqual(states[reached]?.dump());
          }
          expect(target.dump()).toEqual(states.at(-1)?.dump());
        },
      ),
      RUNS,
    );
  });
});

/** As load does it: what is refused is taken back and written in source order. */
function writeUnit(
  target: ReferenceDatabase,
  unit: readonly WritableRow[],
  limit: { rowsMax: number; charactersMax: number },
): void {
  const merged = target.clone();
  try {
    writeAll(merged, planned(unit, limit));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    writeAll(target, planned(unit, limit, false));
    return;
  }
  writeAll(target, planned(unit, limit));
}

/** The statements of the lanes in any order that keeps each lane's own. */
function interleave(
  target: ReferenceDatabase,
  lanes: readonly (readonly PlannedStatement[])[],
  picks: readonly number[],
): void {
  const waiting = lanes.map((statements) => [...statements]);
  for (let turn = 0; waiting.some((statements) => statements.length > 0); turn++) {
    const open = waiting.filter((statements) => statements.length > 0);
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) target.write(next);
  }
}
