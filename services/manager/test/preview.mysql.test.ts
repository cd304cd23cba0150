import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTo, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: people see what a mapping will do with rows before it does, and looking changes nothing.
// Method: a manager in this process, sources of both kinds, a real target; statements of the answer are run by the test to
// see that they do what the answer says.

const installation = new Installation();
const schema = `preview_${randomBytes(4).toString('hex')}`;
const KEY = 'a long masking key';
let manager: RunningManager;
let channelId: string;
let targetId: string;

const given = ({ kind, host, port, user, password }: DatabaseServer): Record<string, unknown> => ({
  ...{ kind, host, port, user, password },
});

async function run(server: DatabaseServer, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const connection = await connectTo(server);
  try {
    let rows: unknown = [];
    for (const statement of statements) [rows] = await connection.query(statement);
    return rows as Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}

const target = (): DatabaseServer => testServers().mariadbTarget;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  targetId = await manager.create('data-sources', { ...given(target()), name: 'target' });
  await run(
    target(),
    `CREATE DATABASE ${schema}`,
    `CREATE TABLE ${schema}.people (id INT PRIMARY KEY, mail CHAR(16), city VARCHAR(3), big BIGINT)`,
  );
});

afterAll(async () => {
  await run(target(), `DROP DATABASE ${schema}`);
  await installation.close();
});

const preview = (body: unknown): Promise<Answer> => manager.request('POST', '/api/v1/mappings/preview', { body });

const RULES = {
  rows: { leaveOut: ['delete'] },
  columns: [
    { target: 'mail', from: { kind: 'column', column: 'mail' }, steps: [{ kind: 'hash', key: KEY, length: 16 }] },
    { target: 'city', from: { kind: 'column', column: 'address' }, steps: [{ kind: 'json', path: '$.city' }] },
  ],
};
const COLUMNS = { mode: 'except', names: ['mail', 'address'], renames: [] };
const MAPPING = {
  source: { schema, table: { exact: 'users' } },
  target: { schema, table: 'people' },
  columns: COLUMNS,
  rules: RULES,
};
const hashed = (mail: string): string => createHmac('sha256', KEY).update(mail).digest('hex').slice(0, 16);

interface Seen {
  readonly rows: readonly {
    readonly kind: string;
    readonly after: unknown;
    readonly results: readonly {
      readonly outcome: string;
      readonly code: string | null;
      readonly reason: string | null;
      readonly changes: readonly Readonly<Record<string, unknown>>[];
    }[];
  }[];
  readonly tables: readonly {
    readonly findings: readonly { readonly code: string }[];
    readonly isThere: boolean | null;
  }[];
  readonly misfits: readonly Readonly<Record<string, unknown>>[];
  readonly targetProblem: string | null;
}
const seen = ({ body }: Answer): Seen => body as unknown as Seen;

