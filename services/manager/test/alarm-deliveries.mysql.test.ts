import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ulid } from 'ulid';
import { systemClock } from '@lutra/model';
import { HttpSink, testServers, waitUntil } from '@lutra/testing';
import { EVENT_LOG } from '../src/alarms/alarm.entity.ts';
import type { AlarmNotice } from '../src/alarms/alarm.entity.ts';
import { removeHistory } from '../src/alarms/remove-history.ts';
import { sampleNotification } from '../src/receivers/notification.ts';
import { Store } from '../src/store/store.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: what waits for one receiver holds up nobody else, ends, and does nothing whose reason is gone.
// Method: rows of the outbox are written into the store; a manager in this process tells real HTTP servers.

const installation = new Installation(testServers().mysql);
let manager: RunningManager;
let sink: HttpSink;

beforeAll(async () => {
  sink = await HttpSink.start();
  manager = await installation.start();
});

afterAll(async () => {
  await installation.close();
  await sink.close();
});

const receiver = (name: string, url: string, enabled = true): Promise<string> =>
  manager.create('receivers', { name, enabled, kind: 'webhook', http: { url } });

interface Row {
  readonly alarmId?: string;
  readonly receiverId: string;
  readonly body: string;
  readonly ageS?: number;
  readonly sequence?: number;
  readonly state?: string;
}

interface AlarmRow {
  readonly state?: string;
  readonly tellings?: number;
  readonly pipelineId?: string;
}

/** Alarms of a rule that is not there, and which are over: no look changes them, and their deliveries are kept. */
async function writeAlarms(ids: readonly string[], row: AlarmRow = {}): Promise<void> {
  const { state = 'resolved', tellings = 1, pipelineId = 'P' } = row;
  const values = [...new Set(ids)].map(
    (id) =>
      `('${id}', 1, NULL, 'R', 'late', 'delay', 'urgent', 1, '${pipelineId}', 'pipeline', '${pipelineId}', '${state}',
        UTC_TIMESTAMP(3), ${String(tellings)}, 'late', '[]')`,
  );
  await installation.sql(
    `INSERT IGNORE INTO ${installation.database}.alarm (id, version, open_key, rule_id, rule_name, kind, severity,
      threshold, subject_id, subject, pipeline_id, state, since, tellings, message, told_receiver_ids)
      VALUES ${values.join(', ')}`,
  );
}

/** Writes rows that are due, and their alarms where there is none; returns their ids. */
async function wait(rows: readonly Row[]): Promise<string[]> {
  const written = rows.map((row) => ({ alarmId: ulid(), ageS: 60, sequence: 1, state: 'waiting', ...row, id: ulid() }));
  await writeAlarms(written.map(({ alarmId }) => alarmId));
  const values = written.map(({ id, alarmId, receiverId, body, ageS, sequence, state }) => {
    const at = `UTC_TIMESTAMP(3) - INTERVAL ${String(ageS)} SECOND`;
    return `('${id}', '${alarmId}', ${String(sequence)}, '${receiverId}', '${body}', '${state}', 0, ${at}, ${at}, '')`;
  });
  await installation.sql(
    `INSERT INTO ${installation.database}.alarm_delivery
      (id, alarm_id, sequence, receiver_id, body, state, attempts, created_at, next_attempt_at, failure)
      VALUES ${values.join(', ')}`,
  );
  return written.map(({ id }) => id);
}

async function rowOf(id = ''): Promise<Record<string, unknown>> {
  const [row] = await installation.sql(`SELECT * FROM ${installation.database}.alarm_delivery WHERE id = '${id}'`);
  return row ?? {};
}

const untilSettled = (id = ''): Promise<Record<string, unknown>> =>
  waitUntil(
    async () => {
      const row = await rowOf(id);
      return row['state'] !== 'waiting' && row;
    },
    { what: 'the delivery to be settled', timeoutMs: 60_000 },
  );

const body = (rule: string): string => JSON.stringify({ ...sampleNotification('D', new Date()), rule });

