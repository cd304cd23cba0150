// Goal: rules of rows hold at real targets: filter, explode, soft delete, route, and what is known of a change, also in tables
// without a key.
// Method: one busy source table under a mapping for each rule, at once to MariaDB and MySQL; afterwards each target table holds
// what a query over the source says.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { connectTo, runSql, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import fc from 'fast-check';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TRANSACTIONS = 300;
const ROWS_AT_ONCE = 5;

const SOURCE =
  'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, amount INT NULL, region VARCHAR(5) NOT NULL, tags JSON NULL, words VARCHAR(40) NULL) ENGINE=InnoDB';
const BIN = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const TARGETS = [
  'CREATE TABLE large (id INT NOT NULL PRIMARY KEY, amount INT NULL, region VARCHAR(5) NOT NULL)',
  `CREATE TABLE tagged (id INT NOT NULL, tag VARCHAR(20) ${BIN} NOT NULL, region VARCHAR(5) NOT NULL, PRIMARY KEY (id, tag))`,
  `CREATE TABLE worded (id INT NOT NULL, n INT NOT NULL, word VARCHAR(20) ${BIN} NOT NULL, PRIMARY KEY (id, n))`,
  'CREATE TABLE kept (id INT NOT NULL PRIMARY KEY, amount INT NULL, gone TINYINT(1) NOT NULL, done VARCHAR(10) NOT NULL, gtid VARCHAR(80) NOT NULL, at DATETIME(6) NOT NULL)',
  'CREATE TABLE in_eu (id INT NOT NULL PRIMARY KEY, amount INT NULL)',
  'CREATE TABLE in_us (id INT NOT NULL PRIMARY KEY, amount INT NULL)',
  'CREATE TABLE moved (id INT NOT NULL PRIMARY KEY, region VARCHAR(5) NOT NULL, amount INT NULL)',
  'CREATE TABLE keyless (region VARCHAR(5) NOT NULL, amount INT NULL, gtid VARCHAR(80) NOT NULL)',
];

const taking = (...names: readonly string[]): Pick<MappingCreateDto, 'columns'> => ({
  columns: { mode: 'list', columns: names.map((source) => ({ source, target: source })) },
});
const fact = (target: string, name: 'gtid' | 'operation' | 'commitTime') => ({
  target,
  from: { kind: 'fact' as const, fact: name },
});

const mappingsOf = (schema: string): MappingCreateDto[] => {
  const into = (table: string) => ({ source: { schema, table: { exact: 'orders' } }, target: { schema, table } });
  return [
    { ...into('large'), ...taking('id', 'amount', 'region'), rules: { rows: { filter: 'amount > 50' } } },
    {
      ...into('tagged'),
      ...taking('id', 'region'),
      rules: { rows: { explode: { column: 'tags', by: { kind: 'json' }, as: 'tag' } } },
    },
    {
      ...into('worded'),
      ...taking('id'),
      rules: {
        rows: { explode: { column: 'words', by: { kind: 'delimiter', separator: ',' }, as: 'word', positionAs: 'n' } },
      },
    },
    {
      ...into('kept'),
      ...taking('id', 'amount'),
      rules: {
        rows: { softDelete: { column: 'gone', deleted: true, present: false } },
        columns: [fact('done', 'operation'), fact('gtid', 'gtid'), fact('at', 'commitTime')],
      },
    },
    {
      ...into('in_eu'),
      ...taking('id', 'amount'),
      rules: { route: { expression: "'in_' + region", tables: ['in_eu', 'in_us'] } },
    },
    {
      ...into('moved'),
      ...taking('id', 'region', 'amount'),
      rules: { rows: { filter: "row.kind != 'update' || before.id != after.id || before.region != after.region" } },
    },
    { ...into('keyless'), ...taking('region', 'amount'), rules: { columns: [fact('gtid', 'gtid')] } },
  ];
};

/** So that every rule has rows in the end. */
const LAST = `REPLACE INTO orders VALUES (20, 99, 'eu', '["a"]', 'x,y'), (21, 99, 'us', NULL, NULL); INSERT INTO seen VALUES (20), (21); UPDATE orders SET amount = 98 WHERE id = 20`;

