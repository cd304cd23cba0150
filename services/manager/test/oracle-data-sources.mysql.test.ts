import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OracleDouble, scriptedOracle, selfDescription } from '@lutra/testing';
import type { OracleFault, OracleStep } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: an Oracle database is stored and looked at, tells what it is or why not, and no pipeline takes it.
// Method: a manager in this process, spoken to over HTTP; the real driver against a double of the database.

const installation = new Installation();
const privileges = ['CREATE SESSION', 'SELECT ANY DICTIONARY'];
let manager: RunningManager;
let double: OracleDouble;
let channelId: string;
let elsewhereId: string;

beforeAll(async () => {
  manager = await installation.start();
  double = await OracleDouble.start({
    ...{ users: { SYNC: 'Tiger-7-secret' }, service: 'FREEPDB1', version: '19.3.0.0.0' },
    engine: scriptedOracle(selfDescription({ charset: 'WE8ISO8859P15', zone: '+02:00', privileges })),
  });
  channelId = await manager.create('channels', { name: 'shop' });
  elsewhereId = await manager.create('data-sources', {
    ...{ name: 'elsewhere', kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'u', password: 'p' },
  });
});

afterAll(async () => {
  await double.close();
  await installation.close();
});

const post = (path: string, body?: unknown): Promise<Answer> =>
  manager.request('POST', `/api/v1/${path}`, body === undefined ? {} : { body });
const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
const oracle = { kind: 'oracle', host: '127.0.0.1', port: 1, user: 'SYNC', password: 'pw', serviceName: 'FREEPDB1' };

describe('check of an Oracle database', () => {
  const stored = async (name: string, change: Record<string, unknown> = {}): Promise<string> => {
    const given = { ...oracle, ...double.address, password: 'Tiger-7-secret', name };
    return manager.create('data-sources', { ...given, ...change });
  };
  const checked = async (id: string): Promise<Answer['body']> => {
    const { status, body } = await post(`data-sources/${id}/check`);
    expect(status).toBe(200);
    return body;
  };
  const steps: readonly OracleStep[] = ['connect', 'login', 'statement'];
  afterEach(() => {
    for (const step of steps) double.breakAt(step, null);
  });

  it('tells version, account, character sets, time zone, privileges and clock', async () => {
    const { clockAheadMs, ...body } = await checked(await stored('answering'));
    expect(body).toEqual({
      ...{ reachable: true, failure: null, kind: 'oracle', version: '19.3.0.0.0', account: 'SYNC', standbys: [] },
      variables: {
        nls_characterset: 'WE8ISO8859P15',
        nls_nchar_characterset: 'AL16UTF16',
        dbtimezone: '+02:00',
      },
      grants: privileges,
      asSource: [expect.objectContaining({ code: 'PIPELINE_SOURCE_UNSUPPORTED' })],
    });
    // Both are clocks of this machine.
    expect(Math.abs(Number(clockAheadMs))).toBeLessThan(60_000);
    expect(double.misunderstood).toEqual([]);
    // The first look loads the driver.
  });

  it('asks a standby too, by SID', async () => {
    const { host, port } = double.address;
    const group = { host: '127.0.0.1', port: 1, standbys: [{ host, port }], serviceName: undefined, sid: 'FREEPDB1' };
    expect(await checked(await stored('by SID', group))).toMatchObject({
      reachable: false,
      standbys: [{ address: `${host}:${String(port)}`, reachable: true, version: '19.3.0.0.0' }],
    });
  });

  it('a password is taken up as soon as it is corrected, and shown nowhere', async () => {
    const id = await stored('locked out', { password: 'Tiger-8-wrong' });
    const refused = await post(`data-sources/${id}/check`);
    expect(refused.body).toMatchObject({
      reachable: false,
      failure: { code: 'TARGET_ACCESS_DENIED', detail: expect.stringContaining('ORA-01017') as unknown },
    });
    await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { password: 'Tiger-7-secret' } });
    expect(await checked(id)).toMatchObject({ reachable: true });
    const answers = [refused, await get(`data-sources/${id}`), await get('audit?pageSize=500')];
    for (const text of [...answers.map((answer) => answer.text), ...installation.logLines])
      expect(text).not.toMatch(/Tiger-/);
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['an unknown account', { user: 'NOBODY' }, 'TARGET_ACCESS_DENIED', /ORA-01017/],
    ['an unknown service', { serviceName: 'OTHER' }, 'TARGET_UNREACHABLE', /Service "OTHER" is not registered/],
  ])('%s is named', async (what, change, code, detail) => {
    expect(await checked(await stored(what, change))).toMatchObject({
      reachable: false,
      failure: { code, detail: expect.stringMatching(detail) as unknown },
    });
  });

  it.each<[string, OracleStep, OracleFault, RegExp]>([
    ['a listener that refuses', 'connect', { refuses: 12_528 }, /was refused/],
    ['a listener that says nothing', 'connect', 'hangs', /cannot be reached/],
    ['a login that is cut in the middle', 'login', 'cuts', /cannot be reached/],
    ['an answer that is cut in the middle', 'statement', 'cuts', /cannot be reached/],
    ['a database that hangs', 'statement', 'hangs', /did not answer within 15 s|call timeout/],
  ])(
    '%s is an answer, not an error',
    async (what, step, fault, detail) => {
      const id = await stored(what);
      double.breakAt(step, fault);
      expect(await checked(id)).toMatchObject({
        ...{ reachable: false, kind: null, version: null, grants: [] },
        failure: { code: 'TARGET_UNREACHABLE', detail: expect.stringMatching(detail) as unknown },
      });
    },
    180_000,
  );
});

