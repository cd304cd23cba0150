// Goal: what a script says of rows stands at the target after any history: rows changed, dropped, and made several of, with
// values of every kind that calculating must not spoil.
// Method: the six services, from MariaDB to MySQL and the other way; two mappings of one table, one that calculates and leaves rows out, one that makes a row of each
// element of a list; rows of both sides compared by SQL that says the same.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import type { E2eStack } from './e2e-stack.ts';
import { startCrossedStack } from './crossed-stack.ts';
import type { CrossedStack, QueryPair } from './crossed-stack.ts';

const TABLE = `CREATE TABLE orders (id BIGINT PRIMARY KEY, name VARCHAR(60) NOT NULL, price DECIMAL(30,4) NULL,
  state TINYINT NOT NULL, photo VARBINARY(200) NULL, tags VARCHAR(200) NULL)`;

/** Exact to the last digit, as SQL is. */
const CALCULATE = `
function transform(row) {
  if (row.state === 9) return null;
  row.name = row.name.toUpperCase() + '/' + row.id;
  row.total = row.price === null ? null : twice(row.price);
  return row;
}
function twice(price) {
  const text = String(BigInt(price.replace('.', '')) * 2n).replace('-', '').padStart(5, '0');
  return (price.startsWith('-') ? '-' : '') + text.slice(0, -4) + '.' + text.slice(-4);
}`;

const EXPLODE = `
const transform = ({ order_id, tag }) => JSON.parse(tag ?? '[]').map((each) => ({ order_id, tag: each }));`;

let e2e: CrossedStack;

beforeAll(async () => {
  const target = [
    TABLE.replace('price DEC', 'total DECIMAL(31,4) NULL, price DEC').replace('orders', 'calculated'),
    'CREATE TABLE tags (order_id BIGINT, tag VARCHAR(200), PRIMARY KEY (order_id, tag))',
  ];
  e2e = await startCrossedStack('mapping-scripts', { source: [TABLE], target, mappings: mappingsOf });
}, 240_000);

function mappingsOf({ schema }: E2eStack): MappingCreateDto[] {
  const source = { schema, table: { exact: 'orders' } };
  return [
    {
      source,
      target: { schema, table: 'calculated' },
      rules: { script: { source: CALCULATE, columns: [{ name: 'total', type: 'decimal(31,4)' }] } },
    },
    {
      source,
      target: { schema, table: 'tags' },
      columns: {
        mode: 'list',
        columns: [
          { source: 'id', target: 'order_id' },
          { source: 'tags', target: 'tag' },
        ],
      },
      rules: { script: { source: EXPLODE } },
    },
  ];
}

afterAll(async () => {
  await e2e.stop();
}, 60_000);

const PAIRS: readonly QueryPair[] = [
  [
    'SELECT id, name, price, total, state, photo FROM calculated',
    "SELECT id, CONCAT(UPPER(name), '/', id), price, price * 2, state, photo FROM orders WHERE state <> 9",
  ],
  [
    'SELECT order_id, tag FROM tags',
    "SELECT DISTINCT id, tag FROM orders, JSON_TABLE(COALESCE(tags, '[]'), '$[*]' COLUMNS (tag VARCHAR(200) PATH '$')) list",
  ],
];

async function expectMapped(): Promise<void> {
  const { found, wanted } = await e2e.compare(PAIRS);
  expect(found).toEqual(wanted);
}

describe('a mapping with a script', () => {
  it('calculates, leaves rows out and makes several of one', async () => {
    await e2e.atSources(
      `INSERT INTO orders VALUES (1, 'ada', 12345678901234567890123456.7891, 1, x'00ff', '["a","b"]'), (2, 'žofie 😀', -0.5, 9, NULL, NULL),
        (9223372036854775807, 'last', NULL, 1, x'', '["b","b","c"]')`,
    );
    await expectMapped();
  });

  it('lets rows enter and leave, and elements come and go', async () => {
    await e2e.atSources(
      `UPDATE orders SET state = 1, tags = '["x"]' WHERE id = 2`,
      `UPDATE orders SET tags = '["b","z","a2"]', price = price + 1 WHERE id = 1`,
      'UPDATE orders SET state = 9 WHERE id = 9223372036854775807',
    );
    await expectMapped();
    await e2e.atSources('UPDATE orders SET id = 3 WHERE id = 2', 'DELETE FROM orders WHERE id = 1');
    await expectMapped();
  });

  it('takes many rows at once', async () => {
    await e2e.atSources(
      `INSERT INTO orders SELECT seq, CONCAT('n', seq), seq / 7, seq % 10, UNHEX(SHA2(seq, 256)), CONCAT('["', seq % 3, '","', seq, '"]') FROM (WITH RECURSIVE n AS (SELECT 100 seq UNION ALL SELECT seq + 1 FROM n WHERE seq < 1000) SELECT seq FROM n) n`,
      'UPDATE orders SET state = state + 1 WHERE id BETWEEN 300 AND 500',
      'DELETE FROM orders WHERE id BETWEEN 700 AND 800',
    );
    await expectMapped();
  });
});