/** [what stands at the target, what the source says]. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['SELECT id, amount, region FROM large', 'SELECT id, amount, region FROM orders WHERE amount > 50'],
  [
    'SELECT id, tag, region FROM tagged',
    "SELECT DISTINCT o.id, t.tag COLLATE utf8mb4_bin AS tag, o.region FROM orders o, JSON_TABLE(o.tags, '$[*]' COLUMNS (tag VARCHAR(20) PATH '$')) t",
  ],
  [
    'SELECT id, GROUP_CONCAT(word ORDER BY n) AS words, COUNT(*) AS n, MAX(n) AS last FROM worded GROUP BY id',
    "SELECT id, words, 1 + CHAR_LENGTH(words) - CHAR_LENGTH(REPLACE(words, ',', '')) AS n, CHAR_LENGTH(words) - CHAR_LENGTH(REPLACE(words, ',', '')) AS last FROM orders WHERE words <> ''",
  ],
  ['SELECT id, amount FROM kept WHERE gone = 0', 'SELECT id, amount FROM orders'],
  ["SELECT id FROM kept WHERE gone = 1 AND done = 'insert'", 'SELECT id FROM orders WHERE FALSE'],
  ['SELECT id FROM kept', 'SELECT id FROM seen'],
  ['SELECT id, amount FROM in_eu', "SELECT id, amount FROM orders WHERE region = 'eu'"],
  ['SELECT id, amount FROM in_us', "SELECT id, amount FROM orders WHERE region = 'us'"],
  ['SELECT id, region FROM moved', 'SELECT id, region FROM orders'],
  // Of a row that has not moved the other changes are passed over.
  ['SELECT amount FROM moved WHERE id = 20', 'SELECT amount + 1 FROM orders WHERE id = 20'],
  [
    'SELECT region, amount, COUNT(*) AS n FROM keyless GROUP BY 1, 2',
    'SELECT region, amount, COUNT(*) AS n FROM orders GROUP BY 1, 2',
  ],
];

const id = fc.integer({ min: 1, max: 12 }).map(String);
const amount = fc.constantFrom('NULL', '1', '50', '51', '99');
const region = fc.constantFrom("'eu'", "'us'");
const tags = fc.constantFrom('NULL', "'[]'", `'["a"]'`, `'["b","a"]'`, `'["A","a","a",7]'`, `'["c","é"]'`);
const words = fc.constantFrom('NULL', "''", "'x'", "'y,x'", "'x,y,z'");
const statement: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc
    .tuple(id, amount, region, tags, words)
    .map((values) => [
      `INSERT IGNORE INTO orders VALUES (${values.join(',')})`,
      `INSERT IGNORE INTO seen VALUES (${values[0]})`,
    ]),
  fc.tuple(id, amount).map(([key, value]) => [`UPDATE orders SET amount = ${value} WHERE id = ${key}`]),
  fc
    .tuple(id, region, tags)
    .map(([key, place, list]) => [`UPDATE orders SET region = ${place}, tags = ${list} WHERE id = ${key}`]),
  fc.tuple(id, words).map(([key, list]) => [`UPDATE orders SET words = ${list} WHERE id >= ${key}`]),
  id.map((key) => [`DELETE FROM orders WHERE id = ${key}`]),
  fc
    .tuple(id, id)
    .map(([key, next]) => [
      `UPDATE IGNORE orders SET id = ${next} WHERE id = ${key}`,
      `INSERT IGNORE INTO seen SELECT id FROM orders`,
    ]),
);

describe('rules of rows', () => {
  let e2e: E2eStack;
  const servers = testServers();
  const targets: Readonly<Record<string, DatabaseServer>> = { mariadb: servers.mariadbTarget, mysql: servers.mysql };

  beforeAll(async () => {
    e2e = await startE2eStack('mapping-rows');
    const { schema, stack } = e2e;
    await e2e.atSource(SOURCE, 'CREATE TABLE seen (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB');
    await e2e.atTarget(...TARGETS);
    await runSql(servers.mysql, [`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`, `USE ${schema}`, ...TARGETS]);
    await stack.createPipeline({ mappings: mappingsOf(schema) });
    await stack.createPipeline({ mappings: mappingsOf(schema), target: servers.mysql });
  }, 240_000);

  afterAll(async () => {
    await runSql(servers.mysql, [`DROP DATABASE IF EXISTS ${e2e.schema}`]);
    await e2e.stop();
  }, 120_000);

  it('leave at both targets what queries over the source say', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const transactions = fc.sample(fc.array(statement, { minLength: 1, maxLength: ROWS_AT_ONCE }), {
      seed,
      numRuns: TRANSACTIONS,
    });
    const connection = await connectTo(servers.mariadbSource, e2e.schema);
    try {
      for (const statements of transactions)
        await connection.query(['BEGIN', ...statements.flat(), 'COMMIT'].join('; '));
      await connection.query(LAST);
    } finally {
      connection.destroy();
    }
    for (const [atTarget, atSource] of PAIRS) {
      const wanted = await e2e.ask('source', atSource);
      expect({ atSource, isEmpty: wanted.length === 0 }).toEqual({ atSource, isEmpty: atSource.endsWith('FALSE') });
      for (const [name, server] of Object.entries(targets)) {
        const found = await e2e.askUntil(server, atTarget, wanted);
        expect({ seed, name, atTarget, found }).toEqual({ seed, name, atTarget, found: wanted });
      }
    }
  }, 240_000);
});
