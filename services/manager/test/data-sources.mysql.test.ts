import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecret } from '@lutra/model';
import { connectTo, makeTlsMaterial, OwnServer, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer, TlsMaterial } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a data source is what an operator needs of it: a look at the server, a group whose first server can be switched,
// certificates of its own, and a plain answer when it is still in use.
// Method: a manager in this process, spoken to over HTTP; real servers of both kinds.

const installation = new Installation();
const folder = mkdtempSync(join(tmpdir(), 'lutra-data-sources-'));
let manager: RunningManager;
let channelId: string;
let elsewhereId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  elsewhereId = await manager.create('data-sources', {
    ...{ name: 'elsewhere', kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'u', password: 'p' },
  });
});

afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true });
});

const given = ({ kind, host, port, user, password }: DatabaseServer): Record<string, unknown> => ({
  ...{ kind, host, port, user, password },
});
const post = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request('POST', `/api/v1/${path}`, { ...(body === undefined ? {} : { body }), headers });
const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];

describe('check', () => {
  it.each([
    ['mariadb', testServers().mariadbSource],
    ['mysql', testServers().mysql],
  ] as const)('a %s tells of its clock, its time zone, its character set and its log', async (kind, server) => {
    const id = await manager.create('data-sources', { ...given(server), name: `checked ${kind}` });
    const { body } = await post(`data-sources/${id}/check`);
    expect(body).toMatchObject({ reachable: true, kind });
    // Both are clocks of this machine.
    expect(Math.abs(Number(body['clockAheadMs']))).toBeLessThan(60_000);
    expect(body['variables']).toMatchObject({
      log_bin: 'ON',
      read_only: 'OFF',
      character_set_server: expect.any(String) as unknown,
      time_zone: expect.any(String) as unknown,
      sql_mode: expect.any(String) as unknown,
      lower_case_table_names: '0',
    });
  });
});

describe('switching the first server of a group', () => {
  const group = async (name: string, standby: Record<string, unknown>): Promise<string> => {
    const server = testServers().mariadbSource;
    return manager.create('data-sources', { ...given(server), host: '127.0.0.1', port: 1, name, standbys: [standby] });
  };

  it('takes a standby that answers, tells the pipelines, and can be taken back', async () => {
    const { host, port } = testServers().mariadbSource;
    const id = await group('switched', { host, port });
    const pipeline = await manager.create('pipelines', {
      ...{ name: 'of a group', channelId, sourceId: id, targetId: elsewhereId },
    });
    const etag = (await get(`data-sources/${id}`)).headers.get('etag') ?? '';
    const switched = await post(`data-sources/${id}/switch`, { host, port }, { 'if-match': etag });
    expect([switched.status, switched.body]).toEqual([
      200,
      expect.objectContaining({ host, port, standbys: [{ host: '127.0.0.1', port: 1 }], version: 2 }),
    ]);
    await waitUntil(async () => (await manager.bus.definition(pipeline))?.source.port === port, {
      what: 'the new order on the bus',
      timeoutMs: 60_000,
    });
    expect(
      problem(await post(`data-sources/${id}/switch`, { host: '127.0.0.1', port: 1 }, { 'if-match': etag })),
    ).toEqual([503, 'TARGET_UNREACHABLE']);
    const back = { host: '127.0.0.1', port: 1, force: true };
    expect(problem(await post(`data-sources/${id}/switch`, back, { 'if-match': etag }))).toEqual([
      412,
      'RESOURCE_CONFLICT',
    ]);
    expect((await post(`data-sources/${id}/switch`, back)).body).toMatchObject({ port: 1, standbys: [{ host, port }] });
    const audit = await get('audit?pageSize=500');
    const entries = (audit.body.items ?? []).filter(({ resourceId }) => resourceId === id);
    expect(entries.map(({ action }) => action).toSorted()).toEqual(['create', 'update', 'update']);
  });

  it('refuses a server of another kind, and one that is none of the group', async () => {
    const { host, port } = testServers().mysql;
    const id = await group('mixed', { host, port });
    const other = await post(`data-sources/${id}/switch`, { host, port });
    expect([problem(other), other.body['detail']]).toEqual([
      expect.arrayContaining([409]),
      expect.stringContaining('it is mysql, not mariadb'),
    ]);
    const stranger = await post(`data-sources/${id}/switch`, { host: 'db9', port });
    expect([problem(stranger), stranger.body['detail']]).toEqual([
      [400, 'REQUEST_INVALID'],
      expect.stringContaining(`${host}:${String(port)}`),
    ]);
  });
});

