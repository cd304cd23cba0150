import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ColumnValue, MappingDefinition, TableDefinition } from '@lutra/model';
import {
  checkingForeignKeys,
  compileTableWriter,
  deleteStatement,
  insertStatement,
  inspectTarget,
  TargetCatalog,
  updateStatement,
} from '@lutra/sql';
import type { TableWriter } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { column, deleteOf, tableOf, TargetFixture, WRITING_TARGETS, updateOf } from './target-fixture.ts';

// Goal: a row of a table without a key is found by all its columns, exactly, and only one; and foreign keys are checked by
// the statements that ask for it, and by no other.
// Method: tables of every type on real servers; every row stands there twice.
const point = Buffer.from('000000000101000000000000000000f03f0000000000000040', 'hex');

const VALUES: readonly (readonly [
  kind: Parameters<typeof column>[1],
  declared: string,
  value: ColumnValue,
  other: ColumnValue,
])[] = [
  ['integer', 'bigint', 9_007_199_254_740_993n, 9_007_199_254_740_992n],
  ['decimal', 'decimal(20,4)', '12345678901234.5678', '12345678901234.5679'],
  ['float', 'float', Math.fround(1.1), Math.fround(1.2)],
  ['double', 'double', 0.1 + 0.2, 0.3],
  ['bit', 'bit(10)', 513n, 512n],
  ['year', 'year', 2026, 2025],
  ['date', 'date', '2026-11-21', '2026-11-22'],
  ['time', 'time(3)', '-12:00:00.500', '-12:00:00.501'],
  ['datetime', 'datetime(6)', '2026-11-21 01:02:03.000004', '2026-11-21 01:02:03.000005'],
  ['timestamp', 'timestamp(0)', '2026-11-21 01:02:03', '2026-11-21 01:02:04'],
  ['text', 'varchar(20)', 'Straße ', 'STRASSE'],
  ['text', 'char(8)', 'a', 'A'],
  ['text', 'longtext', 'x'.repeat(70_000), 'X'.repeat(70_000)],
  ['text', 'varchar(9) CHARACTER SET latin1', 'é', 'e'],
  ['binary', 'binary(4)', Buffer.from([1, 2]), Buffer.from([1, 2, 1])],
  ['binary', 'varbinary(9)', Buffer.from([1, 0]), Buffer.from([1])],
  ['binary', 'longblob', Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)],
  ['enum', "enum('a','b')", 'a', 'b'],
  ['set', "set('a','b','c')", 'a,c', 'a'],
  ['json', 'json', '{"a": [1, 2.5, null], "b": "é"}', '{"a": [1, 2.5, null], "b": "e"}'],
  ['geometry', 'geometry', point, Buffer.from(point).fill(0, 9, 17)],
];

