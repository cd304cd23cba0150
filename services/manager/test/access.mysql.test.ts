import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { ulid } from 'ulid';
import { isAtLeast } from '../src/access/role.ts';
import type { Role } from '../src/access/role.ts';
import { ROUTE_ACCESS } from './route-access.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: nobody does or sees through the API what role and scope do not allow.
// Method: a manager with two channels; every route is asked by every kind of caller about the first channel's resources. Who
// is let in sends what no route accepts (an unknown field, a version that is not there), so that nothing changes.

const installation = new Installation();
const ids: Record<string, string> = {};
const keys: Record<string, string> = {};
let manager: RunningManager;

const createKey = async (name: string, given: Record<string, unknown>): Promise<void> => {
  const { body } = await manager.request('POST', '/api/v1/api-keys', { body: { name: `a ${name}`, ...given } });
  [keys[name], ids[`key ${name}`]] = [String(body['token']), String(body['id'])];
};

/** One that fires, and that the alarm cycle does not look after; null: about no pipeline. */
async function putAlarm(name: string, pipelineId: string | null): Promise<string> {
  const id = ulid();
  const of = pipelineId === null ? 'NULL' : `'${pipelineId}'`;
  await installation.sql(
    `INSERT INTO ${installation.database}.alarm (id, version, open_key, rule_id, rule_name, kind, severity, threshold,
      subject_id, subject, pipeline_id, state, since, fired_at, tellings, message, told_receiver_ids)
      VALUES ('${id}', 1, NULL, '${ulid()}', 'a rule', 'delay', 'normal', 1, '${pipelineId ?? name}', '${name}', ${of},
      'firing', NOW(3), NOW(3), 1, 'late', '[]')`,
  );
  return id;
}

beforeAll(async () => {
  manager = await installation.start();
  const { host, port, user, password } = installation.store;
  const dataSource = { kind: 'mariadb', host, port, user, password };
  for (const site of ['here', 'there']) {
    const channelId = await manager.create('channels', { name: `channel ${site}` });
    const sourceId = await manager.create('data-sources', { ...dataSource, name: `source ${site}` });
    const targetId = await manager.create('data-sources', { ...dataSource, name: `target ${site}`, host: 'localhost' });
    const pipelineId = await manager.create('pipelines', { channelId, name: `pipeline ${site}`, sourceId, targetId });
    const mapping = { source: { schema: 'a', table: { exact: 't' } }, target: { schema: `b_${site}` } };
    const mappingId = await manager.create(`pipelines/${pipelineId}/mappings`, mapping);
    const removalId = await manager.create('pipelines', { channelId, name: `removed ${site}`, sourceId, targetId });
    await manager.request('DELETE', `/api/v1/pipelines/${removalId}`);
    const commandId = await manager.create(`pipelines/${pipelineId}/commands`, { kind: 'STOP', reason: 'a test' });
    Object.assign(ids, {
      [`channel ${site}`]: channelId,
      [`source ${site}`]: sourceId,
      [`target ${site}`]: targetId,
      [`pipeline ${site}`]: pipelineId,
      [`mapping ${site}`]: mappingId,
      [`command ${site}`]: commandId,
      [`removal ${site}`]: removalId,
      [`alarm ${site}`]: await putAlarm(site, pipelineId),
    });
  }
  ids['alarm of no pipeline'] = await putAlarm('load-1', null);
  ids['user'] = await manager.create('users', { name: 'anna', role: 'viewer', password: 'correct horse battery' });
  for (const role of ['viewer', 'operator', 'admin']) await createKey(role, { role });
  await createKey('here', { role: 'admin', channelIds: [ids['channel here']] });
  await createKey('there', { role: 'admin', channelIds: [ids['channel there']] });
  await createKey('expired', { role: 'admin', expiresAt: '2999-01-01T00:00:00Z' });
  await installation.sql(
    `UPDATE ${installation.database}.api_key SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE name = 'a expired'`,
  );
});

afterAll(() => installation.close());

const send = (
  key: string,
  method: string,
  path: string,
  options: { readonly body?: unknown; readonly ifMatch?: string } = {},
): Promise<Answer> => {
  const { body, ifMatch } = options;
  const authorization = key === '' ? '' : `Bearer ${String(keys[key])}`;
  const headers = { authorization, ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) };
  return manager.request(method, path, { headers, ...(body === undefined ? {} : { body }) });
};

