import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyIds, openSecret } from '@lutra/model';
import type { DataSourceDefinition } from '@lutra/model';
import { makeTlsMaterial, waitUntil } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: the key of the installation can be replaced while it runs: everything goes over to the new key, people see when the
// old one may go, and nothing is lost with it. Secrets may be references instead.
// Method: managers in this process with different keys, one after the other, on one store.

const installation = new Installation();
const older = Buffer.alloc(32, 7).toString('base64');
const newest = Buffer.alloc(32, 8).toString('base64');
const [olderId, newestId] = [keyIds(older)[0], keyIds(newest)[0]];
const base = { kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'u' };
let manager: RunningManager;
let pipelineId: string;
let dataSourceId: string;
let receiverId: string;
let removedId: string;
let tls: TlsMaterial;
const folder = mkdtempSync(join(tmpdir(), 'lutra-secrets-'));

const startWith = (keys: string, references?: string): Promise<RunningManager> =>
  installation.start({
    env: { LUTRA_SECRET_KEY: keys, ...(references === undefined ? {} : { LUTRA_SECRET_REFERENCES: references }) },
  });
const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const keysOf = ({ body }: Answer): readonly Record<string, unknown>[] => body['keys'] as Record<string, unknown>[];

const clientKey = (): Record<string, string> => ({
  ...{ tls: 'verifyCa', tlsCa: tls.authority, tlsCert: tls.client.certificate, tlsKey: tls.client.privateKey },
});
/** What a sealed text of a definition holds, under one key alone. */
const opened = (kept: string | undefined, key: string): string => openSecret(kept ?? '', key);
/** What is kept of a removed pipeline's target. */
async function removedTarget(): Promise<DataSourceDefinition> {
  const sql = `SELECT target FROM ${installation.database}.removal WHERE pipeline_id = '${removedId}'`;
  const [row] = await installation.sql(sql);
  return JSON.parse(String(row?.['target'])) as DataSourceDefinition;
}

/** A pipeline that was removed after it had run, to a target that is away: its rows there are still to go. */
async function removeRunPipeline(channelId: string, targetId: string): Promise<string> {
  const id = await manager.create('pipelines', { name: 'removed', channelId, sourceId: dataSourceId, targetId });
  const permit = {
    ...({
      state: 'STOPPED',
      epoch: 3,
      draining: false,
      commandId: 'C',
      aboutEpoch: 2,
      reason: 'test',
      failure: null,
    } as const),
    ...{ since: new Date().toISOString(), by: 'arbiter-1', attempt: 0, nextAttemptAt: null },
  } as const;
  await manager.coordinator.writePermit(id, permit, null);
  expect((await manager.request('DELETE', `/api/v1/pipelines/${id}?discardDeadLetters=true`)).status).toBe(202);
  return id;
}

beforeAll(async () => {
  tls = await makeTlsMaterial(folder);
  manager = await startWith(older, 'env:TEST_');
  const channelId = await manager.create('channels', { name: 'shop' });
  dataSourceId = await manager.create('data-sources', {
    ...base,
    name: 'source',
    password: 'Source-1',
    ...clientKey(),
  });
  const targetId = await manager.create('data-sources', { ...base, name: 'target', password: 'env:TEST_PASSWORD' });
  receiverId = await manager.create('receivers', {
    ...{ name: 'chat', kind: 'slack', http: { url: 'https://chat.example.com/hooks/Token-1' } },
  });
  pipelineId = await manager.create('pipelines', { name: 'p', channelId, sourceId: dataSourceId, targetId });
  const away = { ...base, host: '127.0.0.1', port: 1, name: 'away', password: 'Away-1', ...clientKey() };
  removedId = await removeRunPipeline(channelId, await manager.create('data-sources', away));
});

afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true });
});