it('a receiver that nobody answers at, with hundreds of alarms waiting, holds up neither others nor orders', async () => {
  // Port 1 refuses.
  const deadId = await receiver('dead', 'http://127.0.0.1:1');
  const liveId = await receiver('live', sink.origin);
  await wait(Array.from({ length: 600 }, () => ({ receiverId: deadId, body: body('dead'), ageS: 3_600 })));
  const [told] = await wait([{ receiverId: liveId, body: body('live') }]);
  expect((await untilSettled(told))['state']).toBe('sent');
  const seen = await waitUntil(
    async () => {
      const { body: dto } = await manager.request('GET', `/api/v1/receivers/${deadId}`);
      return Number(dto['failuresInRow']) > 1 && dto;
    },
    { what: 'the second try', timeoutMs: 60_000 },
  );
  expect(seen).toMatchObject({ state: 'failing', waiting: 600, dropped: 0 });
  const tries = await installation.sql(
    `SELECT SUM(attempts) AS n FROM ${installation.database}.alarm_delivery WHERE receiver_id = '${deadId}'`,
  );
  // Each try finds out for all: they wait together, longer each time.
  expect(Number(tries[0]?.['n'])).toBeLessThan(20);
});

it('a receiver that nobody answers at is left alone until its pause is over, while another hears all in order', async () => {
  const deadId = await receiver('silent', 'http://127.0.0.1:1');
  const liveId = await receiver('orderly', sink.origin);
  const { database } = installation;
  await wait(Array.from({ length: 300 }, () => ({ receiverId: deadId, body: body('silent'), ageS: 3_600 })));
  const state = `${database}.receiver_state WHERE receiver_id = '${deadId}'`;
  await waitUntil(async () => (await installation.sql(`SELECT 1 FROM ${state} AND failures_in_row > 0`)).length > 0, {
    ...{ what: 'the first try', timeoutMs: 60_000 },
  });
  // As after many vain tries: a pause of minutes begins now.
  await installation.sql(
    `UPDATE ${database}.receiver_state SET failures_in_row = 10, last_failed_at = UTC_TIMESTAMP(3) WHERE receiver_id = '${deadId}'`,
  );
  const tries = async (): Promise<number> => {
    const from = `${database}.alarm_delivery WHERE receiver_id = '${deadId}'`;
    const [row] = await installation.sql(`SELECT SUM(attempts) AS n FROM ${from}`);
    return Number(row?.['n']);
  };
  const before = await tries();
  const alarmId = ulid();
  // The oldest is due last: what counts is the order of the alarm. One of them is told in each look at the outbox.
  const sequences = [1, 2, 3, 4, 5, 6];
  const row = (sequence: number): Row => ({
    ...{ alarmId, sequence, receiverId: liveId, body: body(`telling ${String(sequence)}`), ageS: 60 + sequence },
  });
  const ids = await wait(sequences.map(row));
  expect((await untilSettled(ids.at(-1)))['state']).toBe('sent');
  const told = sink.posted.flatMap(({ text }) => /telling \d/.exec(text) ?? []);
  expect([...new Set(told)]).toEqual(sequences.map((sequence) => `telling ${String(sequence)}`));
  // One try may have been under way when the pause began.
  expect((await tries()) - before).toBeLessThanOrEqual(1);
});

it('of an alarm that is repeated for months the first telling and the newest stay, and what still waits', async () => {
  const { database, store: server } = installation;
  const receiverId = await receiver('long since off', sink.origin, false);
  const [alarmId, otherId] = [ulid(), ulid()];
  await writeAlarms([alarmId], { tellings: 250 });
  await writeAlarms([otherId], { tellings: 200 });
  const row = (id: string, sequence: number): Row => ({
    ...{ alarmId: id, sequence, receiverId, body: '{}', state: sequence === 7 ? 'waiting' : 'sent' },
  });
  const counted = (length: number, id: string): Row[] => Array.from({ length }, (_, index) => row(id, index + 1));
  await wait([...counted(250, alarmId), ...counted(200, otherId)]);
  const { host, port, user, password } = server;
  const store = new Store({ host, port, user, password, database }, systemClock);
  await store.open(() => Promise.resolve());
  await removeHistory(store, new Date());
  await store.close('the test ends');
  const kept = async (id: string): Promise<number[]> =>
    (
      await installation.sql(
        `SELECT sequence FROM ${database}.alarm_delivery WHERE alarm_id = '${id}' ORDER BY sequence`,
      )
    ).map(({ sequence }) => Number(sequence));
  const newest = Array.from({ length: 201 }, (_, index) => 50 + index);
  expect(await kept(alarmId)).toEqual([1, 7, ...newest]);
  expect(await kept(otherId)).toHaveLength(200);
});

