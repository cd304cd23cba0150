// Goal: schema statements of mapped tables leave select alone, in their place, with what changes their meaning.
// Method: real servers of both families; the test plays load and lets processes through one by one.
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openBus, removeNamespace } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import type { PipelineParameters } from '@lutra/model';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import { startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const WAIT = { timeoutMs: 60_000, everyMs: 20 };

describe.each(['mariadbSource', 'mysql'] as const)('schema statements of %s', (name) => {
  const server = testServers()[name];
  let schema: string;
  let connection: Awaited<ReturnType<typeof connectTo>>;
  let bus: Bus;
  let rig: Rig;
  const options = { ...testServers().nats, name: 'test', namespace: `t${randomBytes(6).toString('hex')}` };

  beforeEach(async () => {
    schema = `ddl_${randomBytes(5).toString('hex')}`;
    bus = await openBus(options);
    connection = await connectTo(server);
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`CREATE TABLE ${schema}.item (id INT PRIMARY KEY AUTO_INCREMENT, data TEXT)`);
  });
  afterEach(async () => {
    await rig.stop();
    await connection.query(`DROP DATABASE IF EXISTS ${schema}`);
    connection.destroy();
    await bus.close();
    await removeNamespace(options);
  });
  const start = async (parameters: Partial<PipelineParameters> = {}): Promise<Rig> => {
    rig = await startRig({ bus, server, schema, parameters: { ddl: 'sync', ...parameters } });
    return rig;
  };
  const insert = (): Promise<unknown> => connection.query(`INSERT INTO ${schema}.item (data) VALUES ('x')`);
  const texts = (): string[] => rig.statements.map(({ statement }) => statement.text.replaceAll(/\s+/g, ' '));

  it('waits until everything before it is loaded, goes alone, and holds back what is behind it', async () => {
    const { load, events, processes, statements } = await start();
    await insert();
    await connection.query(`ALTER TABLE ${schema}.item ADD COLUMN extra INT`);
    await insert();
    await waitUntil(() => events().length === 1, { what: 'the row before', ...WAIT });
    expect(statements).toEqual([]);
    await load(processes.length);
    await waitUntil(() => statements.length === 1, { what: 'the statement', ...WAIT });
    expect(statements[0]).toMatchObject({
      transaction: { isLast: true },
      statement: { kind: 'alter', tables: [{ schema, table: 'item' }], foreignKeyChecks: true },
      targets: null,
    });
    expect(statements[0]?.statement.sqlMode).toContain('STRICT_TRANS_TABLES');
    expect(events()).toHaveLength(1);
    await load(processes.length);
    await waitUntil(() => events().length === 2, { what: 'the row behind', ...WAIT });
  });

  it('tells each kind, and passes what is not mapped or no table statement', async () => {
    const { loadAll, statements, warnings } = await start();
    loadAll();
    const sql = [
      "SET sql_mode = 'ANSI_QUOTES', foreign_key_checks = 0",
      `USE ${schema}`,
      'CREATE TABLE IF NOT EXISTS "item_2" (id INT)',
      'CREATE INDEX i ON item (id)',
      'CREATE TABLE other (id INT)',
      'CREATE VIEW item_v AS SELECT 1',
      'RENAME TABLE item_2 TO item_3, item TO item_4',
      'TRUNCATE item_3',
      'DROP INDEX i ON item_4',
      'DROP TABLE item_3, item_4',
      `DROP DATABASE ${schema}`,
    ];
    for (const statement of sql) await connection.query(statement);
    await waitUntil(() => statements.length === 7, { what: 'seven statements', ...WAIT });
    const kinds = ['create', 'index', 'rename', 'truncate', 'index', 'drop', 'database'];
    expect(statements.map(({ statement }) => statement.kind)).toEqual(kinds);
    expect(statements[0]?.statement).toMatchObject({ sqlMode: 'ANSI_QUOTES', foreignKeyChecks: false, schema });
    expect(statements[2]?.statement.tables.map(({ table }) => table)).toEqual(['item_2', 'item_3', 'item', 'item_4']);
    await waitUntil(() => warnings.length >= 2, { what: 'warnings', ...WAIT });
    const codes = warnings.map((event) => (event.kind === 'warning' ? event.code : ''));
    expect(codes).toEqual(expect.arrayContaining(['SOURCE_DDL_SEEN', 'SOURCE_DDL_SKIPPED']));
  });

  it('sends CREATE TABLE … SELECT as a statement and the rows behind it', async () => {
    await connection.query(`INSERT INTO ${schema}.item (data) VALUES ('a'), ('b')`);
    const { loadAll, statements, processes } = await start();
    loadAll();
    await connection.query(`CREATE TABLE ${schema}.item_2 AS SELECT * FROM ${schema}.item`);
    await insert();
    await waitUntil(() => processes.some(({ transactions }) => transactions.length > 0), { what: 'rows', ...WAIT });
    expect(statements).toHaveLength(1);
    const [first] = statements;
    const rows = processes.find(({ transactions }) => transactions.length > 0)?.transactions[0];
    if (first?.transaction.isLast === false) {
      expect(first.header.end.inside).toMatchObject({ gtid: first.transaction.gtid, event: 0 });
      expect(rows).toMatchObject({ gtid: first.transaction.gtid, firstEvent: 0 });
    }
    expect(rows?.events.some(({ type }) => type === 'rows')).toBe(true);
  });

  it('sends what a ghost goes through, and its swap as one step', async () => {
    const { loadAll, statements } = await start();
    loadAll();
    const ghost = `${schema}._item_gho`;
    for (const statement of [
      `CREATE TABLE ${ghost} LIKE ${schema}.item`,
      `ALTER TABLE ${ghost} ADD COLUMN extra INT`,
      `CREATE TABLE ${schema}._item_ghc (id INT)`,
      `INSERT INTO ${ghost} (data) VALUES ('a')`,
      `RENAME /* gh-ost */ TABLE ${schema}.item TO ${schema}._item_del, ${ghost} TO ${schema}.item`,
      `DROP TABLE ${schema}._item_ghc, ${schema}._item_del`,
    ])
      await connection.query(statement);
    await waitUntil(() => statements.length === 3, { what: 'three steps', ...WAIT });
    expect(statements.map(({ statement: { ghost: step } }) => step?.step)).toEqual(['begin', 'remember', 'swap']);
    await insert();
    await waitUntil(() => rig.events().length === 1, { what: 'the row behind', ...WAIT });
    expect(statements).toHaveLength(3);
    const leftOut = rig.warnings.filter((event) => event.kind === 'warning' && event.code === 'SOURCE_GHOST_LEFT_OUT');
    expect(leftOut).toMatchObject([{ message: expect.stringContaining(`${ghost} `) }]);
  });

  it('sends a swap whose table is dropped before, and the end of a ghost that is given up', async () => {
    const { loadAll, statements } = await start();
    loadAll();
    const ghost = `${schema}._item_new`;
    for (const statement of [
      `CREATE TABLE ${ghost} (id INT PRIMARY KEY)`,
      `DROP TABLE IF EXISTS ${ghost}`,
      `CREATE TABLE ${ghost} (id INT PRIMARY KEY AUTO_INCREMENT, data TEXT)`,
      `ALTER TABLE ${ghost} ADD COLUMN extra INT`,
      'SET foreign_key_checks = 0',
      `DROP TABLE IF EXISTS ${schema}.item`,
      `RENAME TABLE ${ghost} TO ${schema}.item`,
    ])
      await connection.query(statement);
    await waitUntil(() => statements.length === 6, { what: 'six steps', ...WAIT });
    const steps = statements.map(({ statement: { ghost: step, kind } }) => step?.step ?? kind);
    expect(steps).toEqual(['begin', 'forget', 'begin', 'remember', 'drop', 'swap']);
    await insert();
    await waitUntil(() => rig.events().length === 1, { what: 'the row behind', ...WAIT });
  });

  it('tells every table that a statement moves rows to or from, be the first one mapped or not', async () => {
    const parts = 'PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))';
    const item = `${schema}.item_2`;
    await connection.query(`CREATE TABLE ${schema}.archive (id INT PRIMARY KEY) ${parts}`);
    await connection.query(`CREATE TABLE ${item} (id INT PRIMARY KEY)`);
    const { loadAll, statements } = await start();
    loadAll();
    const moves = [`ALTER TABLE ${schema}.archive EXCHANGE PARTITION p0 WITH TABLE ${item}`];
    if (name === 'mariadbSource')
      moves.push(
        `ALTER TABLE ${schema}.archive CONVERT PARTITION p1 TO TABLE ${schema}.item_3`,
        `ALTER TABLE ${schema}.archive CONVERT TABLE ${schema}.item_3 TO PARTITION p1 VALUES LESS THAN (20)`,
      );
    for (const move of moves) await connection.query(move);
    await connection.query(`CREATE TABLE ${schema}.item_4 LIKE ${schema}.archive`);
    await waitUntil(() => statements.length > moves.length, { what: 'the statements', ...WAIT });
    const seconds = statements.map(({ statement }) => statement.tables.map(({ table }) => table).join());
    const expected = ['archive,item_2', 'archive,item_3', 'archive,item_3'].slice(0, moves.length);
    expect(seconds).toEqual([...expected, 'item_4']);
    expect(statements.at(-1)?.statement.beside).toEqual([{ schema, table: 'archive' }]);
  });

  it('stops before a mapped table that a statement filled, whose rows were not logged', async () => {
    await start();
    rig.loadAll();
    await connection.query("SET SESSION binlog_format = 'STATEMENT'");
    await connection.query(`CREATE TABLE ${schema}.item_2 SELECT 'secret' AS data`);
    const failure = await rig.running.then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'SOURCE_DDL_STOPPED', details: { tables: [`${schema}.item_2`] } });
    expect(String(failure)).not.toContain('secret');
    expect(rig.statements).toEqual([]);
  });

  it('tells once of an ordinary table that is called as one of a schema change, and passes its rows', async () => {
    await connection.query(`CREATE TABLE ${schema}._item_old (id INT)`);
    const { loadAll } = await start();
    loadAll();
    for (const id of [1, 2]) {
      await connection.query(`INSERT INTO ${schema}._item_old (id) VALUES (${String(id)})`);
      // Another form of the table is another table map.
      await connection.query(`ALTER TABLE ${schema}._item_old ADD COLUMN c${String(id)} INT`);
    }
    await insert();
    await waitUntil(() => rig.events().length === 1, { what: 'the row of the mapped table', ...WAIT });
    const told = (): readonly unknown[] =>
      rig.warnings.filter((event) => event.kind === 'warning' && event.code === 'SOURCE_GHOST_LEFT_OUT');
    await waitUntil(() => told().length > 0, { what: 'the warning', ...WAIT });
    expect(told()).toMatchObject([{ message: expect.stringContaining(`Rows of ${schema}._item_old are left out`) }]);
  });

  it('passes over what a person decided to skip, under a policy that stops', async () => {
    await connection.query(`TRUNCATE TABLE ${schema}.item`);
    await start({ ddl: 'sync', ddlByKind: { truncate: 'fail', alter: 'skip' } });
    rig.loadAll();
    await connection.query(`ALTER TABLE ${schema}.item ADD COLUMN extra INT`);
    await waitUntil(() => rig.warnings.length === 1, { what: 'a warning', ...WAIT });
    expect(rig.warnings[0]).toMatchObject({ code: 'SOURCE_DDL_SKIPPED' });
    await connection.query(`TRUNCATE TABLE ${schema}.item`);
    const failure = await rig.running.then(
      () => null,
      (error: unknown) => error as { code: string; details: Record<string, unknown> },
    );
    expect(failure).toMatchObject({ code: 'SOURCE_DDL_STOPPED' });
    expect(typeof failure?.details['transaction']).toBe('string');
    expect(texts()).toEqual([]);
  });

  if (name === 'mariadbSource')
    it('takes an ALTER in two phases once, when it is decided', async () => {
      const { loadAll, statements } = await start();
      loadAll();
      await connection.query('SET SESSION binlog_alter_two_phase = 1');
      await connection.query(`ALTER TABLE ${schema}.item ADD COLUMN extra INT, ALGORITHM = COPY`);
      await connection.query(`INSERT INTO ${schema}.item (data) VALUES ('a'), ('a')`);
      await connection
        .query(`ALTER TABLE ${schema}.item ADD UNIQUE u (data(5)), ALGORITHM = COPY`)
        .catch(() => undefined);
      await insert();
      await waitUntil(() => rig.events().length >= 2, { what: 'the rows', ...WAIT });
      expect(texts()).toEqual([`ALTER TABLE ${schema}.item ADD COLUMN extra INT, ALGORITHM = COPY`]);
      expect(statements).toHaveLength(1);
    });
});
