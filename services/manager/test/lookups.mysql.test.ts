import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: the manager shows what there is at a data source, on both kinds of servers, and says plainly when it cannot.
// Method: one schema of odd tables is made on each server; the manager is asked over HTTP.

const installation = new Installation();
const schema = `lookup_${randomBytes(4).toString('hex')}`;
let manager: RunningManager;
const ids = new Map<string, string>();

const STATEMENTS = [
  `CREATE DATABASE ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `CREATE TABLE ${schema}.customers (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL DEFAULT 'x')`,
  `CREATE TABLE ${schema}.orders_0001 (
    customer BIGINT UNSIGNED NOT NULL, line INT NOT NULL, amount DECIMAL(10,2) NULL,
    doubled DECIMAL(12,2) GENERATED ALWAYS AS (amount * 2) STORED, note TEXT CHARACTER SET latin1 COLLATE latin1_swedish_ci,
    PRIMARY KEY (line, customer), UNIQUE KEY one_amount (amount), KEY by_note (note(10)),
    CONSTRAINT ${schema}_of FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE)`,
  `CREATE TABLE ${schema}.orders_0002 LIKE ${schema}.customers`,
  `CREATE TABLE ${schema}.\`order's ü\\ 1\` (id INT PRIMARY KEY)`,
  `CREATE TABLE ${schema}._orders_0001_gho (id INT PRIMARY KEY)`,
  `CREATE VIEW ${schema}.orders_view AS SELECT id FROM ${schema}.customers`,
  `CREATE TRIGGER ${schema}.watch BEFORE INSERT ON ${schema}.orders_0001 FOR EACH ROW SET NEW.note = 'seen'`,
];

