import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecret } from '@lutra/model';
import type { MappingRules } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { keysOf } from '../src/mapping-rules/masking-keys.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';
import { RULES } from './workshop.ts';

// Goal: rules of a mapping come to the stages as they were given, over every way that mappings take, and masking keys are
// neither shown by any of these ways nor lost on them.
// Method: a manager in this process, spoken to over HTTP; definitions are read from the bus as stages do.

const SECRET = Buffer.alloc(32, 7).toString('base64');
const NEWER = Buffer.alloc(32, 8).toString('base64');
const installation = new Installation();
let manager: RunningManager;
let pipelineId: string;
let path: string;

beforeAll(async () => {
  manager = await installation.start({ env: { LUTRA_SECRET_KEY: SECRET, LUTRA_SECRET_REFERENCES: 'env:MASKING_' } });
  const dataSource = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  const channelId = await manager.create('channels', { name: 'shop' });
  const sourceId = await manager.create('data-sources', { ...dataSource, name: 'source', port: 3301 });
  const targetId = await manager.create('data-sources', { ...dataSource, name: 'target', port: 3302 });
  pipelineId = await manager.create('pipelines', { channelId, name: 'p', sourceId, targetId });
  const mapping = { source: { schema: 's', table: { exact: 't' } }, target: { schema: 't' }, rules: RULES };
  path = `pipelines/${pipelineId}/mappings/${await manager.create(`pipelines/${pipelineId}/mappings`, mapping)}`;
});

afterAll(() => installation.close());

const get = (address: string): Promise<Answer> => manager.request('GET', `/api/v1/${address}`);
const patch = (rules: unknown): Promise<Answer> => manager.request('PATCH', `/api/v1/${path}`, { body: { rules } });
const opened = (rules: MappingRules | undefined, key = SECRET): readonly string[] =>
  keysOf(rules).map((one) => openSecret(one, key));

async function publishedRules(revision: number): Promise<MappingRules | undefined> {
  await waitUntil(async () => ((await manager.bus.definition(pipelineId))?.revision ?? 0) >= revision, {
    what: `revision ${String(revision)} on the bus`,
    timeoutMs: 60_000,
  });
  return (await manager.bus.definition(pipelineId))?.mappings[0]?.rules;
}

/** As the API shows them. */
const SHOWN = JSON.parse(
  JSON.stringify(RULES)
    .replace('"a long masking key"', '{"set":true}')
    .replace('"another masking key"', '{"set":true}'),
) as typeof RULES;

