/**
 * Goal: under each policy the target holds what the policy says, and every conflict is recorded with both rows.
 * Method: real servers whose rows were changed by somebody else.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { ColumnDefinition, ConflictPolicy, RowChange } from '@lutra/model';
import { WriteRules } from '../../src/write/write-rules.ts';
import { createPeople, insert, peopleTable, remove, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const LATEST: ConflictPolicy = { kind: 'latestWins', column: 'note' };
const AMOUNT: ColumnDefinition = { name: 'stock', kind: 'integer', declared: 'int', nullable: true, bytes: 4 };
const MERGE: ConflictPolicy = { kind: 'merge', columns: ['note'], deltaColumns: [] };

describe.each(TARGETS)('policies on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());
  beforeEach(async () => {
    await unit.reset();
    // 1 is as the source has it, 2 was changed here, 3 is missing, 4 was inserted here, 5 and 6 are to be deleted.
    await unit.run(
      `INSERT INTO ${unit.schema}.people VALUES (1,'a1','t5'), (2,'changed','t6'), (4,'mine','t9'), (5,'a5','t1'), (6,'other','t6')`,
    );
  });

  const changes = [
    update([1, 'a1', 't5'], [1, 'b1', 't7']),
    update([2, 'a2', 't5'], [2, 'b2', 't7']),
    update([3, 'a3', 't5'], [3, 'b3', 't7']),
    insert([4, 'b4', 't7']),
    remove([5, 'a5', 't1']),
    remove([6, 'a6', 't5']),
    remove([7, 'a7', 't5']),
  ];
  const untouched = [1, 'b1', 't7'];

  it.each<[string, ConflictPolicy, readonly (readonly unknown[])[], readonly string[]]>([
    [
      'ignore',
      { kind: 'ignore' },
      [untouched, [2, 'changed', 't6'], [4, 'mine', 't9'], [6, 'other', 't6']],
      ['2 ignored', '3 ignored', '4 ignored', '6 ignored', '7 ignored'],
    ],
    [
      'sourceWins',
      { kind: 'sourceWins' },
      [untouched, [2, 'b2', 't7'], [3, 'b3', 't7'], [4, 'b4', 't7']],
      ['2 overwritten', '3 inserted', '4 overwritten', '6 overwritten', '7 ignored'],
    ],
    [
      'targetWins',
      { kind: 'targetWins' },
      [untouched, [2, 'changed', 't6'], [4, 'mine', 't9'], [6, 'other', 't6']],
      ['2 kept', '3 kept', '4 kept', '6 kept', '7 ignored'],
    ],
    [
      'latestWins',
      LATEST,
      [untouched, [2, 'b2', 't7'], [3, 'b3', 't7'], [4, 'mine', 't9'], [6, 'other', 't6']],
      ['2 overwritten', '3 inserted', '4 kept', '6 kept', '7 ignored'],
    ],
    [
      'merge',
      MERGE,
      [untouched, [2, 'changed', 't7'], [3, 'b3', 't7'], [4, 'mine', 't7']],
      ['2 merged', '3 inserted', '4 merged', '6 overwritten', '7 ignored'],
    ],
    [
      'manual',
      { kind: 'manual' },
      [untouched, [2, 'changed', 't6'], [4, 'mine', 't9'], [6, 'other', 't6']],
      ['2 deadLettered', '3 deadLettered', '4 deadLettered', '6 deadLettered', '7 ignored'],
    ],
  ])('%s', async (_policy, policy, rows, decisions) => {
    const conflicts = await unit.write(unit.plan(changes), policy);
    expect(await unit.people()).toEqual(rows);
    const recorded = await unit.recorded();
    const text = (value: unknown): string => (typeof value === 'string' ? value : 'null');
    const idOf = (row: Readonly<Record<string, unknown>>) =>
      String((JSON.parse(text(row['row_key'])) as { id: number }).id);
    expect(recorded.map((row) => `${idOf(row)} ${text(row['decision'])}`)).toEqual(decisions);
    expect(conflicts.filter(({ type }) => type !== null)).toHaveLength(decisions.length);
    const second = recorded.find((row) => idOf(row) === '2');
    expect([second?.['type'], text(second?.['gtid'])]).toEqual(['row-differs', expect.stringMatching(/^0-1-/)]);
    expect(
      [second?.['before_image'], second?.['after_image'], second?.['found_image']].map(
        (image) => JSON.parse(text(image)) as unknown,
      ),
    ).toEqual([
      { id: 2, name: 'a2', note: 't5' },
      { id: 2, name: 'b2', note: 't7' },
      { id: 2, name: 'changed', note: 't6' },
    ]);
    const letters = policy.kind === 'manual' ? 4 : 0;
    expect(await unit.letters()).toHaveLength(letters);
  });

  it.each(['ignore', 'sourceWins', 'targetWins', 'manual', 'latestWins', 'merge'] as const)(
    'writes nothing silently by %s where the image does not tell what stood there',
    async (kind) => {
      const policy = kind === 'latestWins' ? LATEST : kind === 'merge' ? MERGE : { kind };
      for (const partial of [update([2], [2, 'b2']), remove([2])]) {
        const planned = unit.plan([partial]);
        const code = 'TARGET_CONFLICT_UNDECIDED';
        if (kind !== 'manual') await expect(unit.write(planned, policy)).rejects.toMatchObject({ code });
        unit.rules = new WriteRules({ epoch: 1, clock: systemClock });
        const [conflict] = await unit.write(planned, policy, { onPoison: 'deadLetter' });
        expect(conflict).toMatchObject({ type: 'row-differs', decision: 'deadLettered' });
        expect((await unit.people()).find(([id]) => id === 2)).toEqual([2, 'changed', 't6']);
        await unit.run(`DELETE FROM lutra.dead_letter WHERE pipeline_id = '${unit.pipelineId}'`);
        unit.rules = new WriteRules({ epoch: 1, clock: systemClock });
      }
    },
  );

  it('refuses every policy but overwrite on a table without a key', async () => {
    const create = `CREATE TABLE ${unit.schema}.people (id int, name varchar(20), note varchar(20))`;
    await unit.reset(peopleTable(unit.schema), create);
    for (const policy of [LATEST, MERGE, { kind: 'targetWins' } as const]) {
      unit.rules = new WriteRules({ epoch: 1, clock: systemClock });
      const refused = unit.write(unit.plan([insert([1, 'a', 'b'])]), policy, { onPoison: 'deadLetter' });
      await expect(refused).rejects.toMatchObject({ code: 'TARGET_KEY_MISSING' });
    }
    unit.rules = new WriteRules({ epoch: 1, clock: systemClock });
    await unit.write(unit.plan([insert([1, 'a', 'b'])]));
    expect(await unit.people()).toEqual([[1, 'a', 'b']]);
  });

  it.each(['overwrite', 'manual'] as const)(
    'writes what a change tells of itself by %s, whatever an earlier one told',
    async (kind) => {
      const people = peopleTable(unit.schema);
      const columns = people.columns.map((one) => (one.name === 'note' ? { ...one, ofChange: true } : one));
      await unit.reset({ ...people, columns });
      const history = [
        insert([8, 'x', 'gtid 1']),
        update([8, 'x', undefined], [8, 'x', 'gtid 2']),
        insert([9, 'y', 'gtid 3']),
        remove([9, 'y', undefined]),
      ];
      for (const change of history) expect(await unit.write(unit.planMerged([change], { kind }), { kind })).toEqual([]);
      expect(await unit.people()).toEqual([[8, 'x', 'gtid 2']]);
      await unit.reset({ ...people, columns });
      expect(await unit.write(unit.planMerged(history, { kind }), { kind })).toEqual([]);
      expect(await unit.people()).toEqual([[8, 'x', 'gtid 2']]);
    },
  );

  it('compares each change of a key with what the ones before it have made', async () => {
    const history = [
      insert([8, 'x', 'n1']),
      update([8, 'x', 'n1'], [8, 'y', 'n2']),
      remove([8, 'y', 'n2']),
      insert([8, 'z', 'n3']),
    ];
    const planned = unit.planMerged(history, { kind: 'manual' });
    expect(await unit.write(planned, { kind: 'manual' })).toEqual([]);
    expect((await unit.people()).find(([id]) => id === 8)).toEqual([8, 'z', 'n3']);
  });

  describe.each([
    ['with', createPeople],
    ['without', (schema: string) => createPeople(schema).replace(', UNIQUE KEY by_name (name)', '')],
  ])('merged, %s another unique index', (_indexes, create) => {
    beforeEach(() => unit.reset(peopleTable(unit.schema), create(unit.schema)));
    const write = async (policy: ConflictPolicy, standing: string, changes: readonly RowChange[]) => {
      await unit.run(`INSERT INTO ${unit.schema}.people VALUES ${standing}`);
      const conflicts = await unit.write(unit.planMerged(changes, policy), policy);
      return [await unit.people(), conflicts.map(({ decision }) => decision)];
    };

    it('lets the update of a row win, and then its delete', async () => {
      const changes = [update([1, 'ada', 't10'], [1, 'ada', 't20']), remove([1, 'ada', 't20'])];
      expect(await write(LATEST, "(1, 'ada', 't15')", changes)).toEqual([[], ['overwritten']]);
    });

    it.each(['targetWins', 'ignore', 'manual', 'sourceWins'] as const)(
      'takes up by %s where the target has the first of two updates',
      async (kind) => {
        const changes = [update([1, 'ada', 'A'], [1, 'ada', 'B']), update([1, 'ada', 'B'], [1, 'ada', 'C'])];
        expect(await write({ kind }, "(1, 'ada', 'B')", changes)).toEqual([[[1, 'ada', 'C']], []]);
      },
    );

    it('adds up each change of an amount', async () => {
      const policy: ConflictPolicy = { kind: 'merge', columns: [], deltaColumns: ['stock'] };
      const counted = { ...peopleTable(unit.schema), columns: [...peopleTable(unit.schema).columns, AMOUNT] };
      await unit.reset(counted, create(unit.schema).replace('note varchar(200)', 'note varchar(200), stock int'));
      const changes = [
        update([1, 'ada', null, 10], [1, 'ada', null, 12]),
        update([1, 'ada', null, 12], [1, 'ada', null, 15]),
      ];
      const [people] = await write(policy, "(1, 'ada', NULL, 1010)", changes);
      expect(people).toEqual([[1, 'ada', null, 1015]]);
    });
  });

  it('sees a row that somebody inserts between the look and the write', async () => {
    const other = await unit.connect();
    await other.query(`INSERT INTO ${unit.schema}.people VALUES (8, 'early', 'here')`);
    const writing = unit.write(unit.plan([insert([8, 'late', 'there'])]), { kind: 'targetWins' });
    // The look finds nothing that is committed; the write waits for the other one.
    await other.commit();
    expect(await writing).toMatchObject([{ type: 'row-differs', decision: 'kept' }]);
    expect((await unit.people()).find(([id]) => id === 8)).toEqual([8, 'early', 'here']);
  });

  it('records thousands of conflicts, each with its rows', async () => {
    const ids = Array.from({ length: 3_000 }, (_, index) => index + 1_000);
    await unit.run(
      `INSERT INTO ${unit.schema}.people VALUES ${ids.map((id) => `(${String(id)}, 'n${String(id)}', 'here')`).join(',')}`,
    );
    const planned = unit.plan(ids.map((id) => update([id, `n${String(id)}`, 'there'], [id, `n${String(id)}`, 'then'])));
    const conflicts = await unit.write(planned, { kind: 'targetWins' });
    expect(conflicts).toHaveLength(ids.length);
    const [count] = await unit.rows(
      `SELECT COUNT(*) AS n FROM lutra.conflict WHERE pipeline_id = '${unit.pipelineId}' AND found_image LIKE '%here%'`,
    );
    expect(count?.['n']).toBe(ids.length);
  });
});
