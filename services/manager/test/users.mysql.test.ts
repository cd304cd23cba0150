import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: users log in, and nobody else does; a session ends when it should.
// Method: a manager on a real store, spoken to over HTTP; time passes by SQL.

const PASSWORD = 'correct horse battery';
const OTHER_PASSWORD = 'wrong pony accumulator';

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
});

afterAll(() => installation.close());

const NOBODY = { authorization: '' };
const sql = (statement: string): Promise<Record<string, unknown>[]> =>
  installation.sql(statement.replaceAll('$', `${installation.database}.`));
const createUser = (name: string, given: Record<string, unknown> = {}): Promise<string> =>
  manager.create('users', { name, password: PASSWORD, role: 'viewer', ...given });
const logIn = (name: string, password = PASSWORD, at = manager): Promise<Answer> =>
  at.request('POST', '/api/v1/login', { headers: NOBODY, body: { name, password } });
const as = (token: unknown, method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, {
    headers: { authorization: `Bearer ${String(token)}` },
    ...(body === undefined ? {} : { body }),
  });
const statusOf = async (token: unknown): Promise<number> => (await as(token, 'GET', 'session')).status;
const tokenOf = async (name: string, password = PASSWORD): Promise<string> =>
  String((await logIn(name, password)).body['token']);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const newestAudit = async (): Promise<Record<string, unknown>> =>
  (await manager.request('GET', '/api/v1/audit?pageSize=1')).body.items?.[0] ?? {};

describe('a user', () => {
  it('logs in, and may do what the role says', async () => {
    const id = await createUser('anna');
    const { status, body } = await logIn('anna');
    expect(status).toBe(201);
    expect(body['token']).toMatch(/^lutra_session_[\w-]{43}$/);
    const caller = { kind: 'user', id, name: 'anna', role: 'viewer', channelIds: null };
    expect(body['caller']).toEqual(caller);
    expect((await as(body['token'], 'GET', 'session')).body).toEqual(caller);
    expect(problem(await as(body['token'], 'POST', 'channels', { name: 'x' }))).toEqual([403, 'REQUEST_FORBIDDEN']);
    await manager.request('PATCH', `/api/v1/users/${id}`, { body: { role: 'admin' } });
    expect((await as(body['token'], 'POST', 'channels', { name: 'of anna' })).status).toBe(201);
    expect(await newestAudit()).toMatchObject({ who: 'anna', whoId: id, action: 'create', resource: 'channel' });
  });

  it('is not left limited to a channel that is gone: whoever names a channel keeps it', async () => {
    const channelId = await manager.create('channels', { name: 'of many' });
    const channelIds = [channelId];
    const apiKeyId = await manager.create('api-keys', { name: 'limited', role: 'viewer', channelIds });
    const userId = await createUser('limited', { channelIds, role: 'admin' });
    const scope = { pipelineIds: [], channelIds };
    const ruleId = await manager.create('alarm-rules', { name: 'limited', kind: 'delay', scope });
    const path = `channels/${channelId}`;
    const refused = await manager.request('DELETE', `/api/v1/${path}`);
    expect([refused.status, refused.body['detail'], refused.body['details']]).toEqual([
      409,
      'Channel of many is named by 1 users, 1 API keys, 1 alarm rules: change or remove them first',
      {
        ...{ users: [{ id: userId, name: 'limited' }], apiKeys: [{ id: apiKeyId, name: 'limited' }] },
        alarmRules: [{ id: ruleId, name: 'limited' }],
      },
    ]);
    const ofLimited = await as(await tokenOf('limited'), 'DELETE', path);
    expect([ofLimited.status, ofLimited.body['details'] ?? {}]).toEqual([409, {}]);
    const other = await manager.create('channels', { name: 'of few' });
    await manager.request('PATCH', `/api/v1/users/${userId}`, { body: { channelIds: [other] } });
    await manager.request('PATCH', `/api/v1/alarm-rules/${ruleId}`, { body: { scope: null } });
    expect(problem(await manager.request('DELETE', `/api/v1/${path}`))).toEqual([409, 'RESOURCE_CONFLICT']);
    await manager.request('DELETE', `/api/v1/api-keys/${apiKeyId}`);
    expect((await manager.request('DELETE', `/api/v1/${path}`)).status).toBe(204);
  });

  it('is limited to the channels of the user', async () => {
    const channelId = await manager.create('channels', { name: 'of berta' });
    const id = await createUser('berta', { channelIds: [channelId] });
    const token = await tokenOf('berta');
    expect((await as(token, 'GET', 'channels')).body.items?.map((channel) => channel['id'])).toEqual([channelId]);
    expect(problem(await as(token, 'GET', 'instances'))).toEqual([403, 'REQUEST_FORBIDDEN']);
    await manager.request('PATCH', `/api/v1/users/${id}`, { body: { channelIds: null } });
    expect((await as(token, 'GET', 'instances')).status).toBe(200);
  });

  it('who is removed is out', async () => {
    const id = await createUser('carla');
    const token = await tokenOf('carla');
    expect((await manager.request('DELETE', `/api/v1/users/${id}`)).status).toBe(204);
    expect(await statusOf(token)).toBe(401);
    expect(problem(await logIn('carla'))).toEqual([401, 'LOGIN_FAILED']);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a short password', { password: 'elevenchars' }, /password must be longer than or equal to 12/],
    ['no password', { password: undefined }, /password must be/],
    ['a password with the name in it', { password: 'my-name-is-ODDLY' }, /must not contain the name/],
    ['a role that is none', { role: 'owner' }, /role must be one of/],
    ['a channel that is none', { channelIds: ['x'] }, /channelIds: There is no channel/],
    ['a name with a blank at its end', { name: 'oddly ' }, /name must not begin or end/],
  ])('is refused with %s', async (_what, given, expected) => {
    const body = { name: 'oddly', password: PASSWORD, role: 'viewer', ...given };
    const answer = await manager.request('POST', '/api/v1/users', { body });
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
    for (const secret of [PASSWORD, 'elevenchars', 'my-name-is-ODDLY']) expect(answer.text).not.toContain(secret);
  });

  it('cannot be changed over the head of another administrator', async () => {
    const id = await createUser('dora');
    const answer = await manager.request('PATCH', `/api/v1/users/${id}`, {
      body: { role: 'admin' },
      headers: { 'if-match': '"9"' },
    });
    expect(answer.status).toBe(412);
  });
});

