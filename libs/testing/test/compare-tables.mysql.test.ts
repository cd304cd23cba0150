import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compareTables, runSql, samePair, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

// Goal: two sides are called equal only when every value of every row is the same, and the place of a difference is named.
// Method: fill the same table on two real servers, then change one value, drop one row, or only its spelling.
const schema = `cmp_${randomBytes(4).toString('hex')}`;
const { mariadbSource, mariadbTarget, mysql } = testServers();

const create = `CREATE TABLE \`${schema}\`.t (
  id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(40), amount DECIMAL(30,10), ratio FLOAT, big DOUBLE, flags BIT(5),
  kind ENUM('a','b,c'), options SET('x','y'), born DATE, at DATETIME(6), seen TIMESTAMP(3) NULL, raw VARBINARY(20),
  blobbed LONGBLOB, doc JSON, place POINT)`;

const insert = `INSERT INTO \`${schema}\`.t VALUES
  (1, 'Žluťoučký 😀', 12345678901234567890.0123456789, 0.1, 1e300, b'10101', 'b,c', 'x,y', '2024-02-29',
   '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59.999', x'00ff', REPEAT(x'00ff41', 5000), '{"b": 1, "a": [1.50, "\\\\u00e9"]}', ST_GeomFromText('POINT(1 2)')),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (18446744073709551615, '', 0, -0.5, 0, b'0', 'a', '', '1000-01-01', '1000-01-01 00:00:00', '2038-01-19 03:14:07', '', '', '[]', NULL)`;

async function fill(server: DatabaseServer): Promise<void> {
  await runSql(server, [
    "SET time_zone = '+00:00'",
    `DROP DATABASE IF EXISTS \`${schema}\``,
    `CREATE DATABASE \`${schema}\` CHARACTER SET utf8mb4`,
    create,
    insert,
  ]);
}

beforeAll(async () => {
  await Promise.all([mariadbSource, mysql].map(fill));
});

afterAll(async () => {
  await Promise.all(
    [mariadbSource, mariadbTarget, mysql].map((server) => runSql(server, [`DROP DATABASE IF EXISTS \`${schema}\``])),
  );
});

describe('compareTables', () => {
  it('calls the same rows equal, and says how many there are', async () => {
    await fill(mariadbTarget);
    const [comparison] = await compareTables(mariadbSource, mariadbTarget, [samePair(schema, 't')]);
    expect(comparison).toMatchObject({
      isEqual: true,
      firstDifference: null,
      source: { rows: 3 },
      target: { rows: 3 },
    });
    expect(comparison?.source.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('calls MySQL and MariaDB equal although they print JSON differently', async () => {
    const [comparison] = await compareTables(mysql, mariadbSource, [
      {
        ...samePair(schema, 't'),
        columns: ['id', 'name', 'amount', 'ratio', 'big', 'flags', 'at', 'seen', 'blobbed', 'doc'].map((name) => ({
          source: name,
          target: name,
        })),
      },
    ]);
    expect(comparison).toMatchObject({ isEqual: true, firstDifference: null });
  });

  it.each([
    ['one character in another case', "UPDATE t SET name = 'žluťoučký 😀' WHERE id = 1", '1'],
    ['the last digit of a decimal', 'UPDATE t SET amount = 12345678901234567890.0123456788 WHERE id = 1', '1'],
    ['one float that prints the same with six digits', 'UPDATE t SET ratio = 0.10000001 WHERE id = 1', '1'],
    ['one microsecond', "UPDATE t SET at = '2024-02-29 23:59:59.999998' WHERE id = 1", '1'],
    ['one byte of a long value', "UPDATE t SET blobbed = CONCAT(REPEAT(x'00ff41', 4999), x'00ff42') WHERE id = 1", '1'],
    ['an empty text instead of NULL', "UPDATE t SET name = '' WHERE id = 2", '2'],
    ['trailing blanks', "UPDATE t SET name = ' ' WHERE id = 18446744073709551615", '18446744073709551615'],
    ['a JSON value', 'UPDATE t SET doc = \'{"b": 1, "a": [1.5, "é"]}\' WHERE id = 1', '1'],
    ['a missing row', 'DELETE FROM t WHERE id = 2', '2 at the source, 18446744073709551615 at the target'],
    ['one row too many', 'INSERT INTO t (id) VALUES (7)', '18446744073709551615 at the source, 7 at the target'],
  ])('finds %s', async (_what, statement, where) => {
    await fill(mariadbTarget);
    await runSql(mariadbTarget, [`USE \`${schema}\``, statement]);
    const [comparison] = await compareTables(mariadbSource, mariadbTarget, [samePair(schema, 't')]);
    expect(comparison).toMatchObject({ isEqual: false, firstDifference: where });
  });

  it('refuses a table that does not exist', async () => {
    await expect(compareTables(mariadbSource, mariadbTarget, [samePair(schema, 'nothing')])).rejects.toThrow(
      `There is no table ${schema}.nothing`,
    );
  });
});