describe.each([
  ['MariaDB', testServers().mariadbSource],
  ['MySQL', testServers().mysql],
] as const)('rows of %s', (name, source) => {
  let pipelineId: string;

  beforeAll(async () => {
    await run(
      source,
      `DROP DATABASE IF EXISTS ${schema}`,
      `CREATE DATABASE ${schema}`,
      `CREATE TABLE ${schema}.users (id INT PRIMARY KEY, mail VARCHAR(99), address TEXT, big BIGINT)`,
      `CREATE TABLE ${schema}.other (id INT PRIMARY KEY)`,
    );
    const sourceId = await manager.create('data-sources', { ...given(source), name });
    pipelineId = await manager.create('pipelines', { channelId, name, sourceId, targetId });
  });

  afterAll(() => run(source, `DROP DATABASE ${schema}`));

  it('of the log are shown as they would be written, the newest ones, and nothing is', async () => {
    await run(
      source,
      `INSERT INTO ${schema}.users VALUES (1, 'a@example.com', '{"city": "Rom"}', 9007199254740993)`,
      `INSERT INTO ${schema}.users VALUES (2, 'b@example.com', 'no JSON', 2), (3, NULL, NULL, NULL)`,
      `INSERT INTO ${schema}.other VALUES (1)`,
      `UPDATE ${schema}.users SET big = 5 WHERE id = 3`,
      `DELETE FROM ${schema}.users WHERE id = 1`,
    );
    const before = await manager.request('GET', `/api/v1/pipelines/${pipelineId}`);
    const answer = await preview({ pipelineId, mapping: MAPPING, last: 5 });
    expect(answer.status).toBe(200);
    const { rows, misfits, tables } = seen(answer);
    expect(
      rows.map(({ kind, results: [result] }) => [kind, result?.outcome, result?.code, result?.changes.length]),
    ).toEqual([
      ['insert', 'mapped', null, 1],
      ['insert', 'refused', 'ROW_VALUE_INVALID', 0],
      ['insert', 'mapped', null, 1],
      ['update', 'mapped', null, 1],
      ['delete', 'dropped', null, 0],
    ]);
    expect(rows[0]?.results[0]?.changes[0]).toMatchObject({
      ...{ schema, table: 'people', kind: 'insert', before: null, problem: null },
      after: { id: 1, mail: hashed('a@example.com'), city: 'Rom', big: { integer: '9007199254740993' } },
    });
    expect(rows[4]?.results[0]?.reason).toBe('rows.leaveOut leaves out every delete');
    expect(misfits).toEqual([]);
    expect([tables[0]?.isThere, tables[0]?.findings.map(({ code }) => code)]).toEqual([true, ['TYPE_NARROWER']]);
    expect(answer.text).not.toContain(`"${KEY}"`);
    expect(await run(target(), `SELECT COUNT(*) AS n FROM ${schema}.people`)).toEqual([{ n: '0' }]);
    expect((await manager.request('GET', `/api/v1/pipelines/${pipelineId}`)).body).toEqual(before.body);
    const sql = [0, 2, 3].map((row) => String(rows[row]?.results[0]?.changes[0]?.['sql']));
    await run(target(), ...sql);
    expect(
      await run(target(), `SELECT id, mail, city, CAST(big AS CHAR) AS big FROM ${schema}.people ORDER BY id`),
    ).toEqual([
      { id: 1, mail: hashed('a@example.com'), city: 'Rom', big: '9007199254740993' },
      { id: 3, mail: null, city: null, big: '5' },
    ]);
    await run(target(), `DELETE FROM ${schema}.people`);
    expect(seen(await preview({ pipelineId, mapping: MAPPING, last: 1 })).rows.map(({ kind }) => kind)).toEqual([
      'delete',
    ]);
  });

  it('of a sample are those of the table at the source', async () => {
    const rows = [{ kind: 'insert', after: { ID: 7, mail: 'c@example.com', big: { integer: '8' } } }];
    const answer = await preview({ pipelineId, mapping: MAPPING, sample: { schema, table: 'users', rows } });
    expect(seen(answer).rows[0]?.results[0]?.changes[0]).toMatchObject({
      after: { id: 7, mail: hashed('c@example.com'), big: { integer: '8' } },
      sql: `INSERT INTO \`${schema}\`.\`people\` (\`id\`,\`big\`,\`mail\`) VALUES (7,8,'${hashed('c@example.com')}')`,
    });
    const none = await preview({
      pipelineId,
      mapping: MAPPING,
      sample: { schema, table: 'other', rows: [{ kind: 'insert', after: { id: 1 } }] },
    });
    expect(seen(none).rows[0]?.results).toEqual([]);
  });

  it('do not come to a mapping that does not fit them', async () => {
    const columns = { mode: 'list', columns: [{ source: 'no_such', target: 'x' }] };
    const { rows, misfits } = seen(await preview({ pipelineId, mapping: { ...MAPPING, columns }, last: 1 }));
    expect(misfits).toEqual([expect.objectContaining({ schema, table: 'users', code: 'MAPPING_COLUMN_UNKNOWN' })]);
    expect(rows[0]?.results).toEqual([]);
  });
});

