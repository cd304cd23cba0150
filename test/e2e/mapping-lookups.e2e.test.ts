// Goal: look-ups hold at a real target: at the source and at a third data source, in columns, expressions, filters and routes,
// missing either way; a data source that is away refuses no row and loses none.
// Method: orders that are written together with the customers that they name, regions at a MySQL server; afterwards the target
// holds what joins over both servers say.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MappingCreateDto } from '@lutra/api-client';
import { must } from '@lutra/model';
import { createAccount, FaultProxy, runSql, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { startCrossedStack } from './crossed-stack.ts';
import type { CrossedStack, QueryPair } from './crossed-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const TRANSACTIONS = 150;
const SOURCE = [
  'CREATE TABLE customer (id INT NOT NULL PRIMARY KEY, name VARCHAR(20) NULL)',
  'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, customer_id INT NULL, region VARCHAR(5) NULL, amount INT NOT NULL)',
];
const TARGET = [
  'CREATE TABLE joined (id INT NOT NULL PRIMARY KEY, customer_name VARCHAR(20) NULL, label LONGTEXT NULL, title VARCHAR(20) NULL)',
  'CREATE TABLE taxed (id INT NOT NULL PRIMARY KEY, amount INT NOT NULL)',
  'CREATE TABLE strict (id INT NOT NULL PRIMARY KEY, title VARCHAR(20) NOT NULL)',
];

describe('look-ups', () => {
  const { mysql } = testServers();
  const regions = `e2e_regions_${randomBytes(3).toString('hex')}`;
  let e2e: CrossedStack;
  let proxy: FaultProxy;
  let reader: DatabaseServer;

  beforeAll(async () => {
    await runSql(mysql, [
      `CREATE DATABASE ${regions} CHARACTER SET utf8mb4`,
      `CREATE TABLE ${regions}.region (code VARCHAR(5) NOT NULL PRIMARY KEY, title VARCHAR(20) NOT NULL, tax INT NOT NULL)`,
      `INSERT INTO ${regions}.region VALUES ('eu', 'Europe', 20), ('us', 'America', 7), ('jp', 'Japan', 10)`,
    ]);
    const grants = [`GRANT SELECT ON ${regions}.* TO '${regions}'@'%'`];
    reader = await createAccount(mysql, { user: regions, password: regions, grants });
    proxy = await FaultProxy.open(reader);
    const parameters = { onPoison: 'deadLetter' as const, retryInPlaceMs: 1_000 };
    const mappings = async ({ schema, stack }: E2eStack) => {
      const { host, port } = proxy;
      return mappingsOf(schema, await stack.createDataSource('regions', { ...reader, host, port }));
    };
    e2e = await startCrossedStack('mapping-lookups', { source: SOURCE, target: TARGET, parameters, mappings });
  }, 240_000);

  afterAll(async () => {
    await proxy.close();
    await runSql(mysql, [`DROP DATABASE IF EXISTS ${regions}`, `DROP USER IF EXISTS '${regions}'@'%'`]);
    await e2e.stop();
  });

  const mappingsOf = (schema: string, dataSourceId: string): MappingCreateDto[] => {
    const into = (table: string): MappingCreateDto => ({
      ...{ source: { schema, table: { exact: 'orders' } }, target: { schema, table } },
      columns: { mode: 'list', columns: [{ source: 'id', target: 'id' }] },
    });
    const customer = {
      ...{ name: 'customer', schema, table: 'customer', key: [{ column: 'id', expression: 'customer_id' }] },
      ...{ columns: ['name'], missing: 'null' as const },
    };
    const region = (missing: 'null' | 'fail') => ({
      ...{ name: 'region', dataSourceId, schema: regions, table: 'region', columns: ['title', 'tax'], missing },
      ...{ key: [{ column: 'code', expression: 'region' }], ttlMs: 500 },
    });
    const title = { target: 'title', from: { kind: 'lookup' as const, lookup: 'region', column: 'title' } };
    return [
      {
        ...into('joined'),
        rules: {
          lookups: [customer, region('null')],
          columns: [
            { target: 'customer_name', from: { kind: 'lookup', lookup: 'customer', column: 'name' } },
            {
              target: 'label',
              from: {
                kind: 'expression',
                expression: 'coalesce(customer.name, "?") + "/" + coalesce(region.title, "?")',
              },
            },
            title,
          ],
        },
      },
      {
        ...into('taxed'),
        columns: { mode: 'list', columns: ['id', 'amount'].map((source) => ({ source, target: source })) },
        rules: { lookups: [region('null')], rows: { filter: 'region.tax >= 10' } },
      },
      { ...into('strict'), rules: { lookups: [region('fail')], columns: [title] } },
    ];
  };

  /** Codes of both pipelines. */
  const refusedRows = async (): Promise<string[]> => {
    const { items } = await e2e.stack.api.get('/dead-letters', {});
    return items.map(({ error }) => error.code);
  };
  const TITLE = "CASE region WHEN 'eu' THEN 'Europe' WHEN 'us' THEN 'America' WHEN 'jp' THEN 'Japan' END";
  const PAIRS: readonly QueryPair[] = [
    [
      'SELECT id, customer_name, label, title FROM joined',
      `SELECT o.id, c.name, CONCAT(COALESCE(c.name, '?'), '/', COALESCE(${TITLE}, '?')), ${TITLE} FROM orders o LEFT JOIN customer c ON c.id = o.customer_id`,
    ],
    ['SELECT id, amount FROM taxed', "SELECT id, amount FROM orders WHERE region IN ('eu', 'jp')"],
    ['SELECT id, title FROM strict', `SELECT id, ${TITLE} FROM orders WHERE region IN ('eu', 'us', 'jp')`],
  ];

  async function waitEqual(): Promise<void> {
    const { found, wanted } = await e2e.compare(PAIRS);
    expect(found).toEqual(wanted);
  }

  it('find what is written together with the rows that ask', async () => {
    const statements: string[] = [];
    for (let id = 1; id <= TRANSACTIONS; id++) {
      const region = ["'eu'", "'us'", "'JP'"][id % 3] ?? '';
      const customer = id % 7 === 0 ? 'NULL' : id % 5 === 0 ? '100000' : String(id);
      statements.push(
        'BEGIN',
        `INSERT INTO orders VALUES (${String(id)}, ${customer}, ${region}, ${String(id)})`,
        `INSERT INTO customer VALUES (${String(id)}, 'n${String(id)}')`,
        'COMMIT',
      );
      if (id % 4 === 0) statements.push(`UPDATE orders SET region = 'us' WHERE id = ${String(id - 1)}`);
      if (id % 6 === 0) statements.push(`DELETE FROM orders WHERE id = ${String(id - 2)}`);
      if (id % 10 === 0) statements.push(`UPDATE orders SET customer_id = ${String(id)} WHERE id = ${String(id - 3)}`);
    }
    await e2e.atSources(...statements);
    await waitEqual();
    expect(await refusedRows()).toEqual([]);
  });

  it('refuse a row only where nothing is found and that is to fail', async () => {
    await e2e.atSources("INSERT INTO orders VALUES (1001, 1, 'xx', 5), (1002, NULL, NULL, 5), (1003, 1, 'eu', 5)");
    await waitEqual();
    await waitUntil(async () => (await refusedRows()).length === 4, {
      ...{ what: 'the two rows of each source that are refused', timeoutMs: 60_000 },
    });
    expect(await refusedRows()).toEqual(Array<string>(4).fill('ROW_LOOKUP_MISSING'));
  });

  it('wait for a data source that is away, and lose nothing', async () => {
    const epochs = (): Promise<number[]> =>
      Promise.all(e2e.ways.map(async ({ pipelineId }) => (await e2e.stack.api.pipeline(pipelineId)).epoch));
    const before = await epochs();
    proxy.refuse();
    proxy.cut();
    await e2e.atSources(
      "INSERT INTO orders VALUES (2001, 1, 'us', 5), (2002, 2, 'eu', 6)",
      'DELETE FROM orders WHERE id = 1003',
    );
    // Longer than it is tried in place.
    const haveEnded = async (): Promise<boolean> =>
      (await epochs()).every((epoch, index) => epoch > 1 + (before[index] ?? epoch));
    await waitUntil(haveEnded, { what: 'two epochs to end', timeoutMs: 120_000 });
    proxy.heal();
    await waitEqual();
    expect((await refusedRows()).length).toBe(4);
  });

  it('are told beforehand, with what they cannot promise, and shown', async () => {
    const { api } = e2e.stack;
    const { pipelineId } = must(e2e.ways[1], 'the way from MySQL');
    const { findings } = await api.post('/pipelines/{id}/pre-check', { path: { id: pipelineId } });
    expect(findings.map(({ code }) => code).filter((code) => code.includes('LOOKUP'))).toEqual(['LOOKUP_DECIDES_ROWS']);
    const { schema } = e2e;
    const rows = [
      { after: { id: 1, customer_id: 2, region: 'eu', amount: 1 } },
      { after: { id: 2, customer_id: null, region: null, amount: 1 } },
    ];
    const shown = await api.post('/mappings/preview', {
      body: {
        pipelineId,
        sample: { schema, table: 'orders', rows: rows.map((row) => ({ kind: 'insert' as const, ...row })) },
      },
    });
    const results = shown.rows.map((row) => row.results.map(({ changes, code }) => code ?? changes[0]?.after ?? null));
    expect(results).toEqual([
      [
        { id: 1, customer_name: 'n2', label: 'n2/Europe', title: 'Europe' },
        { id: 1, amount: 1 },
        { id: 1, title: 'Europe' },
      ],
      [{ id: 2, customer_name: null, label: '?/?', title: null }, null, 'ROW_LOOKUP_MISSING'],
    ]);
  });
});