async function onServer({ host, port, user, password }: DatabaseServer, statements: readonly string[]): Promise<void> {
  const connection = await createConnection({ host, port, user, password });
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

const servers = (): readonly (readonly ['mariadb' | 'mysql', DatabaseServer])[] => [
  ['mariadb', testServers().mariadbSource],
  ['mysql', testServers().mysql],
];

beforeAll(async () => {
  manager = await installation.start();
  for (const [kind, server] of servers()) {
    await onServer(server, STATEMENTS);
    const { host, port, user, password } = server;
    ids.set(kind, await manager.create('data-sources', { name: kind, kind, host, port, user, password }));
  }
});

afterAll(async () => {
  for (const [, server] of servers()) await onServer(server, [`DROP DATABASE IF EXISTS ${schema}`]);
  await installation.close();
});

const get = (kind: string, path: string): Promise<Answer> =>
  manager.request('GET', `/api/v1/data-sources/${ids.get(kind) ?? kind}/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const namesOf = ({ body }: Answer, field: string): unknown => body.items?.map((item) => item[field]);

describe.each(['mariadb', 'mysql'])('at a %s', (kind) => {
  it('lists schemas by a part of their name, and says which cannot be mapped', async () => {
    const found = await get(kind, `schemas?name=${schema.toUpperCase()}`);
    expect(found.body).toEqual({
      items: [{ schema, charset: 'utf8mb4', collation: 'utf8mb4_bin', isReserved: false }],
      total: 1,
    });
    const system = await get(kind, 'schemas?name=information_schema');
    expect(system.body.items?.[0]?.['isReserved']).toBe(true);
  });

  it('lists tables page by page', async () => {
    const all = await get(kind, `schemas/${schema}/tables`);
    expect(namesOf(all, 'table')).toEqual([
      '_orders_0001_gho',
      'customers',
      "order's ü\\ 1",
      'orders_0001',
      'orders_0002',
      'orders_view',
    ]);
    expect(all.body.items?.at(-1)).toMatchObject({ isView: true, engine: null });
    expect(all.body.items?.[1]).toMatchObject({ isView: false, engine: 'InnoDB', collation: 'utf8mb4_bin' });
    const page = await get(kind, `schemas/${schema}/tables?name=RDERS_0&page=2&pageSize=2`);
    expect([namesOf(page, 'table'), page.body['total']]).toEqual([['orders_0002'], 3]);
    expect((await get(kind, `schemas/${schema}/tables?page=9`)).body).toEqual({ items: [], total: 6 });
  });

  it('shows a table with its columns, keys, foreign keys and triggers', async () => {
    const { body } = await get(kind, `schemas/${schema}/tables/orders_0001`);
    expect(body).toMatchObject({ schema, table: 'orders_0001', engine: 'InnoDB', isView: false });
    const columns = body['columns'] as Record<string, unknown>[];
    expect(columns.map(({ name }) => name)).toEqual(['customer', 'line', 'amount', 'doubled', 'note']);
    expect(columns[2]).toMatchObject({ type: 'decimal(10,2)', isNullable: true, generated: null, charset: null });
    expect(String(columns[3]?.['generated'])).toMatch(/amount.*\* 2/);
    expect(columns[4]).toMatchObject({ charset: 'latin1', collation: 'latin1_swedish_ci' });
    expect((body['keys'] as unknown[])[0]).toEqual({ name: 'PRIMARY', isUnique: true, columns: ['line', 'customer'] });
    expect(body['keys']).toContainEqual({ name: 'one_amount', isUnique: true, columns: ['amount'] });
    expect(body['keys']).toContainEqual({ name: 'by_note', isUnique: false, columns: ['note'] });
    expect(body['foreignKeys']).toEqual([
      {
        name: `${schema}_of`,
        columns: ['customer'],
        referencedSchema: schema,
        referencedTable: 'customers',
        referencedColumns: ['id'],
        onDelete: 'CASCADE',
        onUpdate: expect.stringMatching(/^(RESTRICT|NO ACTION)$/) as unknown,
      },
    ]);
    expect(body['triggers']).toEqual([{ name: 'watch', timing: 'BEFORE', event: 'INSERT' }]);
    const customers = await get(kind, `schemas/${schema}/tables/customers`);
    const [id, name] = customers.body['columns'] as Record<string, unknown>[];
    expect(id).toMatchObject({
      type: expect.stringMatching(/^bigint.* unsigned$/),
      isAutoIncrement: true,
      default: null,
    });
    expect(String(name?.['default'])).toMatch(/^'?x'?$/);
  });

  it('takes every name as a name', async () => {
    const odd = await get(kind, `schemas/${schema}/tables/${encodeURIComponent("order's ü\\ 1")}`);
    expect([odd.status, odd.body['table']]).toEqual([200, "order's ü\\ 1"]);
    for (const name of ["x' OR '1'='1", '../customers', 'customers;--', '%', '\u0000', 'a'.repeat(5000)])
      expect(problem(await get(kind, `schemas/${schema}/tables/${encodeURIComponent(name)}`))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
    expect(problem(await get(kind, `schemas/${encodeURIComponent("x' OR '1'='1")}/tables`))).toEqual([
      404,
      'RESOURCE_NOT_FOUND',
    ]);
  });

  it.each<[string, Record<string, string>, unknown, unknown]>([
    ['a name', { exact: 'customers' }, [{ table: 'customers', target: 'customers' }], []],
    [
      'an expression',
      { regex: 'orders_(\\d+)', target: 'o_$1' },
      [
        { table: 'orders_0001', target: 'o_0001' },
        { table: 'orders_0002', target: 'o_0002' },
      ],
      [],
    ],
    [
      'an expression that meets an online schema change',
      { regex: '.*ders_0001.*' },
      [{ table: 'orders_0001', target: 'orders_0001' }],
      ['_orders_0001_gho'],
    ],
    ['a range', { range: 'orders_[0002-0009]', target: 'o_[12-19]' }, [{ table: 'orders_0002', target: 'o_12' }], []],
    ['a view, which has no rows of its own', { exact: 'orders_view' }, [], []],
  ])('shows what a mapping would cover now: %s', async (_what, pattern, items, leftOut) => {
    const query = new URLSearchParams({ schema, ...pattern }).toString();
    const { body } = await get(kind, `matches?${query}`);
    expect(body).toEqual({ items, total: (items as unknown[]).length, leftOut });
  });
});

describe('what cannot be answered', () => {
  it.each<[string, Record<string, string>, number, string]>([
    ['no pattern', {}, 400, 'REQUEST_INVALID'],
    ['two patterns', { exact: 'a', regex: 'a' }, 400, 'REQUEST_INVALID'],
    ['a range that is none', { range: 'a' }, 400, 'REQUEST_INVALID'],
    ['an expression that does not compile', { regex: 'a(' }, 422, 'MAPPING_REGEX_INVALID'],
    ['an expression that would run for ever', { regex: '(a|a)*b' }, 422, 'MAPPING_REGEX_UNSAFE'],
  ])('%s', async (_what, pattern, status, code) => {
    const query = new URLSearchParams({ schema, ...pattern }).toString();
    expect(problem(await get('mariadb', `matches?${query}`))).toEqual([status, code]);
  });

  it('a server that is away, a wrong password, an unknown data source', async () => {
    const { host, port, user } = testServers().mariadbSource;
    const given = { kind: 'mariadb', host, port, user, password: 'wrong' };
    const away = await manager.create('data-sources', { ...given, name: 'away', host: '127.0.0.1', port: 1 });
    const locked = await manager.create('data-sources', { ...given, name: 'locked' });
    for (const path of ['schemas', 'schemas/a/tables', 'schemas/a/tables/b', 'matches?schema=a&exact=b']) {
      expect(problem(await get(away, path))).toEqual([503, 'TARGET_UNREACHABLE']);
      expect(problem(await get(locked, path))).toEqual([502, 'TARGET_ACCESS_DENIED']);
      expect(problem(await get('01ARZ3NDEKTSV4RRFFQ69G5FAV', path))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    }
  });
});
