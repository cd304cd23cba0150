import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ulid } from 'ulid';
import { HttpSink, testServers, waitUntil } from '@lutra/testing';
import { EVENT_LOG } from '../src/alarms/alarm.entity.ts';
import type { AlarmNotice } from '../src/alarms/alarm.entity.ts';
import { sampleNotification } from '../src/receivers/notification.ts';
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
}, 60_000);

afterAll(async () => {
  await installation.close();
  await sink.close();
}, 60_000);

const receiver = (name: string, url: string, enabled = true): Promise<string> =>
  manager.create('receivers', { name, enabled, kind: 'webhook', http: { url } });

interface Row {
  readonly alarmId?: string;
  readonly receiverId: string;
  readonly body: string;
  readonly ageS?: number;
}

/** Writes rows that are due; returns their ids. */
async function wait(rows: readonly Row[]): Promise<string[]> {
  const written = rows.map(({ alarmId = ulid(), receiverId, body, ageS = 60 }) => ({
    id: ulid(),
    alarmId,
    receiverId,
    body,
    ageS,
  }));
  const values = written.map(({ id, alarmId, receiverId, body, ageS }) => {
    const at = `UTC_TIMESTAMP(3) - INTERVAL ${String(ageS)} SECOND`;
    return `('${id}', '${alarmId}', 1, '${receiverId}', '${body}', 'waiting', 0, ${at}, ${at}, '')`;
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
    { what: 'the delivery to be settled', timeoutMs: 20_000 },
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
    { what: 'the second try', timeoutMs: 20_000 },
  );
  expect(seen).toMatchObject({ state: 'failing', waiting: 600, dropped: 0 });
  const tries = await installation.sql(
    `SELECT SUM(attempts) AS n FROM ${installation.database}.alarm_delivery WHERE receiver_id = '${deadId}'`,
  );
  // Each try finds out for all: they wait together, longer each time.
  expect(Number(tries[0]?.['n'])).toBeLessThan(20);
}, 90_000);

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
}, 120_000);

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
}, 60_000);

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
}, 60_000);

it.each(['acknowledged', 'resolved'])(
  'an order is not given any more once its alarm is %s',
  async (state) => {
    const source = { kind: 'mariadb', host: '127.0.0.1', port: 1, user: 'lutra', password: 'secret' };
    const pipelineId = await manager.create('pipelines', {
      name: state,
      channelId: await manager.create('channels', { name: state }),
      sourceId: await manager.create('data-sources', { ...source, name: `${state} source` }),
      targetId: await manager.create('data-sources', { ...source, name: `${state} target` }),
    });
    const alarmId = ulid();
    // Of a rule that is not there: its end is what the next look brings at the latest.
    await installation.sql(
      `INSERT INTO ${installation.database}.alarm (id, version, open_key, rule_id, rule_name, kind, severity, threshold, subject_id,
      subject, pipeline_id, state, since, tellings, message, told_receiver_ids)
      VALUES ('${alarmId}', 1, NULL, 'R', 'late', 'delay', 'urgent', 1, '${pipelineId}', 'pipeline', '${pipelineId}', '${state}',
        UTC_TIMESTAMP(3), 2, 'late', '[]')`,
    );
    const order = JSON.stringify({ kind: 'STOP', pipelineId, aboutEpoch: 3, reason: 'late', rule: 'late' });
    const [id] = await wait([{ alarmId, receiverId: '', body: order }]);
    expect(await untilSettled(id)).toMatchObject({
      state: 'dropped',
      failure: expect.stringContaining(`is ${state} by now`),
    });
    expect((await manager.request('GET', `/api/v1/commands?pipelineId=${pipelineId}`)).body['total']).toBe(0);
  },
  60_000,
);
