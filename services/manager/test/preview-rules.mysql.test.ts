import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: the preview says of every kind of rule what becomes of a row, and a mapping that takes for ever harms nobody.
// Method: sample rows with columns of their own, so that no source is asked; a real target, whose columns are compared and on
// which the statements of the answer are run.

const installation = new Installation();
const schema = `preview_rules_${randomBytes(4).toString('hex')}`;
let manager: RunningManager;
let pipelineId: string;

interface Change {
  readonly table: string;
  readonly kind: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly sql: string | null;
  readonly problem: string | null;
}
interface Result {
  readonly outcome: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly console: readonly string[];
  readonly changes: readonly Change[];
}

const COLUMNS = [
  { name: 'id', type: 'int' },
  { name: 'status', type: 'varchar(9)' },
  { name: 'tags', type: 'longtext' },
];
/** To the tables of the route, or to one table. */
const mapped = (rules: { readonly route?: object }, table: string): object => ({
  ...{ source: { schema: 's', table: { exact: 'items' } }, columns: { mode: 'all' }, rules },
  target: rules.route === undefined ? { schema, table } : { schema },
});
const insert = (id: number, status: string, tags: string | null) => ({ kind: 'insert', after: { id, status, tags } });

const ask = (rules: object, rows: readonly object[], table = 'items'): Promise<Answer> => {
  const sample = { schema: 's', table: 'items', columns: COLUMNS, primaryKey: ['id'], rows };
  const body = { pipelineId, mapping: mapped(rules, table), sample };
  return manager.request('POST', '/api/v1/mappings/preview', { body });
};

const resultsIn = ({ body }: Answer): readonly Result[] =>
  (body['rows'] as { readonly results: readonly Result[] }[]).flatMap(({ results }) => results);

/** One for each row. On a busy machine time may be up before the thread has begun: asked again then. */
async function showIn(table: string, rules: object, ...rows: readonly object[]): Promise<readonly Result[]> {
  const answer = await waitUntil(
    async () => {
      const given = await ask(rules, rows, table);
      const results = given.status === 200 ? resultsIn(given) : null;
      const isWhole = results?.length === rows.length && results.every(({ outcome }) => outcome !== 'notTried');
      return results === null || isWhole ? given : undefined;
    },
    { what: 'an answer about every row', timeoutMs: 60_000 },
  );
  expect([answer.status, answer.body['detail']]).toEqual([200, undefined]);
  return resultsIn(answer);
}
const show = (rules: object, ...rows: readonly object[]): Promise<readonly Result[]> => showIn('items', rules, ...rows);

async function run(...statements: readonly string[]): Promise<unknown> {
  const connection = await connectTo(testServers().mariadbTarget);
  try {
    let rows: unknown = [];
    for (const statement of statements) [rows] = await connection.query(statement);
    return rows;
  } finally {
    connection.destroy();
  }
}

beforeAll(async () => {
  manager = await installation.start();
  const { kind, host, port, user, password } = testServers().mariadbTarget;
  const channelId = await manager.create('channels', { name: 'shop' });
  const nowhere = { kind: 'mysql', host: '127.0.0.1', port: 1, user: 'u', password: 'p', name: 'nowhere' };
  const sourceId = await manager.create('data-sources', nowhere);
  const targetId = await manager.create('data-sources', { kind, host, port, user, password, name: 'target' });
  pipelineId = await manager.create('pipelines', { channelId, name: 'p', sourceId, targetId });
  const columns = 'status VARCHAR(9), tags LONGTEXT, gone INT';
  await run(
    `CREATE DATABASE ${schema}`,
    `CREATE TABLE ${schema}.counted (status VARCHAR(9) PRIMARY KEY, n INT NOT NULL, ids DECIMAL(65) NOT NULL, most INT)`,
    `CREATE TABLE ${schema}.tagged (id INT, tag VARCHAR(9), ${columns}, PRIMARY KEY (id, tag))`,
    ...['items', 'items_eu', 'items_us'].map(
      (table) => `CREATE TABLE ${schema}.${table} (id INT PRIMARY KEY, ${columns})`,
    ),
  );
});

