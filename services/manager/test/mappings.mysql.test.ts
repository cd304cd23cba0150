import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: every kind of mapping reaches the stages in words that they know, and what cannot work is refused with a reason.
// Method: a manager in this process, spoken to over HTTP; definitions are read from the bus as stages do.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const dataSource = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  sourceId = await manager.create('data-sources', { ...dataSource, name: 'source', port: 3301 });
  targetId = await manager.create('data-sources', { ...dataSource, name: 'target', port: 3302 });
});

afterAll(() => installation.close());

const createPipeline = (name: string): Promise<string> =>
  manager.create('pipelines', { channelId, name, sourceId, targetId });
const post = (path: string, body: unknown): Promise<Answer> => manager.request('POST', `/api/v1/${path}`, { body });
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

const published = (id: string, revision: number): Promise<unknown> =>
  waitUntil(async () => (await manager.bus.definition(id))?.revision === revision, {
    what: `revision ${String(revision)} on the bus`,
    timeoutMs: 60_000,
  });

describe('kinds of mappings', () => {
  it('a range is kept as it was given, and published as an expression', async () => {
    const id = await createPipeline('range');
    const source = { schema: 'shop', table: { range: 'orders_[0001-0128]' } };
    const created = await post(`pipelines/${id}/mappings`, { source, target: { schema: 'r', table: 'o_[0001-0128]' } });
    expect(created.body).toMatchObject({ source, target: { schema: 'r', table: 'o_[0001-0128]' } });
    await published(id, 2);
    expect((await manager.bus.definition(id))?.mappings).toEqual([
      {
        id: created.body['id'],
        source: { schema: 'shop', table: { regex: 'orders_(000[1-9]|00[1-9]\\d|01[0-1]\\d|012[0-8])' } },
        target: { schema: 'r', table: 'o_$1' },
        columns: { mode: 'all' },
      },
    ]);
    const path = `/api/v1/pipelines/${id}/mappings/${String(created.body['id'])}`;
    const fewer = await manager.request('PATCH', path, { body: { target: { schema: 'r', table: 'o_[1-4]' } } });
    expect(problem(fewer)).toEqual([400, 'REQUEST_INVALID']);
    const other = await manager.request('PATCH', path, {
      body: {
        source: { schema: 'shop', table: { range: 'orders_[09-10]' } },
        target: { schema: 'r', table: 'o_[1-2]' },
      },
    });
    expect(other.status).toBe(200);
    await published(id, 3);
    expect(
      (await manager.bus.definition(id))?.mappings.map(({ source: from, target: to }) => [from.table, to.table]),
    ).toEqual([
      [{ exact: 'orders_09' }, 'o_1'],
      [{ exact: 'orders_10' }, 'o_2'],
    ]);
  });

  it('columns with exceptions are published', async () => {
    const id = await createPipeline('exceptions');
    const columns = { mode: 'except', names: ['secret'], renames: [{ source: 'id', target: 'no' }] };
    const created = await post(`pipelines/${id}/mappings`, {
      source: { schema: 'shop', table: { regex: '(order|item)_(\\d+)' } },
      target: { schema: 'e', table: '$1_$2_archive' },
      columns,
    });
    expect(created.body).toMatchObject({ columns });
    await published(id, 2);
    expect((await manager.bus.definition(id))?.mappings[0]?.columns).toEqual(columns);
  });

  it.each<[string, unknown, number, string]>([
    ['an expression that would run for ever', { regex: '(a|a)*b' }, 422, 'MAPPING_REGEX_UNSAFE'],
    ['a range that is none', { range: 'orders' }, 400, 'REQUEST_INVALID'],
    ['two kinds at once', { exact: 'a', range: 'a[1-2]' }, 400, 'REQUEST_INVALID'],
  ])('%s is refused', async (what, table, status, code) => {
    const id = await createPipeline(`refusing ${what}`);
    const body = { source: { schema: 'shop', table }, target: { schema: 'x' } };
    expect(problem(await post(`pipelines/${id}/mappings`, body))).toEqual([status, code]);
    expect((await manager.request('GET', `/api/v1/pipelines/${id}`)).body).toMatchObject({ revision: 1, mappings: [] });
  });

  it('a range may become one table, and schemas may be ranges and expressions', async () => {
    const id = await createPipeline('one table');
    const source = { schema: 'shop', table: { range: 'orders_[1-2]' } };
    const one = await post(`pipelines/${id}/mappings`, { source, target: { schema: 'o', table: 'all' } });
    expect(one.status).toBe(201);
    const shards = { schema: { range: 'shop_[00-31]' }, table: { exact: 'orders' } };
    const many = await post(`pipelines/${id}/mappings`, { source: shards, target: { schema: 'copy_[00-31]' } });
    expect(many.body).toMatchObject({ source: shards, target: { schema: 'copy_[00-31]' } });
    const regions = { schema: { regex: 'crm_(eu|us)' }, table: { regex: '.*' } };
    await post(`pipelines/${id}/mappings`, { source: regions, target: { schema: 'crm_$s1' } });
    await published(id, 4);
    expect(
      (await manager.bus.definition(id))?.mappings.slice(1).map(({ source: from, target }) => [from, target]),
    ).toEqual([
      [{ schema: { regex: 'shop_([0-2]\\d|3[0-1])' }, table: { exact: 'orders' } }, { schema: 'copy_$s1' }],
      [regions, { schema: 'crm_$s1' }],
    ]);
  });

  it.each([
    ['a schema of two kinds', { regex: 'a', range: 'a[1-2]' }, 'x', 400, 'REQUEST_INVALID'],
    ['a schema of none', {}, 'x', 400, 'REQUEST_INVALID'],
    ['a range of schemas that is none', { range: 'shop' }, 'x', 400, 'REQUEST_INVALID'],
    ['another number of schemas', { range: 's[1-2]' }, 'x[1-3]', 400, 'REQUEST_INVALID'],
    ['a group that the schema does not have', { regex: 's_(\\d)' }, 'x$s2', 400, 'REQUEST_INVALID'],
    ['an expression over schemas that takes long', { regex: '(s+)+x' }, 'x', 422, 'MAPPING_REGEX_UNSAFE'],
    ['one that does not compile', { regex: 's(' }, 'x', 422, 'MAPPING_REGEX_INVALID'],
    ['a reserved one', 'mysql', 'x', 422, 'MAPPING_RESERVED_SCHEMA'],
  ])('%s is refused', async (what, schema, target, status, code) => {
    const id = await createPipeline(`refusing ${what}`);
    const body = { source: { schema, table: { exact: 'a' } }, target: { schema: target } };
    expect(problem(await post(`pipelines/${id}/mappings`, body))).toEqual([status, code]);
  });
});