describe('an Oracle database', () => {
  it('is stored, changed and looked at', async () => {
    const id = await manager.create('data-sources', { ...oracle, name: 'oracle' });
    expect((await get(`data-sources/${id}`)).body).toMatchObject({
      kind: 'oracle',
      serviceName: 'FREEPDB1',
      user: 'SYNC',
    });
    const patched = await manager.request('PATCH', `/api/v1/data-sources/${id}`, { body: { sid: 'ORCL' } });
    expect([patched.body['sid'], patched.body['serviceName']]).toEqual(['ORCL', undefined]);
    const { status, body } = await post(`data-sources/${id}/check`);
    expect([status, body]).toEqual([200, expect.objectContaining({ reachable: false, kind: null })]);
    expect(body['failure']).toMatchObject({
      code: 'TARGET_UNREACHABLE',
      detail: expect.stringContaining('127.0.0.1:1') as unknown,
    });
  });

  it('is neither source nor target of a pipeline, and stays what it is while it is used', async () => {
    const id = await manager.create('data-sources', { ...oracle, name: 'unused oracle' });
    const pipeline = (sourceId: string, targetId: string): Promise<Answer> =>
      post('pipelines', { name: 'to oracle', channelId, sourceId, targetId });
    expect(problem(await pipeline(elsewhereId, id))).toEqual([422, 'PIPELINE_TARGET_UNSUPPORTED']);
    expect(problem(await pipeline(id, elsewhereId))).toEqual([422, 'PIPELINE_SOURCE_UNSUPPORTED']);
    const used = await manager.create('data-sources', {
      ...{ name: 'used here', kind: 'mysql', host: 'db.example.com', port: 3307, user: 'u', password: 'p' },
    });
    expect((await pipeline(elsewhereId, used)).status).toBe(201);
    const turned = await manager.request('PATCH', `/api/v1/data-sources/${used}`, {
      body: { kind: 'oracle', serviceName: 'X' },
    });
    expect(problem(turned)).toEqual([422, 'PIPELINE_TARGET_UNSUPPORTED']);
    expect((await get(`data-sources/${used}`)).body['kind']).toBe('mysql');
  });

  it('is not looked into: every look-up says so and names what works', async () => {
    const id = await manager.create('data-sources', { ...oracle, ...double.address, name: 'closed' });
    const before = double.statements.length;
    for (const path of [
      'schemas',
      'schemas/SYNC/tables',
      'schemas/SYNC/tables/ORDERS',
      'matches?schema=SYNC&regex=.*',
    ]) {
      const { status, body } = await get(`data-sources/${id}/${path}`);
      expect([path, status, body['code']]).toEqual([path, 422, 'DATA_SOURCE_UNSUPPORTED']);
      expect(body['detail']).toContain('closed is an Oracle database: only its check can look at it');
      expect(body['workaround']).toContain('data-sources/<id>/check');
    }
    expect(double.statements).toHaveLength(before);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['both names', { sid: 'A' }, /needs one of both/],
    ['no name', { serviceName: undefined }, /needs one of both/],
    ['a name that would change the address', { serviceName: 'A)(HOST=evil)' }, /serviceName must be letters/],
    ['TLS', { tls: 'required' }, /without TLS/],
    ['a name for another kind', { kind: 'mysql' }, /serviceName belongs to kind oracle/],
  ])('%s is refused', async (what, change, expected) => {
    const answer = await post('data-sources', { ...oracle, name: what, ...change });
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.body['detail']).toMatch(expected);
  });
});