describe('a login', () => {
  it('says the same of a wrong password and of a user who is not there', async () => {
    const id = await createUser('emma');
    const wrong = await logIn('emma', OTHER_PASSWORD);
    expect(await newestAudit()).toMatchObject({ who: 'emma', whoId: id, action: 'login-failed' });
    const nobody = await logIn('emmy', OTHER_PASSWORD);
    expect(await newestAudit()).toMatchObject({ who: '(unknown user)', whoId: null, action: 'login-failed' });
    expect(problem(wrong)).toEqual([401, 'LOGIN_FAILED']);
    expect([nobody.status, nobody.text]).toEqual([wrong.status, wrong.text]);
    expect([...nobody.headers.keys()]).toEqual([...wrong.headers.keys()]);
  });

  it.each(['frida', 'nobody'])(
    'of %s is blocked after ten failures, by all managers together',
    async (name) => {
      if (name === 'frida') await createUser(name);
      const second = await installation.start();
      await sql('DELETE FROM $login_attempt');
      for (const at of [manager, second])
        expect(problem(await logIn(name, OTHER_PASSWORD, at))).toEqual([401, 'LOGIN_FAILED']);
      // The counters of address, name and both: the two managers have counted in them.
      expect((await sql('SELECT count FROM $login_attempt')).map(({ count }) => count)).toEqual([2, 2, 2]);
      await sql('UPDATE $login_attempt SET count = 9');
      expect(problem(await logIn(name, OTHER_PASSWORD))).toEqual([401, 'LOGIN_FAILED']);
      const blocked = await logIn(name, PASSWORD, second);
      expect(problem(blocked)).toEqual([429, 'LOGIN_BLOCKED']);
      const waitS = Number(blocked.headers.get('retry-after'));
      expect([waitS > 800, waitS <= 900]).toEqual([true, true]);
      await sql('UPDATE $login_attempt SET ends_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND');
      expect(problem(await logIn(name))).toEqual(name === 'frida' ? [201, undefined] : [401, 'LOGIN_FAILED']);
      await sql('DELETE FROM $login_attempt');
      await second.stop();
    },
    180_000,
  );

  it('counts attempts of an address, whatever the names', async () => {
    await sql('DELETE FROM $login_attempt');
    expect((await logIn('somebody')).status).toBe(401);
    await sql('UPDATE $login_attempt SET count = 49');
    expect((await logIn('somebody else')).status).toBe(401);
    expect(problem(await logIn('and another one'))).toEqual([429, 'LOGIN_BLOCKED']);
    const told = await newestAudit();
    expect(told).toMatchObject({ who: '(unknown user)', action: 'login-failed', after: { address: '127.0.0.1' } });
    expect(told['after']).toMatchObject({ problem: expect.stringContaining('blocked') });
    // Once in a window: the audit is kept for ever, and anybody may knock.
    expect(problem(await logIn('and another one'))).toEqual([429, 'LOGIN_BLOCKED']);
    expect((await newestAudit())['id']).toBe(told['id']);
    await sql('DELETE FROM $login_attempt');
  });

  it('that succeeds takes the failures before it back', async () => {
    await createUser('gerda');
    await sql('DELETE FROM $login_attempt');
    expect((await logIn('gerda', OTHER_PASSWORD)).status).toBe(401);
    await sql('UPDATE $login_attempt SET count = 9');
    expect((await logIn('gerda')).status).toBe(201);
    // Of the name at this address nothing is left; the attempt itself is no failure of the address, nor of the name elsewhere.
    expect((await sql('SELECT count FROM $login_attempt')).map(({ count }) => count)).toEqual([9, 9]);
    await sql('DELETE FROM $login_attempt');
  });
});

