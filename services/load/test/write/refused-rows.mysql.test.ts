/**
 * Goal: a row that the target refuses is found and meets the policy; all others are written, in the same transaction.
 * Method: real servers refuse by unique keys, constraints and lengths; tables are compared afterwards.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ConflictPolicy, TableDefinition } from '@lutra/model';
import { insert, peopleTable, remove, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 1 };
const TOO_LONG = 'x'.repeat(41);

describe.each(TARGETS)('a unit on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());
  beforeEach(() => unit.reset());

  it('stops at a refused row by default, and nothing of it stays', async () => {
    const planned = unit.plan([insert([1, 'ada', null]), insert([2, TOO_LONG, null])]);
    await expect(unit.write(planned)).rejects.toMatchObject({
      code: 'TARGET_VALUE_REFUSED',
      message: expect.stringMatching(/ \(source transaction 0-1-\d+, event \d+, row 1\)$/) as unknown,
    });
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
  });

  describe('a value that the target would cut without an error', () => {
    const CUT = `${'n'.repeat(200)} `;
    const table = (): TableDefinition => {
      const people = peopleTable(unit.schema);
      const columns = people.columns.map((one) => (one.name === 'note' ? { ...one, declared: 'varchar(300)' } : one));
      return { ...people, columns };
    };

    it('is refused in every statement as the target refuses, and no other row is', async () => {
      await unit.reset(table());
      await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL), (2, 'bob', NULL), (3, 'cyd', NULL)`);
      const changes = [
        ...[insert([4, 'dan', 'whole']), insert([5, 'eve', CUT])],
        ...[update([1, 'ada', null], [1, 'ada', CUT]), update([2, 'bob', null], [2, 'bob', 'whole'])],
        // One that stands alone.
        update([3, undefined, undefined], [undefined, undefined, CUT]),
      ];
      await unit.write(unit.plan(changes), undefined, SET_ASIDE);
      expect(await unit.people()).toEqual([
        [1, 'ada', null],
        [2, 'bob', 'whole'],
        [3, 'cyd', null],
        [4, 'dan', 'whole'],
      ]);
      const letters = await unit.letters('`row` AS at, error_code AS code, statement');
      expect(letters).toMatchObject([1, 2, 4].map((at) => ({ at, code: 'TARGET_VALUE_REFUSED' })));
      for (const { statement } of letters) expect(String(statement)).toMatch(/^(INSERT|UPDATE) .*people/);
    });

    it('may be looked for, where rows have no key', async () => {
      const keyless = { ...table(), primaryKey: [] };
      await unit.reset(
        keyless,
        `CREATE TABLE ${unit.schema}.people (id int NOT NULL, name varchar(40) NOT NULL, note varchar(200))`,
      );
      await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL)`);
      const conflicts = await unit.write(unit.plan([remove([1, 'ada', CUT]), remove([1, 'ada', null])]));
      expect(conflicts).toMatchObject([{ type: 'target-row-missing', decision: 'ignored' }]);
      expect(await unit.people()).toEqual([]);
    });
  });

  describe('a key that the target cannot hold', () => {
    beforeEach(async () => {
      const byName = { ...peopleTable(unit.schema), primaryKey: [1] };
      const name = 'name char(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY';
      await unit.reset(byName, `CREATE TABLE ${unit.schema}.people (id int NOT NULL, ${name}, note varchar(200))`);
      await unit.run(
        `INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL), (2, 'bob', NULL), (3, 'cyd', NULL), (4, 'dan', NULL)`,
      );
    });

    it.each<ConflictPolicy>([{ kind: 'overwrite' }, { kind: 'sourceWins' }])(
      'finds no other row, whatever is to be done with it: %j',
      async (policy) => {
        const changes = [
          ...[remove([9, 'ada ', null]), remove([4, 'dan', null])],
          ...[update([9, 'bob ', null], [8, 'bob ', 'x']), update([9, 'cyd ', null], [9, 'eve', null])],
        ];
        await unit.write(unit.plan(changes), policy, SET_ASIDE);
        expect(await unit.people()).toEqual([1, 2, 3].map((id) => [id, ['ada', 'bob', 'cyd'][id - 1], null]));
        const code = 'TARGET_VALUE_REFUSED';
        const letters = ['delete', 'update', 'update'].map((kind) => ({ kind, state: 'open', code }));
        expect(await unit.letters()).toEqual(letters);
      },
    );

    it('stops the unit where rows are not set aside', async () => {
      const planned = unit.plan([remove([2, 'bob', null]), remove([9, 'ada ', null])]);
      await expect(unit.write(planned)).rejects.toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
      expect(await unit.people()).toHaveLength(4);
    });
  });

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
    const [recorded, ...others] = await unit.recorded();
    expect(others).toEqual([]);
    expect(recorded).toMatchObject({ type: 'unique-clash', decision, row: 0 });
    const images = ['after_image', 'found_image'].map((name) => JSON.parse(String(recorded?.[name])) as unknown);
    expect(images).toEqual([
      { id: 1, name: 'ada', note: null },
      { id: 9, name: 'ada', note: 'old' },
    ]);
    const found = await unit.letters('error_message AS message');
    expect(found).toHaveLength(letters);
    for (const { message } of found) expect(message).toContain('by_name');
  });

  it.each([
    ['a value, in an image that leaves columns out', update([1, undefined, undefined], [undefined, 'BOB', undefined])],
    ['a key', update([3, 'cyd', 'c'], [2, 'cyd', 'c'])],
  ])('records the row that an update clashes with by %s', async (_what, change) => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL), (2, 'bob', 'b'), (3, 'cyd', 'c')`);
    await unit.write(unit.plan([change]), undefined, SET_ASIDE);
    const recorded = await unit.recorded();
    expect(recorded).toMatchObject([{ type: 'unique-clash', decision: 'deadLettered' }]);
    expect(JSON.parse(String(recorded[0]?.['found_image']))).toEqual({ id: 2, name: 'bob', note: 'b' });
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
    const gone = unit.planMerged([insert([20, 'z', null]), remove([20, 'z', null])], { kind: 'overwrite' });
    expect(await unit.write(gone)).toEqual([]);
  });

  describe('the error value of an ENUM', () => {
    const labels = ["it's", 'b'];
    const people = (): TableDefinition => {
      const plain = peopleTable(unit.schema);
      const mood = { name: 'mood', kind: 'enum', declared: "enum('it''s','b')", nullable: false, labels } as const;
      return { ...plain, columns: [...plain.columns, mood] };
    };
    const create = (more = ''): string =>
      `CREATE TABLE ${unit.schema}.people (id int NOT NULL PRIMARY KEY, name varchar(40) NOT NULL, note varchar(200), ` +
      `mood enum('it''s','b') NOT NULL, at timestamp(6) NOT NULL DEFAULT '2026-01-01' ON UPDATE CURRENT_TIMESTAMP(6)${more})`;
    const moods = (): Promise<unknown> => unit.rowsOf('id, note, mood, mood + 0 AS number, YEAR(at) AS year');

    it('is written, by an insert and by updates, with or without the row', async () => {
      await unit.reset(people(), create());
      const rows = [insert([1, 'a', 'x', '']), insert([2, 'b', null, 'b']), insert([3, 'c', null, ''])];
      expect(await unit.write(unit.plan(rows))).toEqual([]);
      const there = { note: null, year: 2026 };
      expect(await moods()).toEqual([
        { ...there, id: 1, note: 'x', mood: '', number: 0 },
        { ...there, id: 2, mood: 'b', number: 2 },
        { ...there, id: 3, mood: '', number: 0 },
      ]);
      const changes = [
        update([1, 'a', 'x', ''], [1, 'a', 'y', '']),
        update([2, 'b', null, 'b'], [7, 'b', null, '']),
        update([3, 'c', null, ''], [3, 'c', null, "it's"]),
        update([4, 'd', null, 'b'], [4, 'd', null, '']),
      ];
      const conflicts = await unit.write(unit.plan(changes));
      expect(conflicts.map(({ decision }) => decision)).toEqual(['inserted']);
      expect(await moods()).toMatchObject([
        { id: 1, note: 'y', mood: '', number: 0 },
        { id: 3, mood: "it's", number: 1 },
        { id: 4, mood: '', number: 0 },
        { id: 7, mood: '', number: 0 },
      ]);
      // The session is as strict as before.
      await expect(unit.write(unit.plan([insert([9, TOO_LONG, null, 'b'])]))).rejects.toMatchObject({
        code: 'TARGET_VALUE_REFUSED',
      });
    });

    it('never lets another value of the row through', async () => {
      await unit.reset(people(), create());
      const rows = [insert([1, TOO_LONG, null, '']), insert([2, 'b', null, ''])];
      await unit.write(unit.plan(rows), undefined, SET_ASIDE);
      expect(await moods()).toMatchObject([{ id: 2, mood: '', number: 0 }]);
      expect(await unit.letters()).toMatchObject([{ code: 'TARGET_VALUE_REFUSED' }]);
    });

    it('is refused where it stands in a unique index', async () => {
      await unit.reset(people(), create(', UNIQUE KEY by_mood (mood)'));
      await unit.write(unit.plan([insert([1, 'a', null, ''])]), undefined, SET_ASIDE);
      expect(await unit.letters()).toMatchObject([{ code: 'TARGET_VALUE_REFUSED' }]);
      expect(await moods()).toEqual([]);
    });
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