describe('import', () => {
  const importing = (id: string, content: string, options: { query?: string; format?: string } = {}): Promise<Answer> =>
    post(`pipelines/${id}/mappings/import${options.query ?? ''}`, { format: options.format ?? 'text', content });
  const actions = ({ body }: Answer): unknown =>
    (body['lines'] as { line: number; action: string }[]).map(({ line, action }) => [line, action]);
  const mappingsOf = async (id: string): Promise<readonly Record<string, unknown>[]> =>
    (await manager.request('GET', `/api/v1/pipelines/${id}/mappings?pageSize=500`)).body.items ?? [];

  it('shows first what it would do, then does it in one revision', async () => {
    const id = await createPipeline('importing');
    const content = 'shop.import_a -> i.a\nshop.import_[1-3] -> i.r_[1-3]\nshop./import_x(\\d)/ -> i.x$1';
    const preview = await importing(id, content, { query: '?dryRun=true' });
    expect([preview.status, preview.body['isApplied'], actions(preview)]).toEqual([
      200,
      false,
      [1, 2, 3].map((line) => [line, 'create']),
    ]);
    expect(await mappingsOf(id)).toEqual([]);
    const done = await importing(id, content);
    expect([done.body['isApplied'], actions(done)]).toEqual([true, [1, 2, 3].map((line) => [line, 'create'])]);
    const stored = await mappingsOf(id);
    expect(stored.map((one) => one['id'])).toEqual(
      (done.body['lines'] as { mappingId: string }[]).map(({ mappingId }) => mappingId),
    );
    await published(id, 2);
    expect((await manager.bus.definition(id))?.mappings).toHaveLength(3);
    const again = await importing(id, `${content.replace('i.a', 'i.b')}\nshop.import_b -> i.c`);
    expect(actions(again)).toEqual([
      [1, 'change'],
      [2, 'same'],
      [3, 'same'],
      [4, 'create'],
    ]);
    expect((await mappingsOf(id))[0]).toMatchObject({ id: stored[0]?.['id'], target: { schema: 'i', table: 'b' } });
    await published(id, 3);
    const audit = await manager.request('GET', '/api/v1/audit?pageSize=500');
    const written = (audit.body.items ?? []).filter(({ resourceId }) => resourceId === id);
    expect(written.map(({ action }) => action).toSorted()).toEqual(['create', 'update', 'update']);
    expect(written.find(({ before }) => JSON.stringify(before).includes('"table":"a"'))).toMatchObject({
      resource: 'pipeline',
      after: {
        mappings: expect.arrayContaining([expect.objectContaining({ target: { schema: 'i', table: 'b' } })]) as unknown,
      },
    });
  });

  it('does all or nothing, and says at each line why', async () => {
    const id = await createPipeline('all or nothing');
    const content = 'shop.n_a -> n.a\nshop.n_b -> \nshop./(a|a)*b/ -> n.c\nshop.n_a -> n.d';
    const refused = await importing(id, content);
    expect([refused.body['isApplied'], actions(refused)]).toEqual([
      false,
      [
        [1, 'create'],
        [2, 'refuse'],
        [3, 'refuse'],
        [4, 'refuse'],
      ],
    ]);
    expect((refused.body['lines'] as { problem?: unknown }[]).map(({ problem: why }) => why)).toEqual([
      undefined,
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
      expect.objectContaining({ code: 'MAPPING_REGEX_UNSAFE' }),
      { code: 'REQUEST_INVALID', detail: 'line 1 has the same source' },
    ]);
    expect(await mappingsOf(id)).toEqual([]);
  });

  it('finds the line that does not go together with what is there', async () => {
    const id = await createPipeline('colliding');
    await importing(id, 'shop.k_a -> k.a');
    const refused = await importing(id, 'shop.k_b -> k.b\nshop.k_[1-2] -> k.o_[2-3]\nshop./k_a?/ -> k.a', {
      query: '?dryRun=true',
    });
    expect(actions(refused)).toEqual([
      [1, 'create'],
      [2, 'create'],
      [3, 'refuse'],
    ]);
    expect((refused.body['lines'] as { problem?: unknown }[])[2]?.problem).toMatchObject({
      code: 'MAPPING_TARGET_COLLISION',
    });
    expect(await mappingsOf(id)).toHaveLength(1);
  });

  it('takes CSV, a version, and refuses what is no content', async () => {
    const id = await createPipeline('csv');
    const content = 'sourceSchema,sourceTable,targetSchema,except\nshop,csv_a,c,"secret; old"';
    const stale = await manager.request('POST', `/api/v1/pipelines/${id}/mappings/import`, {
      body: { format: 'csv', content },
      headers: { 'if-match': '"99"' },
    });
    expect(problem(stale)).toEqual([412, 'RESOURCE_CONFLICT']);
    expect((await importing(id, content, { format: 'csv' })).body['isApplied']).toBe(true);
    expect((await mappingsOf(id))[0]).toMatchObject({ columns: { mode: 'except', names: ['secret', 'old'] } });
    expect(problem(await importing(id, 'a,b\nc,d', { format: 'csv' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await importing(id, content, { query: '?dryRun=perhaps' }))).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await importing('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'a.b -> c.d'))).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });

  it('takes no more mappings than a pipeline may have', async () => {
    const id = await createPipeline('many');
    const lines = (from: number, count: number): string =>
      Array.from({ length: count }, (_, index) => `shop.m_${String(from + index)} -> m.t_${String(from + index)}`).join(
        '\n',
      );
    expect((await importing(id, lines(0, 600))).body['isApplied']).toBe(true);
    expect(problem(await importing(id, lines(600, 401)))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect((await importing(id, lines(500, 500))).body['isApplied']).toBe(true);
  });
});