describe.each(WRITING_TARGETS)('a table without a key on %s', (_title, name, bulk) => {
  let fixture: TargetFixture;
  let catalog: TargetCatalog;
  beforeAll(async () => {
    fixture = await TargetFixture.open(name, bulk);
    catalog = new TargetCatalog();
  });
  afterAll(() => fixture.close());

  async function create(
    table: string,
    columns: readonly (readonly [Parameters<typeof column>[1], string])[],
  ): Promise<TableWriter> {
    const { session, schema } = fixture;
    const names = columns.map(([, declared], index) => `c${String(index)} ${declared} NULL`);
    await session.query(`CREATE TABLE ${schema}.${table} (${names.join(', ')})`);
    const definition: TableDefinition = tableOf(
      schema,
      columns.map(([kind, declared], index) => column(`c${String(index)}`, kind, declared)),
      { table, primaryKey: [] },
    );
    const target = await catalog.describe(session, definition);
    if (target === null) throw new Error('The table is there');
    return compileTableWriter(definition, target, { noPrimaryKey: 'matchAllColumns' });
  }

  it.each(VALUES.map((each, index) => [each[1], index, each] as const))(
    'finds one row by %s',
    async (_declared, index, [kind, declared, value, other]) => {
      const { session } = fixture;
      const writer = await create(`t${String(index)}`, [
        [kind, declared],
        ['integer', 'int'],
      ]);
      expect([writer.isIdempotent, writer.identities]).toEqual([false, null]);
      const rows = [
        [value, 1],
        [value, 1],
        [other, 1],
        [null, 1],
        [value, null],
      ] as const;
      const count = async (image: readonly ColumnValue[]): Promise<number> => {
        const found: number[] = [];
        // As many as are found one by one, and taken back.
        for (;;) {
          const [deleted = 0] = await session.execute([deleteStatement(writer, [deleteOf(image)])]);
          if (deleted === 0) break;
          found.push(deleted);
        }
        await session.rollback();
        return found.length;
      };
      await session.execute(rows.map((row) => insertStatement(writer, [row])));
      await session.commit();
      expect(await Promise.all([count([value, 1])])).toEqual([2]);
      expect([await count([other, 1]), await count([null, 1]), await count([value, null])]).toEqual([1, 1, 1]);
      const found = await session.execute([
        updateStatement(writer, writer.columns, updateOf([value, 1], [other, 2])),
        updateStatement(writer, [], updateOf([value, 1], [value, 1])),
        deleteStatement(writer, [deleteOf([value, 1])]),
        deleteStatement(writer, [deleteOf([value, 1])]),
      ]);
      expect(found).toEqual([1, 1, 1, 0]);
      await session.rollback();
    },
  );

  it('finds a row whatever an earlier change told of itself', async () => {
    const { session, schema } = fixture;
    await session.query(`CREATE TABLE ${schema}.told (c0 int NULL, c1 varchar(40) NULL)`);
    const columns = [column('c0', 'integer', 'int'), column('c1', 'text', 'varchar(40)', { ofChange: true })];
    const definition = tableOf(schema, columns, { table: 'told', primaryKey: [] });
    const target = await catalog.describe(session, definition);
    if (target === null) throw new Error('The table is there');
    const writer = compileTableWriter(definition, target, { noPrimaryKey: 'matchAllColumns' });
    const found = await session.execute([
      insertStatement(writer, [[1, '0-1-1']]),
      updateStatement(writer, writer.columns, updateOf([1, undefined], [2, '0-1-2'])),
      deleteStatement(writer, [deleteOf([2, undefined])]),
    ]);
    expect(found.slice(1)).toEqual([1, 1]);
    const onlyOfChange = { ...writer, columns: writer.columns.slice(1) };
    expect(() => deleteStatement(onlyOfChange, [deleteOf([2, undefined])])).toThrow(/TARGET_KEY_INCOMPLETE/);
    await session.rollback();
  });

  it('is told of at the start, or refused', async () => {
    const { session, schema } = fixture;
    for (const columns of ['a int', 'a int, UNIQUE (a)', 'a varchar(9) NOT NULL, UNIQUE (a(3))'])
      await session.query(`CREATE TABLE ${schema}.loose${String(columns.length)} (${columns})`);
    await session.query(`CREATE TABLE ${schema}.tight (a int NOT NULL, UNIQUE (a))`);
    const mapping: MappingDefinition = {
      id: 'm',
      source: { schema: 's', table: { regex: '(loose|tight).*' } },
      target: { schema },
      columns: { mode: 'all' },
    };
    const { warnings } = await inspectTarget(session, [mapping]);
    const told = warnings.find(({ code }) => code === 'TARGET_KEY_MISSING')?.message ?? '';
    expect(told.match(/loose\d+/g)?.length).toBe(3);
    expect(told).not.toContain('tight');
    const refused = inspectTarget(session, [mapping], { noPrimaryKey: 'reject' });
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_KEY_MISSING' });
    const comparing = { ...mapping, onConflict: { kind: 'targetWins' as const } };
    await expect(inspectTarget(session, [comparing])).rejects.toMatchObject({
      code: 'TARGET_KEY_MISSING',
      message: expect.stringContaining('targetWins') as unknown,
    });
    const tight = { ...mapping, source: { schema: 's', table: { exact: 'tight' } } };
    expect((await inspectTarget(session, [tight], { noPrimaryKey: 'reject' })).kind).toBe(session.info.kind);
  });

  it('demands whole images', async () => {
    const writer = await create('partial', [
      ['integer', 'int'],
      ['integer', 'int'],
    ]);
    expect(() => deleteStatement(writer, [deleteOf([1])])).toThrow(/binlog_row_image/);
  });

  it('checks foreign keys where it is asked for, and nowhere else', async () => {
    const { session, schema } = fixture;
    await session.query(`CREATE TABLE ${schema}.parent (id int PRIMARY KEY)`);
    await session.query(
      `CREATE TABLE ${schema}.child (id int PRIMARY KEY, p int, t longtext, FOREIGN KEY (p) REFERENCES ${schema}.parent (id) ON DELETE CASCADE)`,
    );
    const inserted = (id: number, parent: number) => ({
      sql: `INSERT INTO ${schema}.child VALUES (${String(id)},${String(parent)},?)`,
      parameters: ['x'.repeat(70_000)],
    });
    const childCount = async (): Promise<number> =>
      Number((await session.query(`SELECT COUNT(*) AS n FROM ${schema}.child`))[0]?.['n']);
    await session.execute([
      { sql: `INSERT INTO ${schema}.parent VALUES (1),(2)` },
      inserted(1, 1),
      inserted(2, 2),
      inserted(3, 9),
    ]);
    await expect(session.execute([checkingForeignKeys(inserted(4, 9))])).rejects.toMatchObject({
      code: 'TARGET_ROW_REFUSED',
    });
    const remove = (id: number) => ({ sql: `DELETE FROM ${schema}.parent WHERE id=${String(id)}` });
    await session.execute([checkingForeignKeys(remove(1)), remove(2), inserted(5, 9)]);
    expect(await childCount()).toBe(3);
    const joined = {
      sql: `UPDATE (SELECT 3 AS k0,9 AS c0) AS v STRAIGHT_JOIN ${schema}.child AS t ON t.id = v.k0 SET t.p=v.c0+1`,
    };
    await expect(session.execute([checkingForeignKeys(joined)])).rejects.toMatchObject({ code: 'TARGET_ROW_REFUSED' });
    expect(await session.execute([joined])).toEqual([1]);
    expect(testServers()[name].kind).toBe(session.info.kind);
    await session.rollback();
  });
});