describe('a new key', () => {
  it('takes over everything, tells the stages, and then the old one may go', async () => {
    expect(keysOf(await get('secrets'))).toEqual([
      expect.objectContaining({
        id: olderId,
        state: 'newest',
        dataSources: 4,
        receivers: 1,
        removals: 2,
        definitions: 2,
      }),
    ]);
    expect(opened((await removedTarget()).password, older)).toBe('Away-1');
    const version = (await get(`receivers/${receiverId}`)).body['version'];
    await manager.stop();
    manager = await startWith(`${newest},${older}`, 'env:TEST_');
    await waitUntil(async () => keysOf(await get('secrets'))[1]?.['mayBeRemoved'] === true, {
      what: 'the old key to be of no use',
      timeoutMs: 60_000,
    });
    const { body } = await get('secrets');
    expect(body).toMatchObject({
      keys: [
        {
          id: newestId,
          state: 'newest',
          dataSources: 4,
          receivers: 1,
          removals: 2,
          definitions: 2,
          mayBeRemoved: false,
        },
        { id: olderId, state: 'older', dataSources: 0, receivers: 0, removals: 0, definitions: 0 },
      ],
      references: 1,
      unpublished: 0,
    });
    const definition = await manager.bus.definition(pipelineId);
    expect(opened(definition?.source.password, newest)).toBe('Source-1');
    expect(opened(definition?.source.tlsKey, newest)).toBe(tls.client.privateKey);
    const removed = await removedTarget();
    expect([opened(removed.password, newest), opened(removed.tlsKey, newest)]).toEqual([
      'Away-1',
      tls.client.privateKey,
    ]);
    expect(definition?.target.password).toBe('env:TEST_PASSWORD');
    // Nobody who edits is disturbed, and the audit says what happened.
    expect((await get(`receivers/${receiverId}`)).body['version']).toBe(version);
    const audit = await get(`audit?resourceId=${dataSourceId}`);
    expect(audit.body.items?.[0]).toMatchObject({ who: 'manager', action: 'update', after: { sealedUnder: newestId } });
    expect((await get('audit/verify')).body).toMatchObject({ isIntact: true });
    const revisions = await get(`pipelines/${pipelineId}/revisions`);
    expect(revisions.body.items?.[0]).toMatchObject({
      author: 'manager',
      comment: expect.stringContaining('key') as unknown,
    });
    await manager.stop();
    manager = await startWith(newest, 'env:TEST_');
    // Merging with the secrets that are there needs them opened.
    const patched = await manager.request('PATCH', `/api/v1/receivers/${receiverId}`, { body: { enabled: false } });
    expect(patched.status).toBe(200);
  });

  it('one that is missing is shown, and what it holds is not touched', async () => {
    await manager.stop();
    manager = await startWith(older);
    const { body } = await get('secrets');
    expect(body['keys']).toEqual([
      expect.objectContaining({ id: olderId, state: 'newest', dataSources: 0, receivers: 0 }),
      expect.objectContaining({ id: newestId, state: 'missing', dataSources: 4, removals: 2, mayBeRemoved: false }),
      // It was sealed while there was one key, and does not say which one.
      expect.objectContaining({ id: null, state: 'missing', receivers: 1, mayBeRemoved: false }),
    ]);
    await waitUntil(() => installation.logLines.some((line) => line.includes('secrets cannot be sealed anew')), {
      what: 'the manager to say so',
      timeoutMs: 60_000,
    });
    const said = installation.logLines.filter((line) => line.includes('secrets cannot be sealed anew')).join('');
    expect(said).toContain(`needs the key with the id ${String(newestId)}`);
    await manager.stop();
    manager = await startWith(newest);
    expect(keysOf(await get('secrets'))).toEqual([expect.objectContaining({ state: 'newest', dataSources: 4 })]);
  });
});

describe('a reference', () => {
  it('that nobody allowed is refused, field and reference named', async () => {
    for (const password of ['env:LUTRA_SECRET_KEY', 'env:TEST_PASSWORD', 'file:/etc/passwd']) {
      const answer = await manager.request('POST', '/api/v1/data-sources', { body: { ...base, name: 'n', password } });
      expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_INVALID']);
      expect(answer.body['detail']).toContain(`password: ${password}`);
    }
  });

  it('that names nothing says so when it is needed', async () => {
    await manager.stop();
    manager = await startWith(newest, 'env:TEST_');
    const id = await manager.create('data-sources', { ...base, name: 'no variable', password: 'env:TEST_KEY' });
    const { body } = await manager.request('POST', `/api/v1/data-sources/${id}/check`);
    expect(body).toMatchObject({
      reachable: false,
      failure: { code: 'SECRET_REFERENCE_MISSING', detail: expect.stringContaining('env:TEST_KEY') as unknown },
    });
  });

  it('may stand for the secrets of a receiver, too', async () => {
    const http = { url: 'http://127.0.0.1:1/hook', secret: 'env:TEST_HOOK' };
    const id = await manager.create('receivers', { name: 'hook', kind: 'webhook', http });
    const { body } = await manager.request('POST', `/api/v1/receivers/${id}/test-send`);
    expect(body).toMatchObject({ isSent: false, failure: { code: 'SECRET_REFERENCE_MISSING' } });
    const other = { name: 'other', kind: 'webhook', http: { ...http, secret: 'env:OTHER' } };
    const refused = await manager.request('POST', '/api/v1/receivers', { body: other });
    expect([refused.status, refused.body['detail']]).toEqual([400, expect.stringContaining('http.secret: env:OTHER')]);
  });
});