describe('rules', () => {
  it('reach the stages one to one, their keys sealed, and are shown without them', async () => {
    const { body, text } = await get(path);
    expect(body['rules']).toEqual(SHOWN);
    const rules = await publishedRules(2);
    expect(opened(rules)).toEqual(['a long masking key', 'another masking key']);
    const [hash = '', token = ''] = keysOf(rules);
    expect(
      JSON.parse(JSON.stringify(rules).replace(hash, 'a long masking key').replace(token, 'another masking key')),
    ).toEqual(RULES);
    const pages = [
      'pipelines/{id}',
      'pipelines/{id}/revisions/2',
      'pipelines/{id}/revisions/1/diff/2',
      'audit',
      'channels/shop/document',
    ];
    const all = await Promise.all(pages.map((one) => get(one.replace('{id}', pipelineId))));
    for (const shown of [text, ...all.map((one) => one.text)])
      for (const secret of ['a long masking key', 'another masking key', hash, token])
        expect(shown).not.toContain(secret);
    expect(all.map(({ status }) => status)).toEqual(pages.map(() => 200));
  });

  it('are told of a table that they would be applied to, without their keys', async () => {
    const { status, body } = await get(`pipelines/${pipelineId}/mappings/resolve?schema=s&table=t`);
    expect([status, body]).toEqual([
      200,
      {
        ...{ schema: 's', table: 't', others: [] },
        mappings: [
          {
            ...{ mappingId: path.split('/').at(-1), by: 'exact', pattern: 't', columns: { mode: 'all' }, rules: SHOWN },
            ...{ schemaPattern: 's', reason: 'the schema is s, the table is t' },
            targets: [
              { schema: 't', table: 'v1' },
              { schema: 't', table: 'v2' },
            ],
          },
        ],
      },
    ]);
    const other = await get(`pipelines/${pipelineId}/mappings/resolve?schema=s&table=T`);
    expect(other.body).toMatchObject({ mappings: [], others: [{ reason: expect.stringContaining('case') }] });
    expect((await get(`pipelines/${pipelineId}/mappings/resolve?schema=s`)).status).toBe(400);
  });

  it('that do not compile are refused with their position, whichever way they come', async () => {
    const source = { schema: 's', table: { exact: 'other' } };
    const post = (rules: unknown): Promise<Answer> =>
      manager.request('POST', `/api/v1/pipelines/${pipelineId}/mappings`, {
        body: { source, target: { schema: 't' }, rules },
      });
    const { text } = await get('channels/shop/document');
    const put = (): Promise<Answer> =>
      manager.request('PUT', '/api/v1/channels/shop/document', {
        ...{
          body: text.replace(/filter: .*/, 'filter: "a ==\\n  b +"'),
          headers: { 'content-type': 'application/yaml' },
        },
      });
    const filter = { rows: { filter: 'a ==\n  b +' } };
    const script = { script: { source: 'function transform(row) {\n  return row;\n', columns: [] } };
    const refused = async (asked: Promise<Answer>): Promise<unknown> => {
      const { status, body } = await asked;
      const { fields } = body['details'] as { readonly fields: readonly Readonly<Record<string, unknown>>[] };
      return [status, body['code'], fields[0]?.['line'], typeof fields[0]?.['column']];
    };
    for (const way of [post, patch]) {
      expect(await refused(way(filter))).toEqual([422, 'MAPPING_EXPRESSION_INVALID', 2, 'number']);
      expect(await refused(way(script))).toEqual([422, 'MAPPING_SCRIPT_INVALID', 3, 'number']);
    }
    expect(await refused(put())).toEqual([422, 'MAPPING_EXPRESSION_INVALID', 2, 'number']);
  });

  it('keep their keys when a change leaves them out, and go with an empty object', async () => {
    const before = await publishedRules(2);
    const changed = await patch({ ...SHOWN, rows: { filter: 'a == 2' } });
    expect(changed.status).toBe(200);
    expect(keysOf(await publishedRules(3))).toEqual(keysOf(before));
    expect((await patch({})).body['rules']).toBeUndefined();
    expect(await publishedRules(4)).toBeUndefined();
    const lost = await patch(SHOWN);
    expect([lost.status, lost.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    expect(lost.body['detail']).toContain('rules.columns.0.steps.5.key is needed');
  });

  it('come back with a rollback, keys and all', async () => {
    const body = {};
    const back = await manager.request('POST', `/api/v1/pipelines/${pipelineId}/revisions/2/rollback`, { body });
    expect(back.status).toBe(200);
    expect(opened(await publishedRules(5))).toEqual(['a long masking key', 'another masking key']);
    await manager.request('POST', `/api/v1/pipelines/${pipelineId}/revisions/1/rollback`, { body });
    expect((await manager.bus.definition(pipelineId))?.revision).toBeGreaterThanOrEqual(5);
    await manager.request('POST', `/api/v1/pipelines/${pipelineId}/revisions/2/rollback`, { body });
    expect(opened(await publishedRules(7))).toEqual(['a long masking key', 'another masking key']);
  });

  it('go out and in as a document without a change, and a new key is one', async () => {
    const { text } = await get('channels/shop/document');
    const put = (document: string): Promise<Answer> =>
      manager.request('PUT', '/api/v1/channels/shop/document', {
        body: document,
        headers: { 'content-type': 'application/yaml' },
      });
    expect((await put(text)).body['steps']).toEqual([]);
    const other = await put(
      text
        .replace('kind: token\n', 'kind: token\n')
        .replace(/kind: token\n(\s+)key:\n\s+set: true/, 'kind: token\n$1key: a new masking key'),
    );
    expect(other.body['steps']).toHaveLength(1);
    expect(opened(await publishedRules(8))).toEqual(['a long masking key', 'a new masking key']);
    const missing = await put(text.replace('exact: t', 'exact: other'));
    expect(missing.body['detail']).toContain('key is needed');
  });

  it('are sealed anew under a new key of the installation', async () => {
    await manager.stop();
    manager = await installation.start({
      env: { LUTRA_SECRET_KEY: `${NEWER},${SECRET}`, LUTRA_SECRET_REFERENCES: 'env:MASKING_' },
    });
    const keys = async (): Promise<unknown> => (await get('secrets')).body['keys'];
    await waitUntil(
      async () => ((await keys()) as readonly { readonly mayBeRemoved: boolean }[])[1]?.mayBeRemoved === true,
      {
        what: 'the old key to be of no use',
        timeoutMs: 60_000,
      },
    );
    expect(await keys()).toMatchObject([{ mappings: 2 }, { mappings: 0 }]);
    expect(opened(await publishedRules(9), NEWER)).toEqual(['a long masking key', 'a new masking key']);
  });
});
