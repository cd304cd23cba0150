import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: rules are kept as they were given or refused by the field; a new installation has some; the history is bounded.
// Method: a manager in this process, asked over HTTP; rows that are old are put into its store.

const installation = new Installation();
let manager: RunningManager;
let receiverId: string;
let channelId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  receiverId = await manager.create('receivers', {
    name: 'hook',
    kind: 'webhook',
    http: { url: 'http://127.0.0.1:1' },
  });
});

afterAll(() => installation.close());

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });

describe('alarm rules', () => {
  it('are there from the first start on, without receivers, and stay away when they were removed', async () => {
    const { body } = await api('GET', 'alarm-rules?pageSize=500&sort=name');
    const defaults = body.items?.filter(({ receiverIds }) => (receiverIds as unknown[]).length === 0) ?? [];
    expect(defaults.map(({ kind }) => kind).sort()).toEqual(
      ['binlogRetentionRisk', 'deadLetters', 'delay', 'disk', 'instanceLost', 'noProgress'].sort(),
    );
    const disk = String(defaults.find(({ kind }) => kind === 'disk')?.['id']);
    expect((await api('DELETE', `alarm-rules/${disk}`)).status).toBe(204);
    await manager.stop();
    manager = await installation.start();
    expect((await api('GET', `alarm-rules/${disk}`)).status).toBe(404);
    expect((await api('GET', 'alarm-rules?name=JetStream')).body['total']).toBe(0);
  });

  it('show what was given, are audited, and are changed under their version only', async () => {
    const given = {
      ...{
        name: 'nights',
        kind: 'errorKeyword',
        keyword: "deadlock' OR 1=1 <b>",
        threshold: 3,
        forMs: 1_000,
        repeatMs: 60_000,
      },
      ...{ severity: 'normal', enabled: false, pauseUntil: '2030-01-01T00:00:00.000Z', receiverIds: [receiverId] },
      schedule: { timeZone: 'Europe/Berlin', windows: [{ days: [6, 7], from: '22:00', until: '06:00' }] },
      scope: { pipelineIds: [], channelIds: [channelId] },
      recovery: { restartAt: 2, stopAt: null },
    };
    const id = await manager.create('alarm-rules', given);
    const shown = await api('GET', `alarm-rules/${id}`);
    expect(shown.body).toMatchObject({ ...given, state: 'disabled', unit: 'events', problem: null, alarms: {} });
    const path = `/api/v1/alarm-rules/${id}`;
    const stale = await manager.request('PATCH', path, { body: { threshold: 4 }, headers: { 'if-match': '"7"' } });
    expect(stale.status).toBe(412);
    const changed = await manager.request('PATCH', path, { body: { schedule: null, recovery: null, repeatMs: null } });
    expect(changed.body).toMatchObject({ version: 2, schedule: null, recovery: null, repeatMs: null, threshold: 3 });
    const audit = await api('GET', `audit?resourceId=${id}`);
    expect(audit.body.items?.map(({ action, resource }) => [action, resource])).toEqual([
      ['update', 'alarm-rule'],
      ['create', 'alarm-rule'],
    ]);
    const again = await manager.request('POST', '/api/v1/alarm-rules', { body: { name: 'nights', kind: 'disk' } });
    expect(again.status).toBe(409);
  });

  const NOBODY = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
  it.each<[string, Record<string, unknown>, string]>([
    ['an unknown kind', { kind: 'weather' }, 'kind'],
    ['an unknown field', { color: 'red' }, 'color'],
    ['a threshold out of range', { threshold: 0 }, 'threshold'],
    ['a keyword of another kind', { keyword: 'x' }, 'keyword'],
    ['no keyword', { kind: 'errorKeyword' }, 'keyword'],
    ['a scope of the installation', { kind: 'disk', scope: { pipelineIds: [], channelIds: [NOBODY] } }, 'scope'],
    ['an empty scope', { scope: { pipelineIds: [], channelIds: [] } }, 'scope'],
    ['a pipeline that is not there', { scope: { pipelineIds: [NOBODY], channelIds: [] } }, 'scope.pipelineIds'],
    ['a receiver that is not there', { receiverIds: [NOBODY] }, 'receiverIds'],
    ['an id that is none', { receiverIds: ["' OR 1=1"] }, 'receiverIds'],
    [
      'a time zone that is none',
      { schedule: { timeZone: 'Mars/Phobos', windows: [{ days: [1], from: '00:00', until: '01:00' }] } },
      'schedule.timeZone',
    ],
    [
      'a time that is none',
      { schedule: { timeZone: 'UTC', windows: [{ days: [1], from: '24:00', until: '01:00' }] } },
      'schedule.windows.0.from',
    ],
    [
      'a day that is none',
      { schedule: { timeZone: 'UTC', windows: [{ days: [8], from: '00:00', until: '01:00' }] } },
      'schedule.windows.0.days',
    ],
    ['no windows', { schedule: { timeZone: 'UTC', windows: [] } }, 'schedule.windows'],
    ['a recovery of the installation', { kind: 'disk', recovery: { restartAt: 1, stopAt: null } }, 'recovery'],
    ['a recovery that stops first', { repeatMs: 9_000, recovery: { restartAt: 3, stopAt: 2 } }, 'recovery.stopAt'],
    ['a recovery without repeats', { recovery: { restartAt: 2, stopAt: null } }, 'repeatMs'],
    ['a pause that is no time', { pauseUntil: 'tomorrow' }, 'pauseUntil'],
    ['a duration of text', { forMs: '1000' }, 'forMs'],
  ])('are refused with %s, naming the field', async (_what, change, field) => {
    const answer = await api('POST', 'alarm-rules', { name: 'refused', kind: 'delay', ...change });
    expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    const fields = (answer.body['details'] as { fields: { field: string }[] }).fields.map((each) => each.field);
    expect(fields).toContain(field);
  });
});

