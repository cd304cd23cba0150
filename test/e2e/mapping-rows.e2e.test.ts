// Goal: rules of rows hold at real targets: filter, explode, soft delete, route, and what is known of a change, also in tables
// without a key.
// Method: a busy source table under a mapping for each rule, at once from MariaDB to MySQL and the other way; afterwards each
// target table holds what a query over the source says, and what is known of a change is what the server's own tool reads in its log.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import fc from 'fast-check';
import type { E2eStack } from './e2e-stack.ts';
import { logEnd, readLog } from './read-log.ts';
import { startCrossedStack } from './crossed-stack.ts';
import type { CrossedStack, QueryPair } from './crossed-stack.ts';

const TRANSACTIONS = 300;
const ROWS_AT_ONCE = 5;

const SOURCE = [
  'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, amount INT NULL, region VARCHAR(5) NOT NULL, tags JSON NULL, words VARCHAR(40) NULL) ENGINE=InnoDB',
  'CREATE TABLE seen (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB',
  'CREATE TABLE begun (id INT NOT NULL PRIMARY KEY, amount INT NULL) ENGINE=InnoDB',
  'CREATE TRIGGER begin AFTER INSERT ON orders FOR EACH ROW REPLACE INTO begun VALUES (NEW.id, NEW.amount)',
];
const BIN = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const TARGETS = [
  'CREATE TABLE large (id INT NOT NULL PRIMARY KEY, amount INT NULL, region VARCHAR(5) NOT NULL)',
  `CREATE TABLE tagged (id INT NOT NULL, tag VARCHAR(20) ${BIN} NOT NULL, region VARCHAR(5) NOT NULL, PRIMARY KEY (id, tag))`,
  `CREATE TABLE worded (id INT NOT NULL, n INT NOT NULL, word VARCHAR(20) ${BIN} NOT NULL, PRIMARY KEY (id, n))`,
  'CREATE TABLE kept (id INT NOT NULL PRIMARY KEY, amount INT NULL, gone TINYINT(1) NOT NULL, done VARCHAR(10) NOT NULL, gtid VARCHAR(80) NOT NULL, at DATETIME(6) NOT NULL)',
  'CREATE TABLE inserted (id INT NOT NULL PRIMARY KEY, amount INT NULL)',
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
    { ...into('inserted'), ...taking('id', 'amount'), rules: { rows: { filter: "row.kind == 'insert'" } } },
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

const PAIRS: readonly QueryPair[] = [
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
  ['SELECT id, amount FROM inserted', 'SELECT id, amount FROM begun'],
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
  let e2e: CrossedStack;

  beforeAll(async () => {
    const mappings = ({ schema }: E2eStack) => mappingsOf(schema);
    e2e = await startCrossedStack('mapping-rows', { source: SOURCE, target: TARGETS, mappings });
  }, 240_000);

  afterAll(() => e2e.stop());

  it('leave at each target what queries over its source say', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const transactions = fc.sample(fc.array(statement, { minLength: 1, maxLength: ROWS_AT_ONCE }), {
      seed,
      numRuns: TRANSACTIONS,
    });
    const all = transactions.map((statements) => ['BEGIN', ...statements.flat(), 'COMMIT'].join('; '));
    await e2e.atSources(...all, LAST);
    const { found, wanted } = await e2e.compare(PAIRS);
    expect({ seed, found }).toEqual({ seed, found: wanted });
    const empty = Object.values(wanted).map((rows) => rows.length === 0);
    expect(empty).toEqual(e2e.ways.flatMap(() => PAIRS.map(([, query]) => query.endsWith('FALSE'))));
  }, 240_000);

  it("tell of each change what the source's log says of it", async () => {
    const places = await Promise.all(e2e.ways.map(({ source }) => logEnd(source)));
    await e2e.atSources(
      "INSERT INTO orders VALUES (101, 1, 'eu', NULL, NULL), (102, 1, 'eu', NULL, NULL), (103, 1, 'eu', NULL, NULL)",
      'UPDATE orders SET amount = 2 WHERE id = 102',
      'DELETE FROM orders WHERE id = 103',
    );
    for (const [index, { name, source, target }] of e2e.ways.entries()) {
      const logged = await readLog(source, must(places[index], 'a place'), { schema: e2e.schema, table: 'orders' });
      expect(logged.map(({ operation }) => operation)).toEqual(['insert', 'update', 'delete']);
      const wanted = logged.map(({ operation, gtid, commitTime }, nth) => [
        ...[String(101 + nth), operation === 'delete' ? '1' : '0', operation, gtid, commitTime],
      ]);
      // MariaDB logs whole seconds.
      const time = source.kind === 'mariadb' ? 'LEFT(at, 19)' : 'at';
      const query = `SELECT id, gone, done, gtid, ${time} FROM kept WHERE id > 100`;
      expect({ name, found: await e2e.askUntil(target, query, wanted) }).toEqual({ name, found: wanted });
    }
  }, 240_000);
});
