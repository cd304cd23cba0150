// Goal: no row is lost where a trigger fires for rows in bulk.
// Method: a MariaDB 10.5.23, which loses rows of a bulk execute to the statements of a trigger (MDEV-24411) and says that all is
// well; the trigger is known, or was made after the table had been described.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { must, systemClock } from '@lutra/model';
import { compileTableWriter, insertStatement, openTarget } from '@lutra/sql';
import type { TargetSession, TargetStatement } from '@lutra/sql';
import { OwnServer, runSql } from '@lutra/testing';
import { column, dataSource, tableOf } from './target-fixture.ts';

const ROWS = 100;
const CREATE_TRIGGER =
  'CREATE TRIGGER shop.audited BEFORE INSERT ON shop.t FOR EACH ROW INSERT INTO shop.audit VALUES (NEW.id)';

let server: OwnServer | null = null;
let session: TargetSession | null = null;
const target = (): TargetSession => must(session, 'it is open');

beforeAll(async () => {
  server = await OwnServer.start({ program: 'mariadb-10.5' });
  await runSql(server, [
    'CREATE DATABASE shop',
    'CREATE TABLE shop.t (id INT PRIMARY KEY, n INT)',
    'CREATE TABLE shop.audit (id INT)',
  ]);
  session = await openTarget(dataSource(server), server.password, { clock: systemClock, bulk: 'always' });
});

afterEach(async () => {
  await target().rollback();
  await runSql(must(server, 'it runs'), ['DROP TRIGGER IF EXISTS shop.audited']);
});

afterAll(async () => {
  await session?.close();
  await server?.close();
});

describe('rows for a table with a trigger', () => {
  const insert = async (): Promise<TargetStatement> => {
    const columns = [column('id', 'integer', 'int', { bytes: 4 }), column('n', 'integer', 'int', { bytes: 4 })];
    const definition = tableOf('shop', columns, { table: 't', primaryKey: [0] });
    const table = must(await target().describeTable(definition), 'the table was created');
    const images = Array.from({ length: ROWS }, (_, id) => [id, id] as const);
    return insertStatement(compileTableWriter(definition, table), images);
  };
  const written = async (): Promise<readonly number[]> => {
    const [row] = await target().query(
      'SELECT (SELECT COUNT(*) FROM shop.t) AS t, (SELECT COUNT(*) FROM shop.audit) AS audit',
    );
    return [Number(row?.['t']), Number(row?.['audit'])];
  };

  it('go as text', async () => {
    await runSql(must(server, 'it runs'), [CREATE_TRIGGER]);
    const statement = await insert();
    expect(statement.bulk).toBeUndefined();
    await target().execute([statement]);
    expect(await written()).toEqual([ROWS, ROWS]);
  });

  it('are refused when the server loses some of them, and go as text from then on', async () => {
    const statement = await insert();
    await runSql(must(server, 'it runs'), [CREATE_TRIGGER]);
    await expect(target().execute([statement])).rejects.toMatchObject({ code: 'TARGET_SHAPE_CHANGED' });
    await target().rollback();
    await target().execute([statement]);
    expect(await written()).toEqual([ROWS, ROWS]);
  });
});
