/**
 * Goal: a row that the target refuses is found and meets the policy; all others are written, in the same transaction.
 * Method: real servers refuse by unique keys, constraints and lengths; tables are compared afterwards.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ConflictPolicy } from '@lutra/model';
import { insert, remove, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 1 };
const TOO_LONG = 'x'.repeat(41);

describe.each(TARGETS)('a unit on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  }, 60_000);
  afterAll(() => unit.close(), 60_000);
  beforeEach(() => unit.reset(), 60_000);

  it('stops at a refused row by default, and nothing of it stays', async () => {
    const planned = unit.plan([insert([1, 'ada', null]), insert([2, TOO_LONG, null])]);
    await expect(unit.write(planned)).rejects.toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
    expect([await unit.people(), await unit.letters()]).toEqual([[], []]);
  });

  it('lets a row follow the letter of a row of the same statement that it touches', async () => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL), (2, 'bob', NULL)`);
    const changes = [update([1, 'ada', null], [1, TOO_LONG, null]), update([2, 'bob', null], [2, 'ada', null])];
    await unit.write(unit.plan(changes), undefined, SET_ASIDE);
    expect(await unit.letters('error_code AS code, follows IS NOT NULL AS waits')).toMatchObject([
      { code: 'TARGET_VALUE_REFUSED', waits: 0 },
      { code: 'TARGET_ROW_HELD', waits: 1 },
    ]);
  });

  it('writes in source order what clashes in another', async () => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL)`);
    const [freed, taken] = [remove([1, 'ada', null]), insert([2, 'ada', null])];
    const moved = [...unit.plan([freed, taken])].reverse();
    expect(await unit.write(moved)).toEqual([]);
    expect(await unit.people()).toEqual([[2, 'ada', null]]);
    // In source order it is a clash all the same.
    const wrong = unit.plan([insert([3, 'ada', null]), remove([2, 'ada', null])]);
    await expect(unit.write(wrong)).rejects.toMatchObject({ code: 'TARGET_ROW_REFUSED' });
    expect(await unit.people()).toEqual([[2, 'ada', null]]);
  });

  it('puts any set of refused rows aside, with what a person needs, and writes the rest', async () => {
    const bad = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(bad, async (refused) => {
        await unit.reset();
        const changes = refused.map((isBad, id) =>
          insert([id, isBad ? `${TOO_LONG}${String(id)}` : `n${String(id)}`, 'v']),
        );
        const conflicts = await unit.write(unit.plan(changes), undefined, SET_ASIDE);
        const ids = (wanted: boolean): number[] => refused.flatMap((isBad, id) => (isBad === wanted ? [id] : []));
        expect((await unit.people()).map(([id]) => id)).toEqual(ids(false));
        const letters = await unit.letters('`row` AS id, state, error_code AS code, follows');
        const code = 'TARGET_VALUE_REFUSED';
        expect(letters).toEqual(ids(true).map((id) => ({ id, state: 'open', code, follows: null })));
        expect(conflicts.map(({ type, letter }) => [type, letter?.code])).toEqual(ids(true).map(() => [null, code]));
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  it('keeps values out of the message and the statement of a dead letter, and in its images', async () => {
    await unit.write(unit.plan([insert([7, `secret${TOO_LONG}`, 'note'])]), undefined, SET_ASIDE);
    const [letter] = await unit.letters();
    expect(letter).toEqual({ kind: 'insert', state: 'open', code: 'TARGET_VALUE_REFUSED' });
    const [whole] = await unit.letters('*');
    expect(`${String(whole?.['error_message'])} ${String(whole?.['statement'])}`).not.toContain('secret');
    expect(whole).toMatchObject({ process: 1, gtid: expect.stringContaining('0-1-'), epoch: 1, revision: 1 });
    expect(JSON.parse(String(whole?.['after_image']))).toEqual({ id: 7, name: `secret${TOO_LONG}`, note: 'note' });
  });

  it('lets what touches a dead letter follow it, in this unit and in later ones, until it is settled', async () => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (5, 'eve', NULL)`);
    // 1 is refused; its key, and the name that it would have freed, are held; 5 is not concerned.
    const first = [insert([1, TOO_LONG, null]), update([5, 'eve', null], [5, 'eva', null])];
    await unit.write(unit.plan(first), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, TOO_LONG, null], [1, 'ann', null])]), undefined, SET_ASIDE);
    // 2 wants the name that 1 touches now: it waits too, and holds its own key.
    await unit.write(unit.plan([insert([2, 'ANN', null]), insert([3, 'kim', null])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([remove([2, 'ANN', null])]), undefined, SET_ASIDE);
    expect(await unit.people()).toEqual([
      [3, 'kim', null],
      [5, 'eva', null],
    ]);
    const letters = await unit.letters('kind, error_code AS code, follows IS NULL AS isHead');
    const held = { code: 'TARGET_ROW_HELD', isHead: 0 };
    expect(letters).toEqual([
      { kind: 'insert', code: 'TARGET_VALUE_REFUSED', isHead: 1 },
      { kind: 'update', ...held },
      { kind: 'insert', ...held },
      { kind: 'delete', ...held },
    ]);
  });

  it.each<[ConflictPolicy['kind'], string, number]>([
    ['overwrite', 'deadLettered', 1],
    ['sourceWins', 'deadLettered', 1],
    ['ignore', 'ignored', 0],
    ['targetWins', 'kept', 0],
    ['manual', 'deadLettered', 1],
  ])('never rewrites another row for its unique value: %s → %s', async (kind, decision, letters) => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (9, 'ada', 'old')`);
    const parameters = kind === 'manual' ? { poisonTries: 1 } : SET_ASIDE;
    const planned = unit.plan([insert([1, 'ada', null]), insert([2, 'bob', null])]);
    await unit.write(planned, { kind } as ConflictPolicy, parameters);
    expect(await unit.people()).toEqual([
      [2, 'bob', null],
      [9, 'ada', 'old'],
    ]);
    expect(await unit.recorded()).toMatchObject([{ type: 'unique-clash', decision, row: 0 }]);
    const found = await unit.letters('error_message AS message');
    expect(found).toHaveLength(letters);
    for (const { message } of found) expect(message).toContain('by_name');
  });

  it('a row that comes again after a crash between lanes may be gone by then: that is told, and nothing is held up', async () => {
    const planned = unit.plan([update([4, undefined, undefined], [undefined, undefined, 'y'])]).map((statement) => ({
      ...statement,
      rows: statement.rows.map((row) => ({
        ...row,
        sources: row.sources.map((source) => ({ ...source, origin: { ...source.origin, isRepeat: true as const } })),
      })),
    }));
    const conflicts = await unit.write(planned);
    expect(conflicts).toMatchObject([{ type: 'target-row-missing', decision: 'ignored', count: 1 }]);
    expect(await unit.letters()).toEqual([]);
  });

  it('counts every missing row by name: updates inserted or set aside, deletes ignored, tolerant ones nothing', async () => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL)`);
    const changes = [1, 2, 3].map((id) => update([id, `n${String(id)}`, null], [id, `m${String(id)}`, 'x']));
    const partial = update([4, undefined, undefined], [undefined, undefined, 'y']);
    const conflicts = await unit.write(
      unit.plan([...changes, partial, remove([1, 'm1', 'x']), remove([8, 'q', null])]),
      undefined,
      SET_ASIDE,
    );
    expect(conflicts.map(({ type, decision }) => `${String(type)} ${decision}`).sort()).toEqual([
      'null deadLettered',
      'target-row-missing deadLettered',
      'target-row-missing ignored',
      'target-row-missing inserted',
      'target-row-missing inserted',
    ]);
    const recorded = await unit.recorded();
    const keys = recorded.map((row): unknown[] => [
      JSON.parse(String(row['row_key'])),
      row['decision'],
      row['found_image'],
    ]);
    expect(keys).toEqual([
      [{ id: 2 }, 'inserted', null],
      [{ id: 3 }, 'inserted', null],
      [{ id: 4 }, 'deadLettered', null],
      [{ id: 8 }, 'ignored', null],
    ]);
    expect(await unit.people()).toEqual([
      [2, 'm2', 'x'],
      [3, 'm3', 'x'],
    ]);
    expect(await unit.write(unit.plan([remove([20, 'z', null])], true))).toEqual([]);
  });

  it('does not take a trouble of its own tables for one of the row', async () => {
    const how = unit.rules.howFor(unit.definition());
    const broken = { ...how, pipelineId: 'p'.repeat(100), onPoison: 'deadLetter' as const };
    const start = {
      statement: { sql: 'SELECT 1' },
      check: () => Promise.resolve(),
      undo: () => unit.session.rollback(),
    };
    const { writeUnit } = await import('../../src/write/write-unit.ts');
    const writing = writeUnit(unit.session, start, unit.plan([insert([1, TOO_LONG, null])]), broken);
    await expect(writing).rejects.toMatchObject({ code: 'TARGET_RECORD_REFUSED', class: 'retryable' });
    await unit.session.rollback();
  });
});
