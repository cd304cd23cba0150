import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '@lutra/model';
import type { ConflictPolicy, RowChange, RowImage } from '@lutra/model';
import { WriteRules } from '../../src/write/write-rules.ts';
import { createPeople, insert, peopleTable, remove, update } from '../rows.ts';
import { TARGETS, UnitFixture } from '../write/unit-fixture.ts';

// Goal: what policy-law.test.ts shows in memory, by the code that reads, compares and writes on real servers.
// Method: a target that somebody else has changed gets a history as one merged unit, and again row by row; rows, recorded
// conflicts and dead letters have to be equal.
const RUNS = { numRuns: 60 };
const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 1 };

const policies = fc.constantFrom<ConflictPolicy>(
  { kind: 'ignore' },
  { kind: 'sourceWins' },
  { kind: 'targetWins' },
  { kind: 'manual' },
  { kind: 'latestWins', column: 'note' },
  { kind: 'merge', columns: ['note'], deltaColumns: [] },
);
/** What the source held before, and what somebody made of it at the target; null = not there. */
const version = fc.option(fc.integer({ min: 1, max: 5 }), { freq: 4 });
const rows = fc.array(fc.tuple(version, version, fc.boolean()), { minLength: 3, maxLength: 3 });
const steps = fc.array(fc.record({ id: fc.nat({ max: 2 }), to: version }), { minLength: 1, maxLength: 12 });

const imageOf = (id: number, at: number): RowImage => [id, `n${String(id)}-${String(at)}`, `t${String(at)}`];

function historyOf(
  before: readonly (number | null)[],
  done: readonly { readonly id: number; readonly to: number | null }[],
): readonly RowChange[] {
  const source = [...before];
  return done.flatMap(({ id, to }) => {
    const from = source[id] ?? null;
    source[id] = to;
    if (from === null) return to === null ? [] : [insert(imageOf(id, to))];
    return [to === null ? remove(imageOf(id, from)) : update(imageOf(id, from), imageOf(id, to))];
  });
}

describe.each(TARGETS)('a merged unit under a policy that compares, on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());

  async function outcome(standing: readonly RowImage[], write: () => Promise<void>): Promise<unknown> {
    unit.rules = new WriteRules({ epoch: 1, clock: systemClock });
    const values = standing.map((row) => `(${row.map((value) => `'${String(value)}'`).join(',')})`);
    await unit.run(
      `DELETE FROM ${unit.schema}.people`,
      ...['conflict', 'dead_letter'].map(
        (table) => `DELETE FROM lutra.${table} WHERE pipeline_id = '${unit.pipelineId}'`,
      ),
      ...(values.length === 0 ? [] : [`INSERT INTO ${unit.schema}.people VALUES ${values.join(',')}`]),
    );
    await write();
    const recorded = (await unit.recorded()).map((row) =>
      JSON.stringify(
        ['row_key', 'type', 'decision', 'before_image', 'after_image', 'found_image'].map((name) => row[name]),
      ),
    );
    const letters = (await unit.letters('kind, after_image AS image, follows IS NULL AS isHead')).map((row) =>
      JSON.stringify(row),
    );
    return { people: await unit.people(), recorded: recorded.sort(), letters: letters.sort() };
  }

  it.each([
    ['with', createPeople],
    ['without', (schema: string) => createPeople(schema).replace(', UNIQUE KEY by_name (name)', '')],
  ])(
    'ends as all rows one by one do, %s another unique index',
    async (_indexes, create) => {
      await unit.reset(peopleTable(unit.schema), create(unit.schema));
      await fc.assert(
        fc.asyncProperty(rows, steps, policies, async (held, done, policy) => {
          const standing = held.flatMap(([source, target, isSame], id) => {
            const at = isSame ? source : target;
            return at === null ? [] : [imageOf(id, at)];
          });
          const changes = historyOf(
            held.map(([source]) => source),
            done,
          );
          const merged = await outcome(standing, async () => {
            await unit.write(unit.planMerged(changes, policy), policy, SET_ASIDE);
          });
          const alone = await outcome(standing, async () => {
            for (const change of changes) await unit.write(unit.plan([change]), policy, SET_ASIDE);
          });
          expect(merged).toEqual(alone);
        }),
        RUNS,
      );
    },
    180_000,
  );
});
