import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecret } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: look-ups come to the stages with the data sources that they need, whatever happens to these, and documents name them.
// Method: a manager in this process, spoken to over HTTP; definitions are read from the bus as stages do.

const SECRET = Buffer.alloc(32, 7).toString('base64');
const installation = new Installation();
let manager: RunningManager;
let pipelineId: string;
let otherId: string;
let path: string;

const LOOKUP = {
  ...{ name: 'customer', schema: 's', table: 'customers', key: [{ column: 'id', expression: 'customer_id' }] },
  ...{ columns: ['name'], ttlMs: 5_000, rowsMax: 100, missing: 'null' },
};
const mapping = (lookups: readonly unknown[]) => ({
  ...{ source: { schema: 's', table: { exact: 't' } }, target: { schema: 't' } },
  rules: { lookups, rows: { filter: "customer.name != 'x'" } },
});

beforeAll(async () => {
  manager = await installation.start({ env: { LUTRA_SECRET_KEY: SECRET } });
  const dataSource = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  const channelId = await manager.create('channels', { name: 'shop' });
  const sourceId = await manager.create('data-sources', { ...dataSource, name: 'source', port: 3301 });
  const targetId = await manager.create('data-sources', { ...dataSource, name: 'target', port: 3302 });
  otherId = await manager.create('data-sources', { ...dataSource, name: 'other', port: 3303, password: 'of today' });
  pipelineId = await manager.create('pipelines', { channelId, name: 'p', sourceId, targetId });
  const given = mapping([
    { ...LOOKUP, dataSourceId: otherId },
    { ...LOOKUP, name: 'own', dataSourceId: sourceId },
  ]);
  path = `pipelines/${pipelineId}/mappings/${await manager.create(`pipelines/${pipelineId}/mappings`, given)}`;
});

afterAll(() => installation.close());

const request = (method: string, address: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${address}`, body === undefined ? {} : { body });
const put = (document: string): Promise<Answer> =>
  manager.request('PUT', '/api/v1/channels/shop/document', {
    body: document,
    headers: { 'content-type': 'application/yaml' },
  });
async function published(revision: number): Promise<PipelineDefinition> {
  const definition = () => manager.bus.definition(pipelineId);
  await waitUntil(async () => ((await definition())?.revision ?? 0) >= revision, {
    ...{ what: `revision ${String(revision)} on the bus`, timeoutMs: 60_000 },
  });
  return (await definition()) as PipelineDefinition;
}

describe('the data source of a look-up', () => {
  it('reaches the stages, sealed, beside the source', async () => {
    const { lookupSources, mappings } = await published(2);
    expect(lookupSources).toMatchObject([{ id: otherId, name: 'other', port: 3303 }]);
    expect(openSecret(lookupSources?.[0]?.password ?? '', SECRET)).toBe('of today');
    expect(mappings[0]?.rules?.lookups?.[0]).toEqual({ ...LOOKUP, dataSourceId: otherId });
    const revision = await request('GET', `pipelines/${pipelineId}/revisions/2`);
    expect(revision.text).not.toContain(lookupSources?.[0]?.password);
  });

  it('comes anew when its password is changed', async () => {
    expect((await request('PATCH', `data-sources/${otherId}`, { password: 'of tomorrow' })).status).toBe(200);
    const { lookupSources } = await published(3);
    expect(openSecret(lookupSources?.[0]?.password ?? '', SECRET)).toBe('of tomorrow');
  });

  it('cannot be removed, and has to be there', async () => {
    const removed = await request('DELETE', `data-sources/${otherId}`);
    expect([removed.status, removed.body['code']]).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(removed.text).toContain('"as":"lookup"');
    for (const lookup of [{ dataSourceId: 'no such' }, { dataSource: 'other' }]) {
      const refused = await request('PATCH', path, { rules: mapping([{ ...LOOKUP, ...lookup }]).rules });
      expect([refused.status, refused.body['code']]).toEqual([400, 'REQUEST_INVALID']);
      expect(refused.text).toContain('rules.lookups.0.dataSource');
    }
  });
});

describe('documents', () => {
  it('name the data source, and find it by its name', async () => {
    const { text } = await request('GET', 'channels/shop/document');
    expect(text).toContain('dataSource: other');
    expect(text).not.toContain(otherId);
    const same = await put(text);
    expect([same.status, same.body['steps']]).toEqual([200, []]);
    const refused = await put(text.replaceAll('dataSource: other', 'dataSource: nobody'));
    expect([refused.status, refused.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    expect((await put(text.replaceAll('dataSource: other', 'dataSource: target'))).status).toBe(200);
    expect((await published(4)).lookupSources).toMatchObject([{ name: 'target' }]);
    // Nobody uses it any more.
    expect((await request('DELETE', `data-sources/${otherId}`)).status).toBe(204);
  });
});
