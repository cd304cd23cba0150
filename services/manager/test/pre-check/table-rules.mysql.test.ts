import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { runSql, testServers } from '@lutra/testing';
import { Installation } from '../running-manager.ts';
import type { Answer, RunningManager } from '../running-manager.ts';

// Goal: before a pipeline starts it is told which tables of a pattern lack the mapped columns, and where tables that become one
// cannot be told apart; patterns of schemas find their tables, and none in reserved schemas.
// Method: schemas of shards at MariaDB and at MySQL, each as the source of the other; mappings over HTTP; the statement of the
// finding is run and mends it.

interface Found {
  readonly code: string;
  readonly severity: string;
  readonly subject: Record<string, string>;
  readonly explanation: string;
  readonly statements: readonly { readonly at: string; readonly sql: string }[];
}

const installation = new Installation();
let manager: RunningManager;
let channelId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shards' });
});

afterAll(() => installation.close());

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });

describe.each(['mariadb', 'mysql'] as const)('tables of a %s', (kind) => {
  const { mariadbSource, mysql, mariadbTarget } = testServers();
  const [source, target] = kind === 'mariadb' ? [mariadbSource, mysql] : [mysql, mariadbTarget];
  const prefix = `rules_${randomBytes(3).toString('hex')}`;
  const copy = `${prefix}_copy`;
  const shards = { regex: `${prefix}_(\\d+)` };
  let ids: { readonly sourceId: string; readonly targetId: string };

  beforeAll(async () => {
    for (const shard of ['1', '2'])
      await runSql(source, [
        `CREATE DATABASE ${prefix}_${shard}`,
        `CREATE TABLE ${prefix}_${shard}.orders (id INT PRIMARY KEY, note VARCHAR(20) CHARACTER SET utf8mb4)`,
        `CREATE TABLE ${prefix}_${shard}.items_${shard} (id INT PRIMARY KEY${shard === '2' ? '' : ', price INT'})`,
      ]);
    await runSql(target, [
      `CREATE DATABASE ${copy}`,
      `CREATE TABLE ${copy}.orders (id INT PRIMARY KEY, note VARCHAR(20) CHARACTER SET utf8mb4)`,
      `CREATE TABLE ${copy}.items (id INT PRIMARY KEY, price INT)`,
    ]);
    const login = ({ kind: of, host, port, user, password }: typeof source): object => ({
      ...{ kind: of, host, port, user, password },
    });
    const sourceId = await manager.create('data-sources', { name: `source ${kind}`, ...login(source) });
    const targetId = await manager.create('data-sources', { name: `target ${kind}`, ...login(target) });
    ids = { sourceId, targetId };
  });

  afterAll(async () => {
    await runSql(
      source,
      ['1', '2'].map((shard) => `DROP DATABASE IF EXISTS ${prefix}_${shard}`),
    );
    await runSql(target, [`DROP DATABASE IF EXISTS ${copy}`]);
  });

  /** Of the test: another one may write the same tables afterwards. */
  let made: string[] = [];
  afterEach(async () => {
    for (const id of made) await api('DELETE', `pipelines/${id}`);
    made = [];
  });

  const pipeline = async (name: string, ...mappings: readonly object[]): Promise<string> => {
    const id = await manager.create('pipelines', { channelId, name: `${kind} ${name}`, ...ids });
    made.push(id);
    for (const mapping of mappings) await manager.create(`pipelines/${id}/mappings`, mapping);
    return id;
  };
  const found = async (id: string, code: string): Promise<readonly Found[]> => {
    const { status, body } = await api('POST', `pipelines/${id}/pre-check`);
    expect(status).toBe(200);
    return (body['findings'] as Found[]).filter((finding) => finding.code === code);
  };

  it('that lack the mapped columns of a pattern are named before the start, and START is refused', async () => {
    const id = await pipeline('columns', {
      source: { schema: shards, table: { regex: 'items_\\d+' } },
      target: { schema: copy, table: 'items' },
      columns: { mode: 'list', columns: ['id', 'price'].map((name) => ({ source: name, target: name })) },
    });
    const findings = await found(id, 'MAPPING_COLUMN_UNKNOWN');
    expect(findings.map(({ severity, subject }) => [severity, subject])).toEqual([
      ['error', expect.objectContaining({ place: 'source', schema: `${prefix}_2`, table: 'items_2', column: 'price' })],
    ]);
    const refused = await api('POST', `pipelines/${id}/commands`, { kind: 'START', reason: 'test' });
    expect([refused.status, refused.body['code']]).toEqual([409, 'PIPELINE_PRECHECK_FAILED']);
    expect(refused.text).toContain('items_2');
  });

  it('that become one without a column to tell them apart are named, and the statement mends it', async () => {
    const mapping = { source: { schema: shards, table: { exact: 'orders' } }, target: { schema: copy } };
    const id = await pipeline('shards', mapping);
    const [finding, ...more] = await found(id, 'SHARDS_MAY_COLLIDE');
    expect([finding?.severity, finding?.subject, more]).toEqual([
      'warning',
      { place: 'target', schema: copy, table: 'orders' },
      [],
    ]);
    expect(finding?.explanation).toContain(`${prefix}_1.orders, ${prefix}_2.orders become one table`);
    for (const { sql } of finding?.statements ?? []) await runSql(target, [sql]);
    const mappings = (await api('GET', `pipelines/${id}/mappings`)).body.items ?? [];
    const columns = [{ target: 'source_schema', from: { kind: 'fact', fact: 'sourceSchema' } }];
    await api('PATCH', `pipelines/${id}/mappings/${String(mappings[0]?.['id'])}`, { rules: { columns } });
    const { body } = await api('POST', `pipelines/${id}/pre-check`);
    const about = (body['findings'] as Found[]).filter(({ subject }) => subject['table'] === 'orders');
    expect(about).toEqual([]);
  });

  it('that two mappings bring into one table are refused when names tell it, and found otherwise', async () => {
    const into = { schema: copy, table: 'items' };
    const id = await pipeline('twice', { source: { schema: shards, table: { regex: 'items_.*' } }, target: into });
    const named = { source: { schema: `${prefix}_1`, table: { exact: 'items_1' } }, target: into };
    expect((await api('POST', `pipelines/${id}/mappings`, named)).body['code']).toBe('MAPPING_TARGET_COLLISION');
    // Whether two expressions with look-ahead meet is not seen by their text.
    const other = { source: { schema: `${prefix}_2`, table: { regex: '(?=i)[^o]+_2' } }, target: into };
    await manager.create(`pipelines/${id}/mappings`, other);
    const [finding] = await found(id, 'TABLE_TAKEN_TWICE');
    expect([finding?.severity, finding?.explanation]).toEqual([
      'error',
      expect.stringContaining(`2 mappings bring ${prefix}_2.items_2 into ${copy}.items`),
    ]);
  });

  it('whose names differ from those of the mapping by case only are named', async () => {
    const id = await pipeline('case', {
      source: { schema: prefix.toUpperCase() + '_1', table: { exact: 'ORDERS' } },
      target: { schema: copy, table: 'orders' },
    });
    const [finding] = await found(id, 'NAME_CASE_DIFFERS');
    expect([finding?.severity, finding?.subject]).toEqual([
      'warning',
      expect.objectContaining({ place: 'source', schema: `${prefix}_1`, table: 'orders' }),
    ]);
    expect(await found(id, 'PATTERN_MATCHES_NOTHING')).toEqual([]);
  });

  it('whose newest rows would be refused are named with the reason, as often as it is so', async () => {
    const number = { target: 'note', from: { kind: 'column', column: 'note' } };
    const toInt = { ...number, steps: [{ kind: 'convert', type: 'int', onLoss: 'fail' }] };
    const id = await pipeline('newest', {
      source: { schema: `${prefix}_1`, table: { exact: 'orders' } },
      target: { schema: copy },
      rules: { columns: [toInt] },
    });
    await runSql(source, [
      `INSERT INTO ${prefix}_1.orders VALUES (1, '17'), (2, 'none'), (3, '18')`,
      `INSERT INTO ${prefix}_1.orders VALUES (4, 'neither')`,
    ]);
    const findings = await found(id, 'ROWS_REFUSED');
    expect(findings.map(({ severity, subject }) => [severity, subject])).toEqual([
      ['warning', expect.objectContaining({ place: 'source', schema: `${prefix}_1`, table: 'orders' })],
    ]);
    expect(findings[0]?.explanation).toMatch(
      /Of the 4 newest rows .* 2 of .*orders would be refused \(ROW_VALUE_INVALID\)/,
    );
    const mappings = (await api('GET', `pipelines/${id}/mappings`)).body.items ?? [];
    await api('PATCH', `pipelines/${id}/mappings/${String(mappings[0]?.['id'])}`, { rules: { columns: [number] } });
    expect(await found(id, 'ROWS_REFUSED')).toEqual([]);
    expect(await found(id, 'ROWS_NOT_TRIED')).toEqual([]);
  });

  it('are looked for in all schemas of a pattern but the reserved ones', async () => {
    const id = await pipeline('everywhere', {
      source: { schema: { regex: '(mysql|sys|performance_schema|no_such)' }, table: { regex: '.*' } },
      target: { schema: copy },
    });
    expect((await found(id, 'PATTERN_MATCHES_NOTHING')).length).toBe(1);
  });
});