/** The resource of the first channel that a path speaks of. */
function pathOf(route: string): string {
  const path = route.split(' ')[1] ?? '';
  const pipelineId = ids['pipeline here'] ?? '';
  const byStart: readonly (readonly [string, string | undefined])[] = [
    ['/api/v1/alarms/', ids['alarm here']],
    ['/api/v1/api-keys/', ids['key viewer']],
    ['/api/v1/channels/', ids['channel here']],
    ['/api/v1/commands/', ids['command here']],
    ['/api/v1/conflicts/', `${pipelineId}.1`],
    ['/api/v1/data-sources/', ids['source here']],
    ['/api/v1/dead-letters/', `${pipelineId}.1-1-1-1-1`],
    ['/api/v1/instances/', 'load-1'],
    ['/api/v1/pipelines/{id}', pipelineId],
    ['/api/v1/removals/', ids['removal here']],
    ['/api/v1/users/', ids['user']],
    ['/api/v1/pipelines/{pipelineId}/', ids['mapping here']],
  ];
  const id = byStart.find(([start]) => path.startsWith(start))?.[1] ?? 'nothing';
  return path
    .replace('{pipelineId}', pipelineId)
    .replace('{id}', id)
    .replace('{name}', encodeURIComponent('channel here'))
    .replaceAll(/\{(number|before|after)\}/g, '1');
}

/** Requests of the first channel whose path does not say so. */
const aboutHere = (route: string): { readonly query: string; readonly body?: unknown } => {
  const pipelineId = ids['pipeline here'];
  if (route.startsWith('DELETE')) return { query: `?pipelineId=${String(pipelineId)}&before=2020-01-01T00:00:00Z` };
  if (route.startsWith('GET')) return { query: `?pipelineId=${String(pipelineId)}` };
  if (route !== 'POST /api/v1/pipelines') return { query: '', body: { pipelineId } };
  const [channelId, sourceId, targetId] = [ids['channel here'], ids['source here'], ids['target here']];
  return { query: '', body: { name: 'taken from another channel', channelId, sourceId, targetId } };
};

const REFUSED = { body: { 'no such field': true }, ifMatch: '"99999"' };
const NOT_THERE =
  /There is no (alarm|channel|command|data source|pipeline|removal)( of a pipeline)? (with id|channel here)/;

/** What the walk sends: nothing that a route would carry out. */
const harmless = (key: string, route: string): Promise<Answer> => {
  const method = route.split(' ')[0] ?? '';
  return send(key, method, pathOf(route), method === 'GET' ? {} : REFUSED);
};

describe.each(Object.entries(ROUTE_ACCESS))('%s', (route, [needed, reach]) => {
  it('asks for a key that counts', async () => {
    for (const key of ['', 'expired']) {
      const { status, body } = await harmless(key, route);
      if (needed === 'anybody') expect([key, status]).toEqual([key, 400]);
      else expect([key, status, body['code']]).toEqual([key, 401, 'REQUEST_UNAUTHORIZED']);
    }
  });

  it.each<Role>(['viewer', 'operator', 'admin'])('keeps its word to the role %s', async (role) => {
    const { status, body } = await harmless(role, route);
    if (needed === 'anybody' || isAtLeast(role, needed)) {
      expect([401, 403, 500]).not.toContain(status);
      expect(String(body['detail'])).not.toMatch(NOT_THERE);
    } else expect([status, body['code']]).toEqual([403, 'REQUEST_FORBIDDEN']);
  });

  it('shows nothing of another channel', async () => {
    const [method = ''] = route.split(' ');
    if (reach === 'own') return;
    if (reach === 'installation') {
      const { status, body } = await harmless('there', route);
      expect([status, body['code']]).toEqual([403, 'REQUEST_FORBIDDEN']);
    } else if (reach === 'list') {
      const { status, text } = await harmless('there', route);
      expect(status).toBe(200);
      const seen = Object.entries(ids).filter(([name, id]) => name.endsWith(' here') && text.includes(id));
      expect(seen).toEqual([]);
    } else {
      const { query, body } = reach === 'body' ? aboutHere(route) : { query: '', body: undefined };
      const answer =
        reach === 'body'
          ? await send('there', method, `${pathOf(route)}${query}`, { body })
          : await harmless('there', route);
      expect([400, 404]).toContain(answer.status);
      expect(String(answer.body['detail'])).toMatch(NOT_THERE);
    }
  });

  it('works for a key of the channel', async () => {
    if (reach === 'installation') return;
    const { status, body } =
      reach === 'body' && route.startsWith('GET')
        ? await send('here', 'GET', `${pathOf(route)}${aboutHere(route).query}`)
        : await harmless('here', route);
    expect([401, 403, 500]).not.toContain(status);
    expect(String(body['detail'])).not.toMatch(NOT_THERE);
  });
});

