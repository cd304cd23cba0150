/**
 * Goal: rows that only a server with settings of its own writes, or only some tables have, are read as what SELECT shows.
 * Method: MariaDB with compressed events on a server of the test's own; very wide tables, columns added instantly and the
 * error value of ENUM on the shared servers.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { databaseMatrix, OwnServer, testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

jest.setTimeout(120_000);

const schemaName = (): string => `lutra_own_${randomBytes(4).toString('hex')}`;

describe('compressed rows events of MariaDB', () => {
  const schema = schemaName();
  let server: OwnServer;
  let log: LoggedChanges;

  beforeAll(async () => {
    server = await OwnServer.start({
      program: 'mariadb',
      extra: ['--log-bin-compress=ON', '--log-bin-compress-min-len=10', '--mysql56-temporal-format=OFF'],
    });
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(async () => {
    await log.close();
    await server.close();
  });

  it.each([1, 40, 300, 70_000, 3_000_000])('of values of %d bytes', async (length) => {
    const table = `${schema}.t${String(length)}`;
    const select = `SELECT id, text, HEX(data) FROM ${table} ORDER BY id`;
    const raw = await log.rawEvents([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, text LONGTEXT, data LONGBLOB)`,
      `INSERT INTO ${table} VALUES (1, REPEAT('ab', ${String(length)} / 2), REPEAT(x'00ff', ${String(length)} / 2)), (2, NULL, '')`,
    ]);
    const [inserted] = await log.connection.query(select);
    raw.push(...(await log.rawEvents([`UPDATE ${table} SET text = CONCAT(text, 'ä'), data = NULL`])));
    const [updated] = await log.connection.query(select);
    raw.push(...(await log.rawEvents([`DELETE FROM ${table}`])));
    const types = raw.map(({ bytes }) => bytes[4] ?? 0).filter((type) => type !== 19);
    expect(types.some((type) => type >= 166 && type <= 171)).toBe(true);
    const rows = (await log.decode(raw)).flatMap((event) => event.rows);
    const images = [...rows.slice(0, 2).map(({ after }) => after), ...rows.slice(2, 4).map(({ after }) => after)];
    const hexed = images.map((image) => image?.map((value) => (value instanceof Uint8Array ? hex(value) : value)));
    expect(hexed).toEqual([...(inserted as unknown[]), ...(updated as unknown[])]);
    expect(rows.slice(4).map(({ before }) => before?.[0])).toEqual([1, 2]);
  });

  it('hold the temporal types of before 10.1, and negative and zero values', async () => {
    const table = `${schema}.old_times`;
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, d DATETIME, t TIME, s TIMESTAMP NULL, y YEAR, x DATE)`,
      `INSERT INTO ${table} VALUES (1, '2024-02-29 23:59:58', '-838:59:59', '2024-02-29 23:59:58', 1901, '9999-12-31'),
        (2, '0000-00-00', '-00:00:01', '0000-00-00', 0, '0000-00-00'), (3, '1000-01-01', '12:00:00', NULL, 2155, NULL)`,
    ]);
    const [selected] = await log.connection.query(
      `SELECT id, CAST(d AS CHAR), CAST(t AS CHAR), CAST(s AS CHAR), y, CAST(x AS CHAR) FROM ${table} ORDER BY id`,
    );
    expect(events.flatMap(({ rows }) => rows.map(({ after }) => after))).toEqual(selected);
  });
});

describe.each([
  // MariaDB's file of a table's definition is full before it has 4096 columns.
  ['MariaDB', testServers().mariadbSource, 2_000],
  ['MySQL', testServers().mysql, 4_096],
])('rows of unusual tables of %s', (_name, server, width) => {
  const schema = schemaName();
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(() => log.close());

  it(`have ${String(width)} columns`, async () => {
    const columns = Array.from({ length: width - 1 }, (_, index) => `c${String(index)} TINYINT`).join(', ');
    const events = await log.changes([
      `CREATE TABLE ${schema}.wide (id INT PRIMARY KEY, ${columns}) ENGINE = MyISAM`,
      `INSERT INTO ${schema}.wide (id, c0, c${String(width - 2)}) VALUES (1, 5, -7)`,
      'SET SESSION binlog_row_image = MINIMAL',
      `UPDATE ${schema}.wide SET c${String(width - 3)} = 3`,
      'SET SESSION binlog_row_image = FULL',
    ]);
    const [inserted, updated] = events.flatMap(({ rows }) => [...rows]);
    expect(inserted?.after).toEqual([1, 5, ...Array.from({ length: width - 3 }, () => null), -7]);
    expect(updated?.before).toEqual([1, ...Array.from({ length: width - 1 }, () => undefined)]);
    expect(updated?.after?.flatMap((value, index) => (value === undefined ? [] : [[index, value]]))).toEqual([
      [width - 2, 3],
    ]);
  });

  it('have columns that were added and dropped instantly', async () => {
    const table = `${schema}.instant`;
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, a VARCHAR(9))`,
      `INSERT INTO ${table} VALUES (1, 'old')`,
      `ALTER TABLE ${table} ADD COLUMN b INT DEFAULT 7, ALGORITHM = INSTANT`,
      `UPDATE ${table} SET a = 'new'`,
      `ALTER TABLE ${table} DROP COLUMN a, ALGORITHM = INSTANT`,
      `UPDATE ${table} SET b = 8`,
    ]);
    expect(events.flatMap(({ rows }) => [...rows])).toEqual([
      { after: [1, 'old'] },
      { before: [1, 'old', 7], after: [1, 'new', 7] },
      { before: [1, 7], after: [1, 8] },
    ]);
  });

  it('hold the error value of an ENUM, which is never taken for the label of no letters', async () => {
    const events = await log.changes([
      `CREATE TABLE ${schema}.plain (id INT PRIMARY KEY, e ENUM('a'))`,
      `INSERT IGNORE INTO ${schema}.plain VALUES (1, 'unknown'), (2, NULL)`,
    ]);
    expect(events[0]?.rows).toEqual([{ after: [1, ''] }, { after: [2, null] }]);
    const labelled = await log.changes([
      `CREATE TABLE ${schema}.labelled (id INT PRIMARY KEY, e ENUM('a', ''))`,
      `INSERT INTO ${schema}.labelled VALUES (1, '')`,
    ]);
    expect(labelled[0]?.rows).toEqual([{ after: [1, ''] }]);
    const raw = await log.rawEvents([`INSERT IGNORE INTO ${schema}.labelled VALUES (2, 'unknown')`]);
    await expect(log.decode(raw)).rejects.toMatchObject({
      code: 'SOURCE_EVENT_UNSUPPORTED',
      details: { table: `${schema}.labelled`, column: 'e' },
    });
  });
});

const { run: withVector } = await databaseMatrix(['mariadb-11.8']);

describe.each([{ program: 'mysql' as const }, ...withVector])('VECTOR of $program', ({ program }) => {
  const schema = schemaName();
  let server: OwnServer;
  let log: LoggedChanges;

  beforeAll(async () => {
    server = await OwnServer.start({ program });
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(async () => {
    await log.close();
    await server.close();
  });

  it.each(['FULL', 'MINIMAL'])('is its floats, with %s metadata', async (metadata) => {
    const table = `${schema}.v${metadata}`;
    const read = program === 'mysql' ? 'STRING_TO_VECTOR' : 'VEC_FromText';
    const events = await log.changes([
      `SET GLOBAL binlog_row_metadata = ${metadata}`,
      `CREATE TABLE ${table} (id INT PRIMARY KEY, v VECTOR(3), w VECTOR(100), b VARBINARY(12))`,
      `INSERT INTO ${table} VALUES (1, ${read}('[1,2.5,-3]'), NULL, x'0102')`,
    ]);
    const floats = Buffer.from('0000803F00002040000040C0', 'hex');
    expect(events[0]?.rows).toEqual([{ after: [1, floats, null, Buffer.from([1, 2])] }]);
    expect(events[0]?.table.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'id integer',
      'v binary',
      'w binary',
      'b binary',
    ]);
  });
});

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex').toUpperCase();
