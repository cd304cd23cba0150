import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MappingDefinition } from '@lutra/model';
import { plannedAlone, planStatements } from '../../src/plan/plan-statements.ts';
import { planUnit } from '../../src/plan/plan-unit.ts';
import type { WritableRow } from '../../src/plan/planned-statement.ts';
import type { ComparingPolicy } from '../../src/write/decide-conflict.ts';
import { ComparedTarget } from './compared-target.ts';
import { operations, otherOperations, play, SHAPES, WRITERS } from './history.ts';
import { ReferenceDatabase } from './reference-table.ts';

// Goal: under a policy that compares, what becomes of the target and of every row depends on the rows alone, never on how many
// of them are written together, nor on applyMode.
// Method: a source plays random operations, somebody else others at the target, before it and between its units. Two such
// targets get the same rows: one as planned, the other one row at a time. Rows, conflicts, decisions and what was set aside
// have to be equal.
const RUNS = { numRuns: 1_000 };

const policies = fc.constantFrom<ComparingPolicy>(
  { kind: 'ignore' },
  { kind: 'sourceWins' },
  { kind: 'targetWins' },
  { kind: 'manual' },
  { kind: 'latestWins', column: 'w' },
  { kind: 'merge', columns: ['b'], deltaColumns: ['a'] },
);
const limits = fc.record({ rowsMax: fc.integer({ min: 1, max: 6 }), charactersMax: fc.constantFrom(200, 100_000) });
const sizes = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 40, maxLength: 40 });
const fraction = fc.double({ min: 0, max: 0.999, noNaN: true });
const ALONE = { rowsMax: 1, charactersMax: Number.MAX_SAFE_INTEGER };

const mappedBy = (onConflict: ComparingPolicy) => (): MappingDefinition => ({
  id: 'm',
  source: { schema: 's', table: { regex: '.*' } },
  target: { schema: 's' },
  columns: { mode: 'all' },
  weight: 0,
  onConflict,
});

/** In the order of the source, each its own unit. */
function writeOneByOne(target: ComparedTarget, rows: readonly WritableRow[]): void {
  for (const row of rows) target.write(planStatements([plannedAlone(row)], ALONE));
}

describe('a plan under a policy that compares', () => {
  it('ends as all rows one by one do, wherever the target is', () => {
    let [agreed, differed] = [0, 0];
    fc.assert(
      fc.property(
        operations.chain((done) => fc.tuple(fc.constant(done), otherOperations(done), fraction)),
        policies,
        fc.tuple(limits, sizes, fc.boolean()),
        ([done, elsewhere, from], policy, [limit, units, isMerged]) => {
          const { rows, states } = play(done);
          const start = Math.floor(from * states.length);
          const targets = [0, 1].map(
            () => new ComparedTarget(states[start]?.clone() ?? new ReferenceDatabase(SHAPES), policy),
          );
          const [planned, alone] = targets;
          if (planned === undefined || alone === undefined) return;
          for (let at = start, index = 0; at < rows.length; index += 1) {
            for (const { tables } of targets) play(elsewhere[index % elsewhere.length] ?? [], WRITERS, tables);
            const unit = rows.slice(at, (at += units[index] ?? 1));
            planned.write(planUnit(unit, { ...limit, isMerged, mappingOf: mappedBy(policy) }));
            writeOneByOne(alone, unit);
            expect(planned.tables.dump()).toEqual(alone.tables.dump());
            expect(planned.outcomes).toEqual(alone.outcomes);
          }
          if (planned.outcomes.length === 0) agreed += 1;
          else differed += 1;
        },
      ),
      RUNS,
    );
    // Both kinds are what the law is about.
    expect(Math.min(agreed, differed)).toBeGreaterThan(RUNS.numRuns / 20);
  });
});
