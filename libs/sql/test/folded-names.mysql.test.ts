// Goal: a target that takes names of tables in any case (lower_case_table_names = 1) is inspected as one that does not.
// Method: own servers with that setting; the mapping writes the names in another case than the server keeps them in.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, systemClock } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import { inspectTarget, openTarget, readEvidence } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { OwnServer, runSql } from '@lutra/testing';
import { dataSource } from './target-fixture.ts';

const mapping = (
  table: MappingDefinition['source']['table'],
  more: Partial<MappingDefinition> = {},
): MappingDefinition => ({
  id: 'm',
  source: { schema: 'Shop', table },
  target: { schema: 'Shop' },
  columns: { mode: 'all' },
  ...more,
});

describe.each(['mariadb', 'mysql'] as const)('a target that folds names: %s', (program) => {
  let server: OwnServer | null = null;
  let session: TargetSession | null = null;
  const target = (): TargetSession => must(session, 'it is open');

  beforeAll(async () => {
    server = await OwnServer.start({ program, extra: ['--lower-case-table-names=1'] });
    await runSql(server, [
      'CREATE DATABASE Shop',
      'CREATE TABLE Shop.Loose_1 (id INT)',
      'CREATE TABLE Shop.Orders (id INT PRIMARY KEY, needed INT NOT NULL)',
      "CREATE USER limited@'%' IDENTIFIED BY 'right'",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON Shop.* TO limited@'%'",
      "GRANT CREATE ON lutra.* TO limited@'%'",
    ]);
    session = await openTarget(dataSource(server), server.password, { clock: systemClock });
  });

  afterAll(async () => {
    await session?.close();
    await server?.close();
  });

  it('is seen to have granted what it has granted', async () => {
    const own = await openTarget(dataSource(must(server, 'it runs'), { user: 'limited' }), 'right', {
      clock: systemClock,
    });
    try {
      expect((await inspectTarget(own, [mapping({ exact: 'Orders' })])).kind).toBe(program);
    } finally {
      await own.close();
    }
  });

  it.each([{ exact: 'Loose_1' }, { regex: 'Loose_\\D*\\d+' }])('tells of tables without a key: %j', async (table) => {
    const { warnings } = await inspectTarget(target(), [mapping(table)]);
    expect(warnings.map(({ code }) => code)).toContain('TARGET_KEY_MISSING');
    const comparing = mapping(table, { onConflict: { kind: 'targetWins' } });
    await expect(inspectTarget(target(), [comparing])).rejects.toMatchObject({ code: 'TARGET_KEY_MISSING' });
    const other = mapping({ exact: 'Orders' });
    await expect(inspectTarget(target(), [other], { noPrimaryKey: 'reject' })).resolves.toMatchObject({
      kind: program,
    });
  });

  it('refuses a list that leaves a column unfilled', async () => {
    const listing = mapping(
      { exact: 'Orders' },
      { columns: { mode: 'list', columns: [{ source: 'id', target: 'id' }] } },
    );
    await expect(inspectTarget(target(), [listing])).rejects.toMatchObject({ code: 'TARGET_COLUMN_UNFILLED' });
  });

  it('shows how a table stands, however its name is written', async () => {
    const [typed, kept] = await readEvidence(target(), [
      { schema: 'Shop', table: 'Orders' },
      { schema: 'shop', table: 'orders' },
    ]);
    expect(typed).toEqual({ ...kept, schema: 'Shop', table: 'Orders' });
    expect(typed).toMatchObject({ exists: true, tableId: expect.any(String) });
    expect(await readEvidence(target(), [{ schema: 'Shop', table: '' }])).toMatchObject([{ exists: true }]);
  });

  it('describes a table, however its name is written', async () => {
    const table = await target().describeTable({ schema: 'SHOP', table: 'ORDERS' });
    expect([...(table?.columns.keys() ?? [])]).toEqual(['id', 'needed']);
  });
});