describe('a mapping that is there', () => {
  let pipelineId: string;
  let mappingId: string;
  const columns = [
    { name: 'id', type: 'int' },
    { name: 'mail', type: 'varchar(99)' },
    { name: 'address', type: 'longtext' },
  ];
  const sampleOf = (...rows: readonly object[]): object => ({
    schema,
    table: 'users',
    columns,
    primaryKey: ['id'],
    rows,
  });
  const row = { kind: 'insert', after: { id: 1, mail: 'a', address: '{}' } };

  beforeAll(async () => {
    const nowhere = { kind: 'mysql', host: '127.0.0.1', port: 1, user: 'u', password: 'p' };
    const sourceId = await manager.create('data-sources', { ...nowhere, name: 'nowhere' });
    const otherId = await manager.create('data-sources', { ...nowhere, host: '127.0.0.2', name: 'nowhere else' });
    const places = { channelId, sourceId, targetId: otherId };
    pipelineId = await manager.create('pipelines', { ...places, name: 'nowhere' });
    mappingId = await manager.create(`pipelines/${pipelineId}/mappings`, MAPPING);
  });

  it('is shown with columns that are given, whatever is away', async () => {
    const answer = await preview({ pipelineId, sample: sampleOf(row) });
    const { rows, targetProblem } = seen(answer);
    expect(rows[0]?.results[0]?.changes[0]).toMatchObject({ after: { id: 1, mail: hashed('a') }, sql: null });
    expect(targetProblem).toContain('TARGET_UNREACHABLE');
  });

  it('is shown as it would be after a change, its key as it is', async () => {
    const [mail, city] = RULES.columns;
    const changed = {
      ...MAPPING,
      rules: { columns: [{ ...mail, steps: [{ kind: 'hash', key: { set: true }, length: 9 }] }, city] },
    };
    const sample = sampleOf(row, { kind: 'delete', before: row.after });
    const { rows } = seen(await preview({ pipelineId, mappingId, mapping: changed, sample }));
    expect(rows[0]?.results[0]?.changes[0]?.['after']).toMatchObject({ mail: hashed('a').slice(0, 9) });
    expect(rows[1]?.results[0]?.outcome).toBe('mapped');
    const asked = await preview({ pipelineId, mapping: changed, sample });
    expect([asked.status, asked.body['detail']]).toEqual([400, expect.stringContaining('key is needed')]);
  });

  it.each<[string, object, number, string]>([
    ['neither sample nor log', {}, 400, 'Either sample or last'],
    ['both of them', { last: 1, sample: sampleOf(row) }, 400, 'Either sample or last'],
    ['a column that is none', { sample: sampleOf({ kind: 'insert', after: { x: 1 } }) }, 400, 'sample.rows.0.after.x'],
    [
      'a value of another type',
      { sample: sampleOf({ kind: 'insert', after: { id: 'a' } }) },
      400,
      'sample.rows.0.after.id must',
    ],
    [
      'an image too many',
      { sample: sampleOf({ ...row, before: row.after }) },
      400,
      'sample.rows.0.before does not belong',
    ],
    ['an image too few', { sample: sampleOf({ kind: 'update', after: row.after }) }, 400, 'sample.rows.0.before'],
    [
      'a type that is none',
      { sample: { schema, table: 't', columns: [{ name: 'a', type: 'money' }], rows: [row] } },
      400,
      'sample.columns.0.type',
    ],
    ['a mapping that is not there', { mappingId: 'X', last: 1 }, 404, 'no mapping with id X'],
  ])('is not shown with %s', async (_what, change, status, detail) => {
    const answer = await preview({ pipelineId, ...change });
    expect([answer.status, answer.body['detail']]).toEqual([status, expect.stringContaining(detail)]);
  });
});