afterAll(async () => {
  await run(`DROP DATABASE ${schema}`);
  await installation.close();
});

describe('the preview of rules', () => {
  it('shows rows that enter and leave a filter, and says when it accepts none', async () => {
    const update = (before: string, after: string) => ({
      ...{ kind: 'update', before: { id: 1, status: before, tags: null }, after: { id: 1, status: after, tags: null } },
    });
    const results = await show(
      { rows: { filter: 'status != "draft"' } },
      ...[insert(1, 'draft', null), update('draft', 'open'), update('open', 'draft'), update('draft', 'draft')],
    );
    expect(results.map(({ outcome, reason, changes: [change] }) => [outcome, change?.kind, reason])).toEqual([
      ['dropped', undefined, 'rows.filter accepts none of its images'],
      ['mapped', 'insert', null],
      ['mapped', 'delete', null],
      ['dropped', undefined, 'rows.filter accepts none of its images'],
    ]);
    expect(results[2]?.changes[0]?.sql).toBe(`DELETE FROM \`${schema}\`.\`items\` WHERE \`id\` IN (1)`);
    const moved = await show(
      { rows: { filter: 'before.status != after.status' } },
      ...[update('draft', 'open'), update('open', 'open')],
    );
    expect(moved.map(({ outcome, changes: [change] }) => [outcome, change?.kind])).toEqual([
      ['mapped', 'update'],
      ['dropped', undefined],
    ]);
  });

  it('shows each of the rows that one becomes, with a statement that does what is shown', async () => {
    const explode = { column: 'tags', by: { kind: 'json' }, as: 'tag' };
    const [many, none, broken] = await showIn(
      'tagged',
      { rows: { explode } },
      ...[insert(1, 'a', '["x","y"]'), insert(2, 'a', '[]'), insert(3, 'a', 'no JSON')],
    );
    expect(many?.changes.map(({ kind, after }) => [kind, (after as { tag: string }).tag])).toEqual([
      ['insert', 'x'],
      ['insert', 'y'],
    ]);
    await run(...(many?.changes ?? []).map(({ sql }) => String(sql)));
    expect(await run(`SELECT tag FROM ${schema}.tagged ORDER BY tag`)).toEqual([{ tag: 'x' }, { tag: 'y' }]);
    expect([none?.outcome, none?.reason]).toEqual(['dropped', 'rows.explode finds no element in tags']);
    expect([broken?.outcome, broken?.code]).toEqual(['refused', 'ROW_VALUE_INVALID']);
  });

  it('shows what rows add to groups, and that the source is asked for what they may have been the most of', async () => {
    const rules = {
      aggregate: {
        groupBy: [{ expression: 'status', target: 'status' }],
        count: 'n',
        values: [
          { function: 'sum', expression: 'id', target: 'ids' },
          { function: 'max', expression: 'id', target: 'most' },
        ],
      },
    };
    const given = { ...insert(7, 'eu', null) };
    const [came, moved, same] = await showIn(
      'counted',
      rules,
      ...[given, { kind: 'update', before: given.after, after: insert(7, 'us', null).after }],
      ...[{ kind: 'update', before: given.after, after: insert(7, 'eu', '[]').after }],
    );
    expect(came?.changes.map(({ kind, after }) => [kind, after])).toEqual([
      ['insert', { status: 'eu', n: { integer: '1' }, ids: '7', most: 7 }],
    ]);
    expect(moved?.changes.map(({ kind, after, sql, problem }) => [kind, after, sql === null, problem])).toEqual([
      [
        ...['update', { status: 'eu', n: { integer: '-1' }, ids: '-7' }, true],
        'A row leaves the group: most are then read at the source, behind the change',
      ],
      ['insert', { status: 'us', n: { integer: '1' }, ids: '7', most: 7 }, false, null],
    ]);
    expect([same?.outcome, same?.reason]).toEqual(['dropped', 'it changes nothing that its group counts']);
    await run(...[came?.changes[0]?.sql, moved?.changes[1]?.sql, came?.changes[0]?.sql].map(String));
    expect(await run(`SELECT status, n, ids, most FROM ${schema}.counted ORDER BY status`)).toMatchObject([
      { status: 'eu', n: 2, most: 7 },
      { status: 'us', n: 1, most: 7 },
    ]);
  });

  it('shows the tables of a route and the flag of a deleted row', async () => {
    const rules = {
      rows: { softDelete: { column: 'gone', deleted: 1, present: 0 } },
      route: { expression: '"items_" + status', tables: ['items_eu', 'items_us'] },
    };
    const [moved, removed, lost] = await show(
      rules,
      { kind: 'update', before: insert(1, 'eu', null).after, after: insert(1, 'us', null).after },
      { kind: 'delete', before: insert(2, 'us', null).after },
      insert(3, 'asia', null),
    );
    expect(moved?.changes.map(({ table, kind, after }) => [table, kind, after])).toEqual([
      ['items_eu', 'update', expect.objectContaining({ gone: 1 })],
      ['items_us', 'insert', expect.objectContaining({ gone: 0 })],
    ]);
    expect(removed?.changes.map(({ table, sql }) => [table, sql])).toEqual([
      ['items_us', expect.stringContaining('`gone`=1')],
    ]);
    expect([lost?.outcome, lost?.code]).toEqual(['refused', 'ROW_ROUTE_UNKNOWN']);
  });

  it('shows what a script gives, drops and says', async () => {
    const source = `function transform(row, context) {
  console.log('row', row.id);
  if (row.id === 2) return null;
  if (row.id === 3) throw new Error('no');
  return row;
}`;
    const [one, dropped, refused] = await show(
      { script: { source } },
      ...[insert(1, 'a', null), insert(2, 'a', null), insert(3, 'a', null)],
    );
    expect([one?.outcome, one?.console]).toEqual(['mapped', ['row 1']]);
    expect([dropped?.outcome, dropped?.reason]).toEqual(['dropped', 'the script gives no row for it']);
    expect([refused?.outcome, refused?.code]).toEqual(['refused', 'ROW_SCRIPT_FAILED']);
    expect(refused?.reason).toContain('line 4');
  });

  it('answers while a script runs without end, and so does the manager', async () => {
    const endless = { script: { source: 'function transform(row) { for (;;); }', timeMs: 10_000 } };
    const running = ask(endless, [insert(1, 'a', null), insert(2, 'a', null)]);
    expect((await manager.request('GET', `/api/v1/pipelines/${pipelineId}`)).status).toBe(200);
    const answer = await running;
    expect([answer.status, resultsIn(answer).filter(({ outcome }) => outcome !== 'notTried')]).toEqual([200, []]);
    const [after] = await show({}, insert(1, 'a', null));
    expect(after?.outcome).toBe('mapped');
  });

  it('shows of large values how long they are, and not the whole of their statements', async () => {
    const lengths = [9_000, 100_000];
    const results = await show({}, ...lengths.map((length) => insert(1, 'a', 'x'.repeat(length))));
    expect(results.map(({ changes: [change] }) => change?.after)).toMatchObject(
      lengths.map((length) => ({ tags: { length, sha256: expect.any(String) } })),
    );
    for (const {
      changes: [change],
    } of results) {
      expect(change?.sql).toContain('INSERT INTO');
      expect(change?.sql?.length).toBeLessThan(8_200);
    }
  });

  it('says why there is no statement', async () => {
    const elsewhere = { route: { expression: '"nowhere"', tables: ['nowhere'] } };
    const [lost] = await show(elsewhere, insert(1, 'a', null));
    expect(lost?.changes[0]).toMatchObject({ sql: null, problem: `There is no table ${schema}.nowhere at the target` });
  });
});
