// Goal: tables of groups at real targets hold what GROUP BY says of the source, whatever happened to the rows and to the services.
// Method: a busy source table is counted in several ways, at once from MariaDB to MySQL and the other way;
// transform and load are killed several times while rows are on their way; afterwards queries over both sides are compared.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { connectTo, runSql, testServers, waitUntil } from '@lutra/testing';
import fc from 'fast-check';
import type { Connection } from 'mysql2/promise';
import { startCrossedStack } from './crossed-stack.ts';
import type { CrossedStack, QueryPair } from './crossed-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TRANSACTIONS = 400;
const ROWS_AT_ONCE = 5;
const KILLS = 4;

const BIN = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const SOURCE = `CREATE TABLE sale (id INT NOT NULL PRIMARY KEY, region VARCHAR(5) ${BIN} NOT NULL, price DECIMAL(12,2) NULL,
  pieces INT NOT NULL, sold DATETIME(3) NULL, tags JSON NULL, KEY by_region (region, price)) ENGINE=InnoDB`;
const TARGETS = [
  `CREATE TABLE by_region (region VARCHAR(5) ${BIN} NOT NULL PRIMARY KEY, n BIGINT UNSIGNED NOT NULL, price DECIMAL(30,2) NOT NULL,
    priced BIGINT NOT NULL, turnover DECIMAL(40,2) NOT NULL, lowest DECIMAL(12,2) NULL, highest DECIMAL(12,2) NULL, newest DATETIME(3) NULL)`,
  'CREATE TABLE by_year (sold_in INT NOT NULL, is_large TINYINT NOT NULL, n INT NOT NULL, pieces INT NOT NULL, PRIMARY KEY (sold_in, is_large))',
  `CREATE TABLE by_tag (region VARCHAR(5) ${BIN} NOT NULL, tag VARCHAR(20) ${BIN} NOT NULL, n INT NOT NULL, pieces BIGINT NOT NULL, PRIMARY KEY (tag, region))`,
  `CREATE TABLE large (region VARCHAR(5) ${BIN} NOT NULL PRIMARY KEY, n INT NOT NULL, cheapest DECIMAL(30,2) NULL, most INT NULL)`,
  `CREATE TABLE checked (region VARCHAR(5) ${BIN} NOT NULL PRIMARY KEY, n INT NOT NULL, price DECIMAL(30,2) NOT NULL, newest DATETIME(3) NULL)`,
];

const value = (kind: 'sum' | 'count' | 'min' | 'max', expression: string, target = expression) => ({
  ...{ function: kind, expression, target },
});
const group = (expression: string, target = expression) => ({ expression, target });

const mappingsOf = (schema: string): MappingCreateDto[] => {
  const into = (table: string) => ({ source: { schema, table: { exact: 'sale' } }, target: { schema, table } });
  return [
    {
      ...into('by_region'),
      rules: {
        aggregate: {
          ...{ groupBy: [group('region')], count: 'n' },
          values: [
            ...[value('sum', 'price'), value('count', 'price', 'priced'), value('sum', 'price * pieces', 'turnover')],
            ...[value('min', 'price', 'lowest'), value('max', 'price', 'highest'), value('max', 'sold', 'newest')],
          ],
        },
      },
    },
    {
      ...into('by_year'),
      rules: {
        rows: { filter: 'sold != null' },
        aggregate: {
          groupBy: [group('year(sold)', 'sold_in'), group('pieces > 50', 'is_large')],
          ...{ count: 'n', values: [value('sum', 'pieces')] },
        },
      },
    },
    {
      ...into('by_tag'),
      rules: {
        rows: { explode: { column: 'tags', by: { kind: 'json' }, as: 'tag' } },
        aggregate: { groupBy: [group('tag'), group('region')], count: 'n', values: [value('sum', 'pieces')] },
      },
    },
    {
      ...into('checked'),
      rules: {
        aggregate: {
          ...{ groupBy: [group('region')], count: 'n' },
          values: [value('sum', 'price'), value('max', 'sold', 'newest')],
        },
      },
    },
    {
      ...into('large'),
      rules: {
        rows: { filter: 'pieces > 50' },
        aggregate: {
          ...{ groupBy: [group('region')], count: 'n' },
          values: [value('min', 'price * pieces', 'cheapest'), value('max', 'pieces', 'most')],
        },
      },
    },
  ];
};

const ORDERS = `CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, region VARCHAR(20) ${BIN} NOT NULL, channel VARCHAR(10) ${BIN} NOT NULL,
  state VARCHAR(10) NOT NULL, price DECIMAL(12,2) NULL, pieces INT NOT NULL, ordered_at DATETIME NULL, shipped_at DATETIME NULL, KEY (region, channel, ordered_at))`;