describe('a session', () => {
  let token: string;

  beforeAll(async () => {
    await createUser('hanna');
    token = await tokenOf('hanna');
  });

  it('gets another token; the one of before, used again, ends it', async () => {
    const second = String((await as(token, 'POST', 'session/refresh')).body['token']);
    expect(await statusOf(second)).toBe(200);
    const third = await as(second, 'POST', 'session/refresh');
    expect(await statusOf(third.body['token'])).toBe(200);
    expect(await statusOf(token)).toBe(401);
    expect(await statusOf(third.body['token'])).toBe(401);
    expect(await newestAudit()).toMatchObject({ who: 'hanna', action: 'delete', resource: 'session' });
  });

  it.each([
    ['idle for half an hour', 'last_used_at = UTC_TIMESTAMP(3) - INTERVAL 31 MINUTE'],
    ['half a day old, however busy', 'ends_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND'],
  ])('ends when it is %s', async (_what, change) => {
    token = await tokenOf('hanna');
    expect(await statusOf(token)).toBe(200);
    await sql(`UPDATE $session SET ${change}`);
    // The manager remembers for a moment what it has read of a token.
    await waitUntil(async () => (await statusOf(token)) === 401, { what: 'the session to end', timeoutMs: 60_000 });
    expect(problem(await as(token, 'POST', 'session/refresh'))).toEqual([401, 'REQUEST_UNAUTHORIZED']);
    await tokenOf('hanna');
    expect(
      await sql(
        'SELECT 1 FROM $session WHERE ends_at < UTC_TIMESTAMP(3) OR last_used_at < UTC_TIMESTAMP(3) - INTERVAL 31 MINUTE',
      ),
    ).toEqual([]);
  });

  it('lives on while it is used, and its end stays where it was', async () => {
    const started = (await logIn('hanna')).body;
    await sql('UPDATE $session SET last_used_at = UTC_TIMESTAMP(3) - INTERVAL 29 MINUTE');
    expect(await statusOf(started['token'])).toBe(200);
    const [row] = await sql('SELECT MAX(last_used_at) > UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE AS isFresh FROM $session');
    expect(Number(row?.['isFresh'])).toBe(1);
    const refreshed = await as(started['token'], 'POST', 'session/refresh');
    expect(refreshed.body['endsAt']).toBe(started['endsAt']);
  });

  it('as soon, and after as long, as the system parameters say', async () => {
    await createUser('timed');
    const patch = (body: unknown): Promise<Answer> => manager.request('PATCH', '/api/v1/system-parameters', { body });
    await patch({ sessionIdleMinutes: 10, sessionHours: 2 });
    const { body } = await logIn('timed');
    const endsInMs = Date.parse(String(body['endsAt'])) - Date.now();
    expect([body['idleS'], Math.round(endsInMs / 3_600_000)]).toEqual([600, 2]);
    await sql('UPDATE $session SET last_used_at = UTC_TIMESTAMP(3) - INTERVAL 11 MINUTE');
    const until = (status: number): Promise<unknown> =>
      waitUntil(async () => (await statusOf(body['token'])) === status, { what: String(status), timeoutMs: 60_000 });
    await until(401);
    await patch({ sessionIdleMinutes: null, sessionHours: null });
    await until(200);
  });

  it('ends with a logout', async () => {
    token = await tokenOf('hanna');
    expect((await as(token, 'DELETE', 'session')).status).toBe(204);
    expect(await statusOf(token)).toBe(401);
  });

  it('is nothing that an API key has', async () => {
    const { body } = await manager.request('GET', '/api/v1/session');
    expect(body).toMatchObject({ kind: 'apiKey', name: 'admin', role: 'admin', channelIds: null });
    const change = { current: PASSWORD, password: OTHER_PASSWORD };
    for (const [method, path, sent] of [
      ['DELETE', 'session', undefined],
      ['POST', 'session/refresh', undefined],
      ['PUT', 'session/password', change],
    ] as const)
      expect(problem(await manager.request(method, `/api/v1/${path}`, { body: sent }))).toEqual([
        409,
        'RESOURCE_CONFLICT',
      ]);
  });
});