describe('a server that asks for a certificate', () => {
  let material: TlsMaterial;
  let server: OwnServer;
  let base: Record<string, unknown>;

  beforeAll(async () => {
    material = await makeTlsMaterial(folder);
    server = await OwnServer.start({ program: 'mariadb', extra: material.server.options });
    const connection = await connectTo(server);
    await connection.query("CREATE USER lutra IDENTIFIED BY 'Secret-1' REQUIRE X509");
    await connection.query('GRANT ALL ON *.* TO lutra');
    await connection.end();
    base = {
      ...{ kind: 'mariadb', host: server.host, port: server.port, user: 'lutra', password: 'Secret-1' },
      ...{ tls: 'verifyIdentity', tlsCa: material.authority },
    };
  });

  afterAll(() => server.close());

  it('is reached with one, and not without', async () => {
    const { certificate: tlsCert, privateKey: tlsKey } = material.client;
    const id = await manager.create('data-sources', { ...base, name: 'certified', tlsCert, tlsKey });
    expect((await post(`data-sources/${id}/check`)).body).toMatchObject({ reachable: true });
    expect((await get(`data-sources/${id}/schemas?name=mysql`)).body['total']).toBe(1);
    const none = await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { tlsCert: '', tlsKey: '' } });
    expect([none.status, none.body['tlsCert']]).toEqual([200, undefined]);
    expect((await post(`data-sources/${id}/check`)).body).toMatchObject({
      reachable: false,
      failure: { code: 'TARGET_ACCESS_DENIED' },
    });
  });

  it('its key is shown nowhere, and travels sealed', async () => {
    const { certificate: tlsCert, privateKey: tlsKey } = material.client;
    const id = await manager.create('data-sources', { ...base, name: 'sealed', tlsCert, tlsKey });
    await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { tlsCert, tlsKey } });
    const pipeline = await manager.create('pipelines', {
      name: 'sealed',
      channelId,
      sourceId: id,
      targetId: elsewhereId,
    });
    await waitUntil(async () => (await manager.bus.definition(pipeline)) !== null, {
      what: 'the definition on the bus',
      timeoutMs: 60_000,
    });
    const source = (await manager.bus.definition(pipeline))?.source;
    expect(openSecret(source?.tlsKey ?? '', Buffer.alloc(32, 7).toString('base64'))).toBe(tlsKey);
    const secret = tlsKey.split('\n')[2] ?? tlsKey;
    const stored = await installation.sql(`SELECT * FROM ${installation.database}.data_source`);
    const answers = [await get(`data-sources/${id}`), await get('data-sources'), await get('audit?pageSize=500')];
    const everything = [...answers.map(({ text }) => text), JSON.stringify([stored, source]), ...installation.logLines];
    for (const text of everything) expect(text).not.toContain(secret);
  });

  it.each<[string, (m: TlsMaterial) => Record<string, unknown>, RegExp]>([
    ['a certificate alone', ({ client }) => ({ tlsCert: client.certificate }), /belong together/],
    ['a key alone', ({ client }) => ({ tlsKey: client.privateKey }), /belong together/],
    [
      'the key of another',
      (m) => ({ tlsCert: m.client.certificate, tlsKey: m.server.privateKey }),
      /not the private key/,
    ],
    ['no key', ({ client }) => ({ tlsCert: client.certificate, tlsKey: 'x' }), /private key in PEM/],
    ['no certificate', ({ client }) => ({ tlsCert: 'x', tlsKey: client.privateKey }), /tlsCert must hold certificates/],
    ['no authority', () => ({ tlsCa: 'x' }), /tlsCa must hold certificates/],
    ['a key in the wrong place', (m) => ({ tlsCa: m.client.privateKey }), /tlsCa must hold certificates/],
  ])('%s is refused', async (what, change, expected) => {
    const answer = await post('data-sources', { ...base, name: what, ...change(material) });
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
    expect(answer.text).not.toContain('PRIVATE KEY');
  });
});

describe('removal', () => {
  it('of one in use names the pipelines', async () => {
    const id = await manager.create('data-sources', { ...given(testServers().mysql), name: 'used' });
    const reading = await manager.create('pipelines', {
      name: 'reading',
      channelId,
      sourceId: id,
      targetId: elsewhereId,
    });
    const writing = await manager.create('pipelines', {
      name: 'writing',
      channelId,
      sourceId: elsewhereId,
      targetId: id,
    });
    const refused = await manager.request('DELETE', `/api/v1/data-sources/${id}`);
    expect(problem(refused)).toEqual([409, 'RESOURCE_CONFLICT']);
    expect(refused.body['detail']).toContain('2 pipelines (reading, writing)');
    expect((refused.body['details'] as Record<string, unknown>)['pipelines']).toEqual([
      { id: reading, name: 'reading', as: 'source' },
      { id: writing, name: 'writing', as: 'target' },
    ]);
  });
});
