// Goal: rows that go in bulk are written as text would write them, all or none, and text takes over where bulk cannot.
// Method: inserts of many rows at a MariaDB server, whose own counters tell which way was taken.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileTableWriter, insertStatement } from '@lutra/sql';
import { must, SyncError } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import { column, tableOf, TargetFixture } from './target-fixture.ts';

const COLUMNS = [
  column('id', 'integer', 'int', { bytes: 4, nullable: false }),
  column('n', 'integer', 'bigint', { bytes: 8 }),
  column('t', 'text', 'varchar(9)', { charset: 'utf8mb4' }),
];

describe('rows in bulk', () => {
  let target: TargetFixture;

  beforeAll(async () => {
    target = await TargetFixture.open('mariadbTarget', 'always');
    await target.session.query(
      `CREATE TABLE ${target.schema}.t (id int PRIMARY KEY, n bigint, t varchar(9), UNIQUE KEY by_n (n)) CHARACTER SET utf8mb4`,
    );
  });
  afterAll(() => target.close());

  const insert = async (...images: readonly RowImage[]): Promise<readonly number[]> => {
    const definition = tableOf(target.schema, COLUMNS, { table: 't', primaryKey: [0] });
    const table = must(await target.session.describeTable(definition), 'the table was created');
    const writer = compileTableWriter(definition, table);
    const about = { table: definition, keyColumns: writer.keyColumns };
    return target.session.execute([insertStatement(writer, images)], about);
  };
  const rows = async (): Promise<unknown> =>
    (await target.session.query(`SELECT id, n, t FROM ${target.schema}.t ORDER BY id`)).map((row) =>
      Object.values(row),
    );
  const bulkExecutes = async (): Promise<number> => {
    const [row] = await target.session.query("SHOW SESSION STATUS LIKE 'Com_stmt_execute'");
    return Number(row?.['Value']);
  };

  it('are upserts by key', async () => {
    const before = await bulkExecutes();
    await insert([1, 10n, 'one'], [2, 20n, null], [3, null, 'ünï€😀']);
    await insert([2, 21n, 'two'], [4, -9_223_372_036_854_775_808n, ''], [2, 22n, 'zwei']);
    expect(await rows()).toEqual([
      [1, 10, 'one'],
      [2, 22, 'zwei'],
      [3, null, 'ünï€😀'],
      [4, '-9223372036854775808', ''],
    ]);
    expect(await bulkExecutes()).toBeGreaterThan(before);
    await target.session.rollback();
  });

  it('are all taken back when one is refused, and the transaction goes on', async () => {
    await insert([1, 10n, 'one']);
    const refused = (images: readonly RowImage[]): Promise<unknown> =>
      insert(...images).then(
        () => 'nothing',
        (error: unknown) => SyncError.of(error).code,
      );
    expect(
      await refused([
        [2, 20n, 'two'],
        [3, 30n, 'too long a text'],
      ]),
    ).toBe('TARGET_VALUE_REFUSED');
    // The guard: row 5 wants the unique value of row 1, which is another row.
    expect(
      await refused([
        [4, 40n, 'four'],
        [5, 10n, 'five'],
      ]),
    ).toBe('TARGET_ROW_REFUSED');
    await insert([6, 60n, 'six'], [7, 70n, 'seven']);
    expect(await rows()).toEqual([
      [1, 10, 'one'],
      [6, 60, 'six'],
      [7, 70, 'seven'],
    ]);
    await target.session.rollback();
  });

  it('find the table as it has become', async () => {
    await insert([1, 10n, 'one'], [2, 20n, 'two']);
    await target.session.query(
      `ALTER TABLE ${target.schema}.t ADD COLUMN more int DEFAULT 7 FIRST, MODIFY n bigint unsigned`,
    );
    await insert([3, 30n, 'three'], [1, 11n, 'eins']);
    const [row] = await target.session.query(`SELECT SUM(more) AS more, SUM(n) AS n FROM ${target.schema}.t`);
    expect([Number(row?.['more']), Number(row?.['n'])]).toEqual([21, 61]);
    await target.session.query(`DELETE FROM ${target.schema}.t`);
    await target.session.query(`ALTER TABLE ${target.schema}.t DROP COLUMN more, MODIFY n bigint`);
  });

  it('go as text where a value has no parameter of its type', async () => {
    await insert([1, 1n, 'ready']);
    const before = await bulkExecutes();
    // A text where the type says integer, and integers that only look like one.
    await insert([1, '12', 'text'], [2, 2n ** 62n, 'big']);
    expect(await bulkExecutes()).toBe(before);
    await expect(insert([3, 3n, 'half \ud800'], [4, 4n, 'x'])).rejects.toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
    await expect(insert([5, 2n ** 64n, 'x'], [6, 6n, 'x'])).rejects.toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
    expect(await rows()).toEqual([
      [1, 12, 'text'],
      [2, '4611686018427387904', 'big'],
    ]);
    await target.session.rollback();
  });
});