describe('a key that is limited to a channel', () => {
  it.each(['channel', 'pipeline'])('lists its own %s, and no other', async (kind) => {
    const { body } = await send('here', 'GET', `/api/v1/${kind}s`);
    expect([body['total'], body.items?.map(({ id }) => id)]).toEqual([1, [ids[`${kind} here`]]]);
  });

  it('lists the data sources that its pipelines use, and its commands', async () => {
    const sources = await send('here', 'GET', '/api/v1/data-sources');
    expect(sources.body.items?.map(({ id }) => id)).toEqual([ids['source here'], ids['target here']]);
    const commands = await send('here', 'GET', '/api/v1/commands');
    expect(commands.body.items?.map(({ id }) => id)).toEqual([ids['command here']]);
    const others = await send('here', 'GET', `/api/v1/commands?pipelineId=${String(ids['pipeline there'])}`);
    expect(others.body.items).toEqual([]);
  });

  it('reads the events of its pipelines', async () => {
    const { body } = await send('here', 'GET', '/api/v1/events');
    const about = new Set(body.items?.map(({ pipelineId }) => pipelineId));
    expect([...about]).toEqual([ids['pipeline here']]);
  });

  it('is not told of a dead letter or conflict of another channel by pipelineId either', async () => {
    for (const list of ['dead-letters', 'conflicts']) {
      const { status } = await send('here', 'GET', `/api/v1/${list}?pipelineId=${String(ids['pipeline there'])}`);
      expect([list, status]).toEqual([list, 404]);
    }
  });

  it('sees figures of its channel, and of no other or of everything', async () => {
    const statusOf = async (query: string): Promise<number> =>
      (await send('here', 'GET', `/api/v1/statistics${query}`)).status;
    expect(await statusOf(`?channelId=${String(ids['channel here'])}`)).toBe(200);
    expect(await statusOf(`?channelId=${String(ids['channel there'])}`)).toBe(404);
    expect(await statusOf('')).toBe(403);
  });

  it('sees and acknowledges alarms of its pipelines, and no other', async () => {
    const own = ids['alarm here'];
    const { body } = await send('here', 'GET', '/api/v1/alarms');
    expect([body['total'], body.items?.map(({ id }) => id)]).toEqual([1, [own]]);
    const others = await send('here', 'GET', `/api/v1/alarms?pipelineId=${String(ids['pipeline there'])}`);
    expect(others.body.items).toEqual([]);
    for (const alarm of ['alarm there', 'alarm of no pipeline']) {
      const path = `/api/v1/alarms/${String(ids[alarm])}`;
      expect([alarm, (await send('here', 'GET', path)).status]).toEqual([alarm, 404]);
      expect([alarm, (await send('here', 'POST', `${path}/acknowledge`, { body: {} })).status]).toEqual([alarm, 404]);
    }
    const taken = await send('here', 'POST', `/api/v1/alarms/${String(own)}/acknowledge`, { body: {} });
    expect([taken.status, taken.body['state']]).toEqual([200, 'acknowledged']);
  });

  it('sees what becomes of pipelines that were removed from its channel, and of no other', async () => {
    const { body } = await send('here', 'GET', '/api/v1/removals');
    expect([body['total'], body.items?.map(({ id }) => id)]).toEqual([1, [ids['removal here']]]);
    expect(body.items?.[0]?.['channelId']).toBe(ids['channel here']);
    const other = `/api/v1/removals/${String(ids['removal there'])}`;
    for (const method of ['GET', 'DELETE']) expect((await send('here', method, other)).status).toBe(404);
    // Noted by a version before: nobody can tell whose it is.
    const table = `${installation.database}.removal`;
    await installation.sql(
      `UPDATE ${table} SET channel_id = NULL WHERE pipeline_id = '${String(ids['removal here'])}'`,
    );
    expect((await send('here', 'GET', '/api/v1/removals')).body['total']).toBe(0);
    expect((await send('viewer', 'GET', '/api/v1/removals')).body['total']).toBe(2);
  });

  it('reads and writes the document of its channel, and makes no other', async () => {
    const addressOf = (name: string): string => `/api/v1/channels/${encodeURIComponent(name)}/document`;
    const documentOf = (name: string, source: string): unknown => ({
      format: 'lutra-channel/1',
      channel: { name, description: 'as a document says' },
      pipelines: [{ name: `of a document of ${source}`, source, target: 'target here', mappings: [] }],
    });
    const put = (name: string, source: string): Promise<Answer> =>
      send('here', 'PUT', addressOf(name), { body: documentOf(name, source) });
    expect((await send('here', 'GET', addressOf('channel here'))).text).toContain('pipeline here');
    expect((await put('channel here', 'source here')).status).toBe(200);
    expect((await manager.request('GET', `/api/v1/channels/${String(ids['channel here'])}`)).body).toMatchObject({
      description: 'as a document says',
    });
    const rule = { name: 'late', kind: 'delay', threshold: 10, severity: 'normal' };
    const withRule = { ...(documentOf('channel here', 'source here') as object), alarmRules: [rule] };
    const address = addressOf('channel here');
    expect((await send('here', 'PUT', address, { body: withRule })).status).toBe(403);
    expect((await manager.request('PUT', address, { body: withRule })).status).toBe(200);
    expect((await send('here', 'PUT', address, { body: withRule })).status).toBe(200);
    expect((await send('here', 'GET', address)).text).toContain('name: late');
    const foreign = await put('channel here', 'source there');
    const missing = await put('channel here', 'source of nobody');
    expect([foreign.status, missing.status]).toEqual([400, 400]);
    expect(String(foreign.body['detail']).replace(/there$/, 'of nobody')).toBe(missing.body['detail']);
    for (const name of ['channel there', 'channel of nobody']) {
      const answer = await put(name, 'source here');
      expect([answer.status, answer.body['detail']]).toEqual([404, `There is no channel ${name}`]);
      expect((await send('here', 'GET', addressOf(name))).status).toBe(404);
    }
    const { body } = await manager.request('GET', '/api/v1/channels');
    expect(body.items?.map(({ name, description }) => [name, description])).toEqual([
      ['channel here', 'as a document says'],
      ['channel there', ''],
    ]);
  });

  it('makes pipelines in its channel, of data sources that it sees', async () => {
    const given = { name: 'second', channelId: ids['channel here'], sourceId: ids['source here'] };
    const own = await send('here', 'POST', '/api/v1/pipelines', { body: { ...given, targetId: ids['target here'] } });
    expect(own.status).toBe(201);
    const body = { ...given, name: 'third', targetId: ids['target there'] };
    const other = await send('here', 'POST', '/api/v1/pipelines', { body });
    expect([other.status, other.body['detail']]).toEqual([
      400,
      `targetId: There is no data source with id ${String(ids['target there'])}`,
    ]);
    const removed = await send('here', 'DELETE', `/api/v1/pipelines/${String(own.body['id'])}`);
    expect(removed.status).toBe(202);
  });
});

