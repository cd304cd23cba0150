// Goal: rows arrive exactly, whatever their keys and values are (DESIGN §4, guarantees 1 and 4): keys in collations that fold
// case, accents and blanks, composite keys, changed keys, unique values that wander from row to row, sessions with other
// time zones and sql_modes at the source.
// Method: random transactions on tables made for trouble, from MariaDB to MariaDB and to MySQL at once; both targets must hold
// the same rows as the source. The seed is printed when it fails.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import { compareTables, connectTo, lutraHome, runSql, startServerGroup } from '@lutra/testing';
import type { DatabaseServer, ServerGroup } from '@lutra/testing';
import { differences, lastDifferences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TABLES: Readonly<Record<string, string>> = {
  folded:
    'k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL PRIMARY KEY, u INT NULL UNIQUE, note TEXT CHARACTER SET utf8mb4',
  composite:
    'a INT NOT NULL, b CHAR(5) CHARACTER SET latin1 NOT NULL, c DATETIME(3) NOT NULL, n BIGINT UNSIGNED, d DECIMAL(30,10), PRIMARY KEY (b, c, a)',
  bytes: "id BINARY(4) NOT NULL PRIMARY KEY, f FLOAT, g DOUBLE, b BIT(33), e ENUM('1','2','b''a'), s SET('x','y z')",
  moments:
    'd DECIMAL(12,3) NOT NULL, t TIMESTAMP(6) NULL DEFAULT NULL, dt DATETIME NULL, tm TIME(2), day DATE, y YEAR, UNIQUE KEY only_one (d)',
};
const TRANSACTIONS = 2_000;

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const literal = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  arbitrary.map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);

/** Few values, so that they meet; many of them are equal in the column's collation. */
const folded = literal(
  pick('a', 'A', 'á', 'ss', 'ß', 'e', 'é', 'E ', 'o\\', "i'", 'I', 'j', 'æ', 'ae', '日', '😀', ''),
);
const number = pick('NULL', '1', '2', '3', '4', '5');
const moment = literal(
  pick('2024-02-29 23:59:59.999', '1970-01-01 00:00:01', '2023-01-01 12:00:00.5', '9999-12-31 23:59:59'),
);
const decimal = pick('0', '-0.001', '123456789.125', '-123456789.125', '0.5');
const bytes = pick("x'00000000'", "x'01'", "x'0100'", "x'ffffffff'", "x'20202020'", "x'276c5c00'");

const statement: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(folded, number, folded).map(([k, u, note]) => `INSERT IGNORE INTO folded VALUES (${k},${u},${note})`),
  fc.tuple(folded, folded).map(([k, next]) => `UPDATE IGNORE folded SET k = ${next} WHERE k = ${k}`),
  fc.tuple(folded, number).map(([k, u]) => `UPDATE IGNORE folded SET u = ${u} WHERE k = ${k}`),
  fc.constant('UPDATE IGNORE folded SET u = u + 1 ORDER BY u DESC'),
  fc.constant('UPDATE folded SET note = CONCAT(k, IFNULL(u, 0))'),
  folded.map((k) => `DELETE FROM folded WHERE k = ${k}`),
  fc
    .tuple(pick('1', '-2'), literal(pick('é', 'e', 'E', '', 'x y')), moment, pick('0', '18446744073709551615'), decimal)
    .map(([a, b, c, n, d]) => `INSERT IGNORE INTO composite VALUES (${a},${b},${c},${n},${d})`),
  fc.tuple(decimal, pick('1', '-2')).map(([d, a]) => `UPDATE composite SET d = ${d}, n = 7 WHERE a = ${a}`),
  fc.tuple(pick('1', '-2'), moment).map(([a, c]) => `UPDATE IGNORE composite SET c = ${c}, a = -a WHERE a = ${a}`),
  pick('1', '-2', '-1', '2').map((a) => `DELETE FROM composite WHERE a = ${a} LIMIT 2`),
  fc
    .tuple(
      bytes,
      pick('0.1', '-1e-38', '16777217', 'NULL'),
      pick('0.1', '-0e0', '1.7976931348623157e308'),
      number,
      pick('NULL', "'1'", "'2'", "'b''a'"),
    )
    .map(([id, f, g, b, e]) => `INSERT IGNORE INTO bytes VALUES (${id},${f},${g},${b},${e},'y z,x')`),
  fc.tuple(bytes, bytes).map(([id, next]) => `UPDATE IGNORE bytes SET id = ${next}, b = 8589934591 WHERE id = ${id}`),
  fc.constant("UPDATE bytes SET f = f / 3, g = g / 7, s = ''"),
  fc
    .tuple(decimal, moment, literal(pick('-838:59:59', '12:34:56.78', '00:00:00')))
    .map(([d, t, tm]) => `INSERT IGNORE INTO moments VALUES (${d},${t},${t},${tm},${t},2024)`),
  fc.constant("UPDATE moments SET dt = '0000-00-00', day = '0000-00-00', y = 0"),
  fc.tuple(moment, decimal).map(([t, d]) => `UPDATE IGNORE moments SET t = ${t}, dt = ${t} WHERE d = ${d}`),
  decimal.map((d) => `UPDATE IGNORE moments SET d = d + 1 WHERE d = ${d}`),
  pick(
    "SET time_zone = '+05:30'",
    "SET time_zone = '-11:00'",
    "SET sql_mode = ''",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
  ),
);

describe('exact rows', () => {
  let servers: ServerGroup;
  let e2e: E2eStack;
  let other: DatabaseServer;

  beforeAll(async () => {
    servers = await startServerGroup({
      home: lutraHome(),
      folder: join(lutraHome(), 'e2e', 'exact-servers'),
      databases: { source: { kind: 'mariadb' }, target: { kind: 'mariadb' }, other: { kind: 'mysql' } },
    });
    const [source, target] = [must(servers.databases['source'], 'source'), must(servers.databases['target'], 'target')];
    const { nats, zookeeper } = servers;
    e2e = await startE2eStack('exact-rows', { servers: { source, target, manager: target, nats, zookeeper } });
    const create = Object.entries(TABLES).map(([name, columns]) => `CREATE TABLE ${name} (${columns}) ENGINE=InnoDB`);
    await e2e.createTables(...create);
    other = must(servers.databases['other'], 'other');
    await runSql(other, [`CREATE DATABASE ${e2e.schema}`, `USE ${e2e.schema}`, "SET sql_mode = ''", ...create]);
    await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
    await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)], target: other });
  }, 240_000);

  afterAll(async () => {
    await e2e.stop();
    await servers.stop();
  });

  it('arrive at MariaDB and MySQL', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const transactions = fc.sample(fc.array(statement, { minLength: 1, maxLength: 8 }), {
      seed,
      numRuns: TRANSACTIONS,
    });
    const { source, target } = e2e.stack.options.servers;
    const connection = await connectTo(source, e2e.schema);
    try {
      for (const statements of transactions) await connection.query(['BEGIN', ...statements, 'COMMIT'].join('; '));
    } finally {
      connection.destroy();
    }
    const pairs = e2e.pairs(...Object.keys(TABLES));
    for (const [name, server] of Object.entries({ target, other })) {
      const compare = async () => differences(await compareTables(source, server, pairs));
      const last = await lastDifferences(compare, { timeoutMs: 60_000 });
      expect({ seed, name, differences: last }).toEqual({ seed, name, differences: [] });
    }
  }, 240_000);
});
