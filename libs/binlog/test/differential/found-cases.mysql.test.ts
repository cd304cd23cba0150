/**
 * Goal: what the differential test found once stays found.
 * Method: the smallest tables of its counter-examples, written to both servers, decoded and compared with SELECT.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { testServers } from '@lutra/testing';
import { LoggedChanges } from '../decoder/logged-changes.ts';

jest.setTimeout(60_000);

const servers = testServers();

/** A column of each of three charsets around columns that have a place in the log's list of charsets, or none. */
const around = (middle: string): string =>
  `a VARCHAR(9) CHARACTER SET utf8mb3, m1 ${middle}, b VARCHAR(9) CHARACTER SET latin1, c VARBINARY(9), m2 ${middle}, d TEXT CHARACTER SET gbk`;
const TEXTS = "(a, b, c, d) VALUES ('漢', 'ä€', 'bytes', '汉字')";
const DECODED = ['漢', null, 'ä€', Buffer.from('bytes'), null, '汉字'];

describe.each([
  ['MariaDB', servers.mariadbSource],
  ['MySQL', servers.mysql],
])('%s', (_name, server) => {
  const schema = `lutra_found_${randomBytes(4).toString('hex')}`;
  let log: LoggedChanges;

  beforeAll(async () => {
    log = await LoggedChanges.open(server, schema);
  });
  afterAll(() => log.close());

  it.each([
    'geometry',
    'json',
    "enum('x')",
    "set('x')",
    'bit(9)',
    ...(server.kind === 'mysql' ? ['vector(2)'] : ['uuid']),
  ])('keeps charsets in their columns around %s', async (middle) => {
    const table = `${schema}.around_${middle.slice(0, 3)}`;
    const events = await log.changes([`CREATE TABLE ${table} (${around(middle)})`, `INSERT INTO ${table} ${TEXTS}`]);
    expect(events.flatMap(({ rows }) => rows.map(({ after }) => after))).toEqual([DECODED]);
    expect(events[0]?.table.columns.map(({ charset }) => charset).filter((_, index) => index % 2 === 0)).toEqual(
      expect.arrayContaining(['utf8mb3', 'latin1']),
    );
  });

  if (server.kind === 'mariadb') {
    it('shortens one zero group of an INET6 as the server does', async () => {
      const addresses = [
        '1:2:3:4:5:6:7:0',
        '0:2:3:4:5:6:7:8',
        '1:0:3:0:5:6:7:0',
        '1:0:3:0:0:6:7:0',
        '0:0:0:0:ffff:0:1:2',
      ];
      const events = await log.changes([
        `CREATE TABLE ${schema}.six (id INT PRIMARY KEY AUTO_INCREMENT, v INET6)`,
        `INSERT INTO ${schema}.six (v) VALUES ${addresses.map((address) => `('${address}')`).join(', ')}`,
      ]);
      const decoded = events.flatMap(({ rows }) => rows.map(({ after }) => after?.[1]));
      expect(decoded).toEqual(await log.select(`SELECT CAST(v AS CHAR) FROM ${schema}.six ORDER BY id`));
    });
  }
});