/** Orders come, change, move to other groups and go. */
function orderStatement(n: number): string {
  if (n % 11 === 10) return `DELETE FROM orders WHERE id = ${String((n * 7) % 30)}`;
  const [region, channel] = [`'${['eu', 'us', 'EU'][n % 3] ?? ''}'`, `'${['web', 'shop'][(n >> 2) % 2] ?? ''}'`];
  const shipped = n % 2 === 0 ? 'NULL' : `'2024-02-02 10:00:00'`;
  const values = [(n * 7) % 30, region, channel, n % 5 === 4 ? "'draft'" : "'open'", `${String(n)}.25`, n % 9];
  return `REPLACE INTO orders VALUES (${values.join(',')}, '2024-01-01' + INTERVAL ${String((n * 13) % 50)} DAY, ${shipped})`;
}

/** The mapping of docs/aggregates.md. */
const ordersByRegion = (schema: string): MappingCreateDto => ({
  source: { schema, table: { exact: 'orders' } },
  target: { schema, table: 'orders_by_region' },
  rules: {
    rows: { filter: 'state != "draft"' },
    aggregate: {
      ...{ groupBy: [group('region'), group('channel')], count: 'orders' },
      values: [
        ...[value('sum', 'price * pieces', 'turnover'), value('count', 'shipped_at', 'shipped')],
        value('max', 'ordered_at', 'newest'),
      ],
    },
  },
});