it('what has waited for a day is dropped, also for a receiver that is switched off, and the receiver says so', async () => {
  const offId = await receiver('off', sink.origin, false);
  const onId = await receiver('on', sink.origin);
  const [old, young, late] = await wait([
    { receiverId: offId, body: body('old'), ageS: 90_000 },
    { receiverId: offId, body: body('young') },
    { receiverId: onId, body: body('late'), ageS: 90_000 },
  ]);
  for (const id of [old, late]) {
    const row = await waitUntil(
      async () => {
        const found = await rowOf(id);
        return found['state'] === 'dropped' && found;
      },
      { what: 'the old one to be dropped', timeoutMs: 90_000 },
    );
    expect(row['failure']).toContain('longer than a day');
  }
  expect((await rowOf(young))['state']).toBe('waiting');
  expect((await manager.request('GET', `/api/v1/receivers/${offId}`)).body).toMatchObject({ waiting: 1, dropped: 1 });
  expect(sink.posted.filter(({ text }) => text.includes('"late"'))).toEqual([]);
});

it('a row that cannot be read is dropped and says so, and the others are told', async () => {
  const receiverId = await receiver('beside', sink.origin);
  const [broken, whole] = await wait([
    { receiverId, body: '{' },
    { receiverId, body: body('beside') },
  ]);
  expect((await untilSettled(whole))['state']).toBe('sent');
  expect(await untilSettled(broken)).toMatchObject({
    state: 'dropped',
    failure: expect.stringContaining('cannot be read'),
  });
});

it('an event whose answer was lost is told again under its id, and stored once', async () => {
  const alarmId = ulid();
  const notice: AlarmNotice = {
    ...{ v: 1, at: new Date().toISOString(), pipelineId: null, epoch: null, process: null, traceId: null },
    ...{ kind: 'alarm-raised', alarmId, rule: 'lost', about: 'instanceLost', severity: 'urgent', message: 'gone' },
    ...{ subject: 'instance load-1', value: 1, threshold: 0 },
  };
  const [id] = await wait([{ alarmId, receiverId: EVENT_LOG, body: JSON.stringify(notice) }]);
  expect((await untilSettled(id))['state']).toBe('sent');
  await installation.sql(
    `UPDATE ${installation.database}.alarm_delivery SET state = 'waiting', next_attempt_at = created_at WHERE id = '${id ?? ''}'`,
  );
  expect(await untilSettled(id)).toMatchObject({ state: 'sent', attempts: 2 });
  const { body } = await manager.request('GET', '/api/v1/events?kinds=alarm-raised');
  expect(body.items?.filter((event) => event['alarmId'] === alarmId)).toMatchObject([notice]);
});

it.each(['acknowledged', 'resolved'])(
  'an order is not given any more once its alarm is %s',
  async (state) => {
    const source = { kind: 'mariadb', host: '127.0.0.1', port: 1, user: 'lutra', password: 'secret' };
    const channelId = await manager.create('channels', { name: state });
    const pipelineId = await manager.create('pipelines', {
      ...{ name: state, channelId },
      sourceId: await manager.create('data-sources', { ...source, name: `${state} source` }),
      targetId: await manager.create('data-sources', { ...source, name: `${state} target` }),
    });
    const alarmId = ulid();
    await writeAlarms([alarmId], { state, tellings: 2, pipelineId });
    const order = JSON.stringify({ kind: 'STOP', pipelineId, aboutEpoch: 3, reason: 'late', rule: 'late' });
    const [id] = await wait([{ alarmId, receiverId: '', body: order }]);
    expect(await untilSettled(id)).toMatchObject({
      state: 'dropped',
      failure: expect.stringContaining(`is ${state} by now`),
    });
    expect((await manager.request('GET', `/api/v1/commands?pipelineId=${pipelineId}`)).body['total']).toBe(0);
    // Of receivers it may name the host, which is not for callers that are limited to channels.
    const key = { name: `limited to ${state}`, role: 'viewer', channelIds: [channelId] };
    const { body: made } = await manager.request('POST', '/api/v1/api-keys', { body: key });
    const shown = async (headers: Record<string, string>): Promise<unknown> =>
      (await manager.request('GET', `/api/v1/alarms/${alarmId}`, { headers })).body['deliveries'];
    expect(await shown({})).toMatchObject([{ id, failure: expect.any(String) }]);
    expect(await shown({ authorization: `Bearer ${String(made['token'])}` })).toMatchObject([{ id, failure: null }]);
  },
  180_000,
);