describe('API keys', () => {
  it('are known by their first characters; only a hash is kept', async () => {
    const { body } = await manager.request('GET', `/api/v1/api-keys/${String(ids['key viewer'])}`);
    expect(body).toMatchObject({ name: 'a viewer', role: 'viewer', channelIds: null, expiresAt: null });
    expect(keys['viewer']).toMatch(/^lutra_[\w-]{43}$/);
    expect(body['prefix']).toBe(keys['viewer']?.slice(0, 12));
    const stored = JSON.stringify(await installation.sql(`SELECT * FROM ${installation.database}.api_key`));
    for (const key of [...Object.values(keys), installation.token()]) expect(stored).not.toContain(key.slice(12));
  });

  it('tell when they were used, at most once a minute and without a change of their version', async () => {
    const path = `/api/v1/api-keys/${String(ids['key operator'])}`;
    const setBack = (time: string): Promise<unknown> =>
      installation.sql(
        `UPDATE ${installation.database}.api_key SET last_used_at = ${time} WHERE id = '${String(ids['key operator'])}'`,
      );
    const useOnce = async (): Promise<Record<string, unknown>> => {
      await send('operator', 'GET', '/api/v1/channels');
      return (await manager.request('GET', path)).body;
    };
    await setBack('NULL');
    const first = await useOnce();
    expect(first['lastUsedAt']).not.toBeNull();
    expect(await useOnce()).toEqual(first);
    await setBack("'2020-01-01'");
    // The manager remembers for a moment what it has read of a key.
    const isUsed = async (): Promise<boolean> => String((await useOnce())['lastUsedAt']) > '2021';
    await waitUntil(isUsed, { what: 'the use to be noted', timeoutMs: 60_000 });
    expect((await useOnce())['version']).toBe(first['version']);
  });

  it('count for nothing once they are revoked', async () => {
    await createKey('short-lived', { role: 'viewer' });
    expect((await send('short-lived', 'GET', '/api/v1/channels')).status).toBe(200);
    await manager.request('DELETE', `/api/v1/api-keys/${String(ids['key short-lived'])}`);
    expect((await send('short-lived', 'GET', '/api/v1/channels')).status).toBe(401);
  });

  it('count for nothing soon after they are revoked at another manager', async () => {
    const second = await installation.start();
    await createKey('revoked elsewhere', { role: 'viewer' });
    const status = async (): Promise<number> => (await send('revoked elsewhere', 'GET', '/api/v1/channels')).status;
    expect(await status()).toBe(200);
    const removal = await second.request('DELETE', `/api/v1/api-keys/${String(ids['key revoked elsewhere'])}`);
    expect(removal.status).toBe(204);
    await waitUntil(async () => (await status()) === 401, { what: 'the key to be forgotten', timeoutMs: 60_000 });
    await second.stop();
  });

  it('the last one that may do everything for ever stays', async () => {
    await manager.request('DELETE', `/api/v1/api-keys/${String(ids['key admin'])}`);
    const { body } = await manager.request('GET', '/api/v1/api-keys?name=admin');
    const refused = await manager.request('DELETE', `/api/v1/api-keys/${String(body.items?.[0]?.['id'])}`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'RESOURCE_CONFLICT']);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a role that is none', { role: 'root' }, /role must be one of.*viewer, operator, admin/],
    ['no role', {}, /role must be/],
    ['an expiry that has passed', { role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }, /expiresAt must be in the/],
    ['a day that is none', { role: 'viewer', expiresAt: '2999-02-30T00:00:00Z' }, /expiresAt must be/],
    ['no channel at all', { role: 'viewer', channelIds: [] }, /channelIds must contain at least 1/],
    ['a channel that is none', { role: 'viewer', channelIds: ['x'] }, /channelIds: There is no channel with id x/],
  ])('refuse %s', async (_what, given, expected) => {
    const answer = await manager.request('POST', '/api/v1/api-keys', { body: { name: 'odd', ...given } });
    expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
  });
});

it('tokens of earlier versions go on as admin keys', async () => {
  const other = new Installation();
  try {
    const { database } = other;
    await other.sql(`CREATE DATABASE ${database}`);
    const first = await other.start();
    // As a version before API keys left it: the table of tokens, and a list of migrations without the newest.
    await first.stop();
    await other.sql(`RENAME TABLE ${database}.api_key TO ${database}.api_token`);
    for (const column of ['prefix', 'role', 'channel_ids', 'expires_at', 'last_used_at'])
      await other.sql(`ALTER TABLE ${database}.api_token DROP COLUMN ${column}`);
    await other.sql(`DELETE FROM ${database}.migration WHERE name = 'AddApiKeys1795800000000'`);
    const second = await other.start();
    const { body } = await second.request('GET', '/api/v1/api-keys');
    expect(body.items).toEqual([
      expect.objectContaining({ name: 'admin', role: 'admin', channelIds: null, prefix: null, expiresAt: null }),
    ]);
  } finally {
    await other.close();
  }
});
