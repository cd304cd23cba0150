/**
 * Goal: partial images, session flags, tables without logged metadata and tables that change while rows are on their way
 * are read as what they were when they were written, or refused.
 * Method: statements on real servers; what a server with less metadata would log is made by cutting the table map.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { RawEvent } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from './logged-changes.ts';

jest.setTimeout(60_000);

const servers = testServers();

/** The table map without its optional metadata, as MariaDB writes it by default. */
function withoutMetadata(event: RawEvent): RawEvent {
  if (event.type !== 'tableMap') return event;
  const bytes = Buffer.from(event.bytes);
  let at = 27;
  for (let name = 0; name < 2; name += 1) at += bytes.readUInt8(at) + 2;
  const columns = bytes.readUInt8(at);
  const metadataAt = at + 1 + columns;
  return { ...event, bytes: bytes.subarray(0, metadataAt + 1 + bytes.readUInt8(metadataAt) + ((columns + 7) >> 3)) };
}

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('rows events of %s', (_name, server) => {
  const schema = `lutra_images_${randomBytes(4).toString('hex')}`;
  let log: LoggedChanges;
  let tables = 0;
  const newTable = (): string => `${schema}.t${String((tables += 1))}`;
  const images = (events: readonly DecodedEvent[]): unknown[] => events.flatMap(({ rows }) => rows);

  beforeAll(async () => {
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(() => log.close());

  it('leave absent columns undefined in MINIMAL images', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (a INT, id INT, b VARCHAR(9) DEFAULT 'd', PRIMARY KEY (id))`,
      'SET binlog_row_image = MINIMAL',
      `INSERT INTO ${table} (id) VALUES (1)`,
      `UPDATE ${table} SET a = NULL, b = 'x'`,
      `UPDATE ${table} SET id = 2`,
      `DELETE FROM ${table}`,
      'SET binlog_row_image = FULL',
    ]);
    const [inserted, ...others] = images(events);
    expect((inserted as { after: unknown[] }).after[1]).toBe(1);
    expect(others.at(-1)).toEqual({ before: [undefined, 2, undefined] });
    expect(others.at(-2)).toEqual({ before: [undefined, 1, undefined], after: [undefined, 2, undefined] });
    expect(others[0]).toMatchObject({ before: [undefined, 1, undefined], after: { 2: 'x' } });
  });

  it('tell a row of nothing but defaults, which a MINIMAL image leaves no column of', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY DEFAULT 5, b INT DEFAULT 6)`,
      'SET binlog_row_image = MINIMAL',
      `INSERT INTO ${table} () VALUES ()`,
      'SET binlog_row_image = FULL',
    ]);
    expect(images(events)).toEqual([{ after: [undefined, undefined] }]);
  });

  it('leave untouched large columns undefined in NOBLOB images', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, data BLOB, n INT)`,
      `INSERT INTO ${table} VALUES (1, 'data', 1)`,
      'SET binlog_row_image = NOBLOB',
      `UPDATE ${table} SET n = 2`,
      'SET binlog_row_image = FULL',
    ]);
    expect(images(events).at(-1)).toEqual({ before: [1, undefined, 1], after: [1, undefined, 2] });
  });

  it('carry the checks that the session had switched off', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (id INT PRIMARY KEY)`,
      `INSERT INTO ${table} VALUES (1)`,
      'SET foreign_key_checks = 0, unique_checks = 0',
      `INSERT INTO ${table} VALUES (2)`,
      'SET foreign_key_checks = 1, unique_checks = 1',
    ]);
    expect(events.map(({ flags }) => flags & 6)).toEqual([0, 6]);
  });

  it('keep the shape that the table had when they were written', async () => {
    const table = newTable();
    const events = await log.changes(
      [
        `CREATE TABLE ${table} (id INT PRIMARY KEY, v CHAR(5))`,
        `INSERT INTO ${table} VALUES (1, 'a')`,
        `ALTER TABLE ${table} ADD COLUMN w INT FIRST, MODIFY v BIGINT`,
        `INSERT INTO ${table} VALUES (7, 2, 3)`,
        `ALTER TABLE ${table} DROP PRIMARY KEY, DROP COLUMN v, ADD PRIMARY KEY (w, id)`,
        `INSERT INTO ${table} VALUES (8, 3)`,
      ].map((statement) => statement.replace("'a'", "'1'")),
    );
    expect(events.map(({ table: shape }) => shape.columns.map(({ name }) => name))).toEqual([
      ['id', 'v'],
      ['w', 'id', 'v'],
      ['w', 'id'],
    ]);
    expect(events.map(({ table: shape }) => shape.primaryKey)).toEqual([[0], [1], [0, 1]]);
    expect(images(events)).toEqual([{ after: [1, '1'] }, { after: [7, 2, 3n] }, { after: [8, 3] }]);
  });

  it('name the columns of a key with prefixes, in key order', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (a INT, b VARCHAR(100), c INT, PRIMARY KEY (c, b(10)))`,
      `INSERT INTO ${table} VALUES (1, 'b', 2)`,
    ]);
    expect(events[0]?.table.primaryKey).toEqual([2, 1]);
  });

  it('are read alike with metadata and with information_schema', async () => {
    const table = newTable();
    const raw = await log.rawEvents([
      `CREATE TABLE ${table} (id BIGINT UNSIGNED, small TINYINT, price DECIMAL(8,3), c CHAR(7), v VARCHAR(200), l VARCHAR(50)
        CHARACTER SET latin1, b BINARY(3), vb VARBINARY(300), t MEDIUMTEXT, bl TINYBLOB, e ENUM('a,b','it''s'), s SET('x','y'),
        bits BIT(12), y YEAR, d DATE, ti TIME(1), dt DATETIME(2), ts TIMESTAMP(5) NULL, f FLOAT, do DOUBLE, j JSON, g POINT,
        PRIMARY KEY (small, id))`,
      `INSERT INTO ${table} VALUES (18446744073709551615, -1, -1.5, 'é', '漢', 'ß€', x'01', x'02', 'text', x'ff', 'it''s', 'x,y', 5,
        2000, '2024-01-01', '-01:00:00.5', '2024-01-01 00:00:00.25', '2024-01-01 00:00:00.12345', 1.5, 2.5, '{"a": 1}', POINT(1, 2))`,
    ]);
    const [logged] = await log.decode(raw);
    const [asked] = await log.decode(raw.map(withoutMetadata));
    expect(asked?.rows).toEqual(logged?.rows);
    expect(asked?.table.primaryKey).toEqual([1, 0]);
    const words = (event: DecodedEvent | undefined) =>
      event?.table.columns.map(({ name, kind, declared, charset, length }) => ({
        name,
        kind,
        declared,
        charset,
        length,
      }));
    expect(words(asked)).toEqual(words(logged));
  });

  it('are refused without metadata when the table has changed since', async () => {
    const table = newTable();
    const raw = await log.rawEvents([
      `CREATE TABLE ${table} (id INT PRIMARY KEY, v VARCHAR(10))`,
      `INSERT INTO ${table} VALUES (1, 'a')`,
      `ALTER TABLE ${table} ADD COLUMN w INT FIRST`,
    ]);
    await expect(log.decode(raw.map(withoutMetadata))).rejects.toMatchObject({
      code: 'SOURCE_SCHEMA_MISMATCH',
      details: { table, logged: 'integer4, varchar40', now: 'w integer4, id integer4, v varchar40' },
    });
    await log.connection.query(`DROP TABLE ${table}`);
    await expect(log.decode(raw.map(withoutMetadata))).rejects.toMatchObject({
      code: 'SOURCE_SCHEMA_MISMATCH',
      details: { table },
    });
  });

  it('carry generated and invisible columns', async () => {
    const table = newTable();
    const events = await log.changes([
      `CREATE TABLE ${table} (a INT PRIMARY KEY, v INT GENERATED ALWAYS AS (a + 1) VIRTUAL, s INT GENERATED ALWAYS AS (a + 2) STORED, i INT INVISIBLE DEFAULT 9)`,
      `INSERT INTO ${table} (a) VALUES (1)`,
    ]);
    expect(events[0]?.table.columns.map(({ name }) => name)).toEqual(['a', 'v', 's', 'i']);
    expect(images(events)).toEqual([{ after: [1, 2, 3, 9] }]);
  });
});