const NOBODY = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

it('one whose scope has lost a member says so and can be changed; without any member it is broken', async () => {
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'u', password: 'p' };
  const sourceId = await manager.create('data-sources', { ...server, name: 'lost a', port: 1 });
  const targetId = await manager.create('data-sources', { ...server, name: 'lost b', port: 2 });
  const create = (name: string): Promise<string> =>
    manager.create('pipelines', { name, channelId, sourceId, targetId });
  const [one, other] = [await create('lost one'), await create('lost other')];
  const scope = { pipelineIds: [one, other], channelIds: [] };
  const id = await manager.create('alarm-rules', { name: 'of two', kind: 'delay', enabled: true, scope });
  const refused = await api('DELETE', `pipelines/${one}`);
  expect([refused.status, refused.body]).toMatchObject([409, { details: { alarmRules: [{ id, name: 'of two' }] } }]);
  // As an earlier release removed them.
  const forget = (pipelineId: string): Promise<unknown> =>
    installation.sql(`DELETE FROM ${installation.database}.pipeline WHERE id = '${pipelineId}'`);
  await forget(one);
  const changed = await api('PATCH', `alarm-rules/${id}`, { threshold: 7_000 });
  expect([changed.status, changed.body]).toMatchObject([200, { threshold: 7_000, scope }]);
  expect(changed.body['problem']).toContain(one);
  expect(changed.body['state']).not.toBe('broken');
  const added = await api('PATCH', `alarm-rules/${id}`, { scope: { ...scope, pipelineIds: [one, NOBODY] } });
  expect([added.status, added.body['detail']]).toEqual([400, expect.stringContaining(NOBODY)]);
  await forget(other);
  expect((await api('GET', `alarm-rules/${id}`)).body).toMatchObject({ state: 'broken' });
  expect((await api('PATCH', `alarm-rules/${id}`, { scope: null })).body).toMatchObject({ problem: null });
});

it('the history is bounded by a system parameter', async () => {
  await manager.request('PATCH', '/api/v1/system-parameters', { body: { alarmDays: 80 } });
  const { database } = installation;
  const insert = (id: string, resolvedAt: string, openKey: string): Promise<unknown> =>
    installation.sql(`INSERT INTO ${database}.alarm (id, version, open_key, rule_id, rule_name, kind, severity, threshold,
      subject_id, subject, state, since, tellings, resolved_at, message, told_receiver_ids)
      VALUES ('${id}', 1, ${openKey}, 'none', 'none', 'disk', 'normal', 1, 's', 's', 'resolved', NOW(3), 1, ${resolvedAt}, '', '[]')`);
  await insert('old', 'NOW(3) - INTERVAL 81 DAY', 'NULL');
  await insert('new', 'NOW(3) - INTERVAL 79 DAY', 'NULL');
  await installation.sql(`INSERT INTO ${database}.alarm_delivery (id, alarm_id, sequence, receiver_id, body, state, attempts,
    created_at, next_attempt_at, failure) VALUES ('d', 'old', 1, 'r', '{}', 'sent', 1, NOW(3), NOW(3), '')`);
  await manager.stop();
  manager = await installation.start();
  await waitUntil(async () => (await api('GET', 'alarms/old')).status === 404, {
    what: 'the old alarm to go',
    timeoutMs: 60_000,
  });
  expect((await api('GET', 'alarms/new')).status).toBe(200);
  await waitUntil(
    async () => (await installation.sql(`SELECT id FROM ${database}.alarm_delivery WHERE id = 'd'`)).length === 0,
    {
      ...{ what: 'its delivery to go', timeoutMs: 60_000 },
    },
  );
});