/** The statements of the document, in its order, over the schema of this test. */
async function documentedSql(schema: string): Promise<readonly string[]> {
  const text = await readFile(new URL('../../docs/aggregates.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
  return blocks.map((sql) => sql.replaceAll(/\b(?:shop|reports)\./g, `${schema}.`));
}

/** Of JSON_TABLE the server would take the default, in which 'a' is 'A'. */
const TAG_BIN = 'COLLATE utf8mb4_bin';
const TAGS = "JSON_TABLE(tags, '$[*]' COLUMNS (tag VARCHAR(20) PATH '$')) t";
const PAIRS: readonly QueryPair[] = [
  [
    'SELECT region, n, price, priced, turnover, lowest, highest, newest FROM by_region',
    'SELECT region, COUNT(*), COALESCE(SUM(price), 0), COUNT(price), COALESCE(SUM(price * pieces), 0), MIN(price), MAX(price), MAX(sold) FROM sale GROUP BY region',
  ],
  [
    'SELECT sold_in, is_large, n, pieces FROM by_year',
    'SELECT YEAR(sold), pieces > 50, COUNT(*), SUM(pieces) FROM sale WHERE sold IS NOT NULL GROUP BY 1, 2',
  ],
  [
    'SELECT region, tag, n, pieces FROM by_tag',
    `SELECT region, tag ${TAG_BIN} AS found, COUNT(*), SUM(pieces) FROM sale, ${TAGS} GROUP BY region, found`,
  ],
  [
    'SELECT region, n, cheapest, most FROM large',
    'SELECT region, COUNT(*), MIN(price * pieces), MAX(pieces) FROM sale WHERE pieces > 50 GROUP BY region',
  ],
];

const id = fc.integer({ min: 1, max: 25 }).map(String);
const region = fc.constantFrom("'eu'", "'us'", "'EU'", "''");
const price = fc.oneof(
  fc.constant('NULL'),
  fc.integer({ min: -9_999, max: 99_999 }).map((cents) => `${String(cents)} / 100`),
);
const pieces = fc.integer({ min: -5, max: 99 }).map(String);
const sold = fc.constantFrom('NULL', "'2023-12-31 23:59:59.999'", "'2024-01-01'", "'2025-06-01 12:00:00.5'");
const tags = fc.constantFrom('NULL', "'[]'", `'["a"]'`, `'["b","a"]'`, `'["A","a","é"]'`);
const statement: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(id, region, price, pieces, sold, tags).map((values) => `REPLACE INTO sale VALUES (${values.join(',')})`),
  fc
    .tuple(id, price, pieces)
    .map(([key, cents, count]) => `UPDATE sale SET price = ${cents}, pieces = ${count} WHERE id = ${key}`),
  fc
    .tuple(id, region, tags)
    .map(([key, place, list]) => `UPDATE sale SET region = ${place}, tags = ${list} WHERE id >= ${key}`),
  fc.tuple(id, sold).map(([key, time]) => `UPDATE sale SET sold = ${time} WHERE id < ${key}`),
  id.map((key) => `DELETE FROM sale WHERE id = ${key}`),
);

describe('rows that are counted', () => {
  let e2e: CrossedStack;

  beforeAll(async () => {
    const mappings = ({ schema }: E2eStack) => mappingsOf(schema);
    e2e = await startCrossedStack('mapping-aggregates', { source: [SOURCE], target: TARGETS, mappings });
  }, 240_000);

  afterAll(() => e2e.stop());

  it('are what GROUP BY says, whoever was killed meanwhile', async () => {
    const seed = Math.trunc(Math.random() * 2 ** 31);
    const transactions = fc.sample(fc.array(statement, { minLength: 1, maxLength: ROWS_AT_ONCE }), {
      ...{ seed, numRuns: TRANSACTIONS },
    });
    const part = TRANSACTIONS / KILLS;
    const all = transactions.map((statements) => ['BEGIN', ...statements, 'COMMIT'].join('; '));
    for (let first = 0; first < TRANSACTIONS; first += part) {
      await e2e.atSources(...all.slice(first, first + part / 8));
      for (const service of ['transform', 'load'] as const) {
        await e2e.stack.kill(service);
        await e2e.atSources(...all.slice(first, first + part / 8).toReversed());
        await e2e.stack.restart(service);
      }
      await e2e.atSources(...all.slice(first + part / 8, first + part));
    }
    await e2e.atSources("REPLACE INTO sale VALUES (30, 'last', 1.50, 60, '2024-02-02', '[\"z\"]')");
    const { found, wanted } = await e2e.compare(PAIRS);
    expect({ seed, found }).toEqual({ seed, found: wanted });
    expect(Object.values(wanted).every((rows) => rows.length > 0)).toBe(true);
  }, 400_000);

  it('are compared with the source, and what differs is told', async () => {
    const { schema, stack } = e2e;
    const { pipelineId, target } = must(e2e.ways[0], 'a way');
    const { items } = await stack.api.get('/pipelines/{pipelineId}/mappings', { path: { pipelineId } });
    const checkOf = (table: string) => {
      const { id = '' } = items.find((mapping) => mapping.target.table === table) ?? {};
      return stack.api.get('/pipelines/{pipelineId}/mappings/{id}/group-check', { path: { pipelineId, id } });
    };
    const checked = () => checkOf('checked');
    await stack.api.patch('/pipelines/{id}', {
      path: { id: pipelineId },
      body: { parameters: { groupCheckMs: 1_000 } },
    });
    // With filters, expressions and elements, which the mapping itself counts, too.
    for (const { table } of mappingsOf(schema).map((mapping) => mapping.target)) {
      // One that was made while rows were on their way may have settled nothing.
      const isSettled = async () => {
        const { last } = await checkOf(String(table));
        return last?.outcome === 'compared' && last.unsettled === 0;
      };
      await waitUntil(isSettled, { what: `a comparison of ${String(table)}`, timeoutMs: 120_000, everyMs: 500 });
      const { last } = await checkOf(String(table));
      expect([table, last]).toMatchObject([table, { differing: 0, examples: [] }]);
    }
    await runSql(target, [`UPDATE ${schema}.checked SET price = price + 1 WHERE region = 'last'`]);
    await waitUntil(async () => (await checked()).last?.differing === 1, {
      ...{ what: 'the difference', timeoutMs: 90_000, everyMs: 500 },
    });
    expect((await checked()).last?.examples).toMatchObject([{ group: "'last'" }]);
    const { items: events } = await stack.api.get('/pipelines/{id}/events', {
      path: { id: pipelineId },
      query: { kinds: 'warning' },
    });
    expect(events.map((event) => event['code'])).toContain('GROUPS_DIFFER');
  }, 400_000);

  it('go on behind the statements by which the document fills a table', async () => {
    const { schema, stack } = e2e;
    const [create = '', fill = ''] = await documentedSql(schema);
    const [lock = '', open = '', place = '', unlock = '', count = ''] = fill.replaceAll(/--.*$/gm, '').split(';');
    const variable = /MariaDB: (\S+)/.exec(fill)?.[1] ?? '';
    await e2e.atTarget(create);
    await e2e.atSource(ORDERS, ...Array.from({ length: 40 }, (_, n) => orderStatement(n)));
    const sessions = await Promise.all([1, 2, 3].map(() => connectTo(testServers().mariadbSource, schema)));
    const [locking, counting, writing] = sessions as [Connection, Connection, Connection];
    let isFilled = false;
    const written = (async () => {
      for (let n = 40; !isFilled || n < 80; n += 1) await writing.query(orderStatement(n));
    })();
    try {
      await locking.query(lock);
      await counting.query(open);
      const text = { rowsAsArray: true, typeCast: (field: { string(): string | null }) => field.string() };
      const [[[gtid = ''] = []]] = await counting.query<string[][] & []>({
        sql: place.replace(/@@\S+/, variable),
        ...text,
      });
      await locking.query(unlock);
      const [rows] = await counting.query({ sql: count, ...text });
      const literals = (rows as (string | null)[][]).map(
        (row) => `(${row.map((one) => counting.escape(one)).join(',')})`,
      );
      await e2e.atTarget(`INSERT INTO orders_by_region VALUES ${literals.join(',')}`);
      await stack.createPipeline({ mappings: [ordersByRegion(schema)], start: { kind: 'gtid', gtid } });
    } finally {
      isFilled = true;
      await written;
      for (const session of sessions) session.destroy();
    }
    const wanted = await e2e.ask('source', count);
    expect(wanted.length).toBeGreaterThan(3);
    const filled = 'SELECT region, channel, orders, turnover, shipped, newest FROM orders_by_region';
    expect(await e2e.askUntil('target', filled, wanted, 120_000)).toEqual(wanted);
  }, 240_000);
});