describe('a password', () => {
  it('is changed by its user, whose other sessions end', async () => {
    await createUser('irma');
    const [here, elsewhere] = [await tokenOf('irma'), await tokenOf('irma')];
    const refused = await as(here, 'PUT', 'session/password', { current: OTHER_PASSWORD, password: OTHER_PASSWORD });
    expect(problem(refused)).toEqual([400, 'REQUEST_INVALID']);
    expect(await statusOf(elsewhere)).toBe(200);
    const changed = await as(here, 'PUT', 'session/password', { current: PASSWORD, password: OTHER_PASSWORD });
    expect(changed.status).toBe(204);
    expect([await statusOf(here), await statusOf(elsewhere)]).toEqual([200, 401]);
    expect(problem(await logIn('irma'))).toEqual([401, 'LOGIN_FAILED']);
    expect((await logIn('irma', OTHER_PASSWORD)).status).toBe(201);
  });

  it('is set by an administrator, and all sessions of the user end', async () => {
    const id = await createUser('jana');
    const token = await tokenOf('jana');
    await manager.request('PATCH', `/api/v1/users/${id}`, { body: { password: OTHER_PASSWORD } });
    expect(await statusOf(token)).toBe(401);
    expect((await logIn('jana', OTHER_PASSWORD)).status).toBe(201);
  });

  it('and a token are in no answer, log line, audit entry or table', async () => {
    const token = await tokenOf('jana', OTHER_PASSWORD);
    await logIn(`typed into the wrong field: ${OTHER_PASSWORD}`, 'x');
    const answers = [
      await manager.request('GET', '/api/v1/users'),
      await manager.request('GET', '/api/v1/audit?pageSize=500'),
      await as(token, 'GET', 'session'),
    ];
    const tables = ['user', 'session', 'session_token', 'login_attempt', 'audit_entry'];
    const rows = await Promise.all(tables.map((table) => sql(`SELECT * FROM $\`${table}\``)));
    const everything = [...answers.map(({ text }) => text), ...installation.logLines, JSON.stringify(rows)];
    for (const text of everything)
      for (const secret of [PASSWORD, OTHER_PASSWORD, token]) expect(text).not.toContain(secret);
    const { body } = await manager.request('GET', '/api/v1/audit/verify');
    expect(body['isIntact']).toBe(true);
  });
});
