import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import type { Command, Permit, WindowEvent } from '@lutra/model';
import { HttpSink, testServers, waitUntil } from '@lutra/testing';
import type { Posted } from '@lutra/testing';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: alarms begin, are told, acknowledged and end as their rules say; what is broken concerns only itself.
// Method: a manager in this process, asked over HTTP; permits are written to ZooKeeper and events to the bus as stages do;
// a real HTTP server is told.

const installation = new Installation();
const stop = new AbortController();
const commands: Command[] = [];
let manager: RunningManager;
let sink: HttpSink;
let receiverId: string;
let dataSources: { readonly channelId: string; readonly sourceId: string; readonly targetId: string };
let bus: Bus;
let listening: Promise<void>;

beforeAll(async () => {
  sink = await HttpSink.start();
  bus = await openBus({ ...testServers().nats, name: 'test', namespace: installation.namespace });
  manager = await installation.start();
  const server = { kind: 'mariadb', host: '127.0.0.1', user: 'lutra', password: 'secret' };
  dataSources = {
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...server, name: 'source', port: 1 }),
    targetId: await manager.create('data-sources', { ...server, name: 'target', port: 1 }),
  };
  receiverId = await manager.create('receivers', { name: 'hook', kind: 'webhook', http: { url: sink.origin } });
  listening = (async () => {
    for await (const delivery of bus.consumeCommands(stop.signal)) {
      await delivery.ack();
      if ('pipelineId' in delivery.command) commands.push(delivery.command);
    }
  })();
});

afterAll(async () => {
  stop.abort();
  await listening;
  await bus.close();
  await installation.close();
  await sink.close();
});

beforeEach(() => {
  sink.answer = { status: 200 };
});

async function createPipeline(name: string): Promise<string> {
  const id = await manager.create('pipelines', { ...dataSources, name });
  await manager.create(`pipelines/${id}/mappings`, {
    source: { schema: 'shop', table: { exact: name } },
    target: { schema: 'copy', table: name },
  });
  const permit: Permit = {
    ...{ state: 'RUNNING', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
    ...{ since: new Date().toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
  };
  await manager.coordinator.writePermit(id, permit, null);
  return id;
}

const ruleAbout = (pipelineId: string, change: Record<string, unknown> = {}): Promise<string> =>
  manager.create('alarm-rules', {
    ...{ name: `late ${pipelineId}`, kind: 'delay', threshold: 50_000, receiverIds: [receiverId] },
    ...{ scope: { pipelineIds: [pipelineId], channelIds: [] } },
    ...change,
  });

/** Select says so each second: what it said once is silence after ten. */
async function sayLag(pipelineId: string, lagMs: number): Promise<void> {
  const event: WindowEvent = {
    ...{ v: 1, at: new Date().toISOString(), who: 'select-1', pipelineId, epoch: 3, process: null, traceId: null },
    ...{ kind: 'window', state: 'streaming', cause: null, open: [], lagMs, eventsRead: 1, bytesRead: 1 },
  };
  await bus.publishEvent(event);
}

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, body === undefined ? {} : { body });
const openAlarms = async (ruleId: string): Promise<readonly Record<string, unknown>[]> =>
  (await api('GET', `alarms?state=open&ruleId=${ruleId}`)).body.items ?? [];
const changeOf = ({ body }: Posted): unknown => (body['alarm'] as { readonly change: string }).change;
/** A delivery whose answer was late comes again under its id. */
const toldOf = (pipelineId: string): unknown[] => {
  const deliveries = new Map(sink.posted.map((posted) => [posted.body['deliveryId'], posted]));
  return [...deliveries.values()]
    .filter(({ body }) => (body['alarm'] as { readonly subjectId: string }).subjectId === pipelineId)
    .map(changeOf);
};

/** What the event log was told of one pipeline's alarms of one rule. */
const logged = async (pipelineId: string, rule: string): Promise<readonly object[]> => {
  const { body } = await api('GET', `pipelines/${pipelineId}/events?kinds=alarm-raised,alarm-cleared`);
  return (body.items ?? []).filter((event) => event['rule'] === rule);
};

const untilTold = (pipelineId: string, lagMs: number, expected: readonly string[]): Promise<unknown> =>
  waitUntil(
    async () => {
      await sayLag(pipelineId, lagMs);
      return JSON.stringify(toldOf(pipelineId)) === JSON.stringify(expected);
    },
    { what: `${expected.join(', ')} to be told`, timeoutMs: 60_000, everyMs: 250 },
  );

const untilState = async (ruleId: string, state: string): Promise<Record<string, unknown>> => {
  const found = await waitUntil(async () => (await openAlarms(ruleId)).find((alarm) => alarm['state'] === state), {
    ...{ what: `an alarm that is ${state}`, timeoutMs: 60_000, everyMs: 250 },
  });
  return found;
};

describe('an alarm', () => {
  it('is told, acknowledged, and its end is told, each once', async () => {
    const pipelineId = await createPipeline('told');
    const ruleId = await ruleAbout(pipelineId, { severity: 'urgent', repeatMs: 2_000 });
    await untilTold(pipelineId, 60_000, ['firing']);
    const alarm = await untilState(ruleId, 'firing');
    const path = `alarms/${String(alarm['id'])}`;
    expect(alarm).toMatchObject({
      ...{ rule: `late ${pipelineId}`, kind: 'delay', severity: 'urgent', subject: 'pipeline told', pipelineId },
      ...{ threshold: 50_000, unit: 'ms', value: 60_000, acknowledgedBy: null, resolvedAt: null },
    });
    const stale = await manager.request('POST', `/api/v1/${path}/acknowledge`, {
      body: {},
      headers: { 'if-match': '"99"' },
    });
    expect(stale.status).toBe(412);
    const acknowledged = await api('POST', `${path}/acknowledge`, { comment: 'index is built' });
    expect(acknowledged.body).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'admin',
      comment: 'index is built',
    });
    expect((await api('POST', `${path}/acknowledge`, { comment: 'again' })).body).toMatchObject({
      comment: 'index is built',
    });
    await waitUntil(
      async () => {
        await sayLag(pipelineId, 10);
        return toldOf(pipelineId).at(-1) === 'resolved';
      },
      { what: 'the end to be told', timeoutMs: 60_000, everyMs: 250 },
    );
    // It may have been repeated before somebody had it.
    expect(toldOf(pipelineId).filter((change) => change !== 'repeat')).toEqual(['firing', 'resolved']);
    const detail = (await api('GET', path)).body;
    expect(detail).toMatchObject({ state: 'resolved', comment: 'index is built' });
    const last = (detail['deliveries'] as Record<string, unknown>[]).at(-1);
    expect(last).toMatchObject({ what: 'resolved', receiverId, attempts: 1 });
    expect((await api('POST', `${path}/acknowledge`, {})).status).toBe(409);
    const audit = await api('GET', `audit?resourceId=${String(alarm['id'])}`);
    expect(audit.body.items?.map(({ resource, who }) => [resource, who])).toEqual([['alarm', 'admin']]);
    expect((await api('GET', `alarms?pipelineId=${pipelineId}&state=resolved`)).body['total']).toBe(1);
    for (const { headers, body } of sink.posted) expect(headers['idempotency-key']).toBe(body['deliveryId']);
    const events = await waitUntil(
      async () => {
        const found = await logged(pipelineId, `late ${pipelineId}`);
        return found.length >= 2 && found;
      },
      { what: 'the events', timeoutMs: 60_000 },
    );
    const base = { pipelineId, alarmId: alarm['id'], about: 'delay', subject: 'pipeline told', threshold: 50_000 };
    expect(events).toMatchObject([
      { ...base, kind: 'alarm-raised', severity: 'urgent', value: 60_000 },
      { ...base, kind: 'alarm-cleared', value: 10 },
    ]);
  });

  it('is repeated, and restarts its pipeline at the telling that the rule names, once', async () => {
    const pipelineId = await createPipeline('restarted');
    await ruleAbout(pipelineId, { repeatMs: 1_000, recovery: { restartAt: 2, stopAt: 3 } });
    const mine = await waitUntil(
      async () => {
        await sayLag(pipelineId, 60_000);
        const found = commands.filter((command) => command.pipelineId === pipelineId);
        return found.length >= 2 && found;
      },
      { what: 'the commands', timeoutMs: 60_000, everyMs: 250 },
    );
    expect(toldOf(pipelineId).slice(0, 3)).toEqual(['firing', 'repeat', 'repeat']);
    expect(mine.map(({ kind, aboutEpoch, author }) => [kind, aboutEpoch, author])).toEqual([
      ['RESTART', 3, `alarm rule late ${pipelineId}`],
      ['STOP', 3, `alarm rule late ${pipelineId}`],
    ]);
    expect((await api('GET', `commands?pipelineId=${pipelineId}`)).body['total']).toBe(2);
    expect((await api('GET', `audit?resourceId=${mine[0]?.id ?? ''}`)).body['total']).toBe(1);
  });

  it('ends when its rule is removed, and whoever was told hears of it', async () => {
    const pipelineId = await createPipeline('removed');
    const ruleId = await ruleAbout(pipelineId);
    await untilTold(pipelineId, 60_000, ['firing']);
    expect((await api('DELETE', `alarm-rules/${ruleId}`)).status).toBe(204);
    await untilTold(pipelineId, 60_000, ['firing', 'resolved']);
    expect(await openAlarms(ruleId)).toEqual([]);
  });

  it('does not begin while its rule is paused or out of its hours, and begins afterwards', async () => {
    const pipelineId = await createPipeline('paused');
    const tomorrow = new Date(Date.now() + 86_400_000);
    const day = ((new Date(Date.now() + 2 * 86_400_000).getUTCDay() + 6) % 7) + 1;
    const schedule = { timeZone: 'UTC', windows: [{ days: [day], from: '00:00', until: '12:00' }] };
    const ruleId = await ruleAbout(pipelineId, { pauseUntil: tomorrow.toISOString() });
    const hoursId = await ruleAbout(pipelineId, { name: 'hours', schedule });
    await sayLag(pipelineId, 60_000);
    await untilState(ruleId, 'pending');
    await untilState(hoursId, 'pending');
    await api('PATCH', `alarm-rules/${ruleId}`, { pauseUntil: null });
    await untilTold(pipelineId, 60_000, ['firing']);
    await api('PATCH', `alarm-rules/${hoursId}`, { schedule: null });
    await untilTold(pipelineId, 60_000, ['firing', 'firing']);
  });

  it('is unknown, with the reason, while its input cannot be read; when that lasts it is told once', async () => {
    const pipelineId = await createPipeline('unread');
    const ruleId = await ruleAbout(pipelineId, { kind: 'deadLetters', threshold: 1, forMs: 3_600_000 });
    await waitUntil(
      async () => String((await untilState(ruleId, 'unknown'))['unknownReason']).includes('TARGET_UNREACHABLE'),
      { what: 'the reason', timeoutMs: 60_000, everyMs: 250 },
    );
    expect((await api('GET', `alarm-rules/${ruleId}`)).body).toMatchObject({
      state: 'unknown',
      alarms: { unknown: 1 },
    });
    expect(toldOf(pipelineId)).toEqual([]);
    const until = (expected: readonly string[]): Promise<unknown> =>
      waitUntil(() => JSON.stringify(toldOf(pipelineId)) === JSON.stringify(expected), {
        ...{ what: expected.join(', '), timeoutMs: 60_000 },
      });
    const { database } = installation;
    await installation.sql(
      `UPDATE ${database}.alarm SET since = since - INTERVAL 2 HOUR WHERE rule_id = '${ruleId}' AND state = 'unknown'`,
    );
    await until(['unknown']);
    const [alarm] = await openAlarms(ruleId);
    expect(alarm).toMatchObject({ state: 'unknown', tellings: 1, firedAt: null });
    expect(String(alarm?.['message'])).toMatch(/^It cannot be judged: .*TARGET_UNREACHABLE/);
    await api('PATCH', `alarm-rules/${ruleId}`, { enabled: false });
    await until(['unknown', 'resolved']);
    // It never fired.
    expect(await logged(pipelineId, `late ${pipelineId}`)).toEqual([]);
  });

  it('tells of an instance that is lost, until it is back', async () => {
    const instance = { service: 'load', instance: 'load-9' } as const;
    const base = { v: 1, who: 'arbiter-1', pipelineId: null, epoch: null, process: null, traceId: null } as const;
    await manager.create('alarm-rules', {
      name: 'lost',
      kind: 'instanceLost',
      threshold: 0,
      receiverIds: [receiverId],
    });
    const tell = (kind: 'instance-lost' | 'instance-joined'): Promise<void> =>
      bus.publishEvent({ ...base, ...instance, kind, at: new Date().toISOString() });
    await tell('instance-lost');
    const told = (): unknown => toldOf('load-9');
    await waitUntil(() => JSON.stringify(told()) === '["firing"]', { what: 'the loss', timeoutMs: 60_000 });
    const member = await manager.coordinator.join({
      ...{
        ...instance,
        host: 'test',
        pid: 1,
        version: '0',
        startedAt: new Date().toISOString(),
        httpPort: 1,
        weight: 1,
      },
      ...{ load: { cpu: 0, memoryBytes: 1, tasks: 0 }, draining: false },
    });
    await tell('instance-joined');
    await waitUntil(() => JSON.stringify(told()) === '["firing","resolved"]', {
      what: 'its return',
      timeoutMs: 60_000,
    });
    await member.leave();
  });
});

describe('what is broken', () => {
  it('a rule that throws concerns only itself, says why, and is well again when it is mended', async () => {
    const pipelineId = await createPipeline('broken');
    const ruleId = await ruleAbout(pipelineId, { name: 'broken', schedule: null });
    const schedule = '{"timeZone":"Mars/Phobos","windows":[{"days":[1],"from":"00:00","until":"00:00"}]}';
    await installation.sql(
      `UPDATE ${installation.database}.alarm_rule SET schedule = '${schedule}' WHERE id = '${ruleId}'`,
    );
    const broken = await waitUntil(
      async () => {
        const { body } = await api('GET', `alarm-rules/${ruleId}`);
        return body['state'] === 'broken' && body;
      },
      { what: 'the rule to be broken', timeoutMs: 60_000 },
    );
    expect(broken['problem']).toContain('Mars/Phobos');
    await ruleAbout(pipelineId, { name: 'beside it' });
    await untilTold(pipelineId, 60_000, ['firing']);
    await api('PATCH', `alarm-rules/${ruleId}`, { schedule: null });
    await untilTold(pipelineId, 60_000, ['firing', 'firing']);
    expect((await api('GET', `alarm-rules/${ruleId}`)).body).toMatchObject({ state: 'firing', problem: null });
  });

  it('a rule whose row cannot be read concerns only itself, and is well again when the field is given anew', async () => {
    const pipelineId = await createPipeline('unreadable');
    const ruleId = await ruleAbout(pipelineId, { name: 'unreadable' });
    await installation.sql(`UPDATE ${installation.database}.alarm_rule SET scope = '{"pipe' WHERE id = '${ruleId}'`);
    const { body } = await api('GET', `alarm-rules/${ruleId}`);
    expect(body).toMatchObject({
      state: 'broken',
      problem: expect.stringContaining('scope cannot be read'),
      scope: null,
    });
    await ruleAbout(pipelineId, { name: 'beside the unreadable' });
    await untilTold(pipelineId, 60_000, ['firing']);
    expect((await api('PATCH', `alarm-rules/${ruleId}`, { severity: 'urgent' })).status).toBe(400);
    const scope = { pipelineIds: [pipelineId], channelIds: [] };
    expect((await api('PATCH', `alarm-rules/${ruleId}`, { scope })).status).toBe(200);
    await untilTold(pipelineId, 60_000, ['firing', 'firing']);
  });

  it('a receiver that fails holds up nobody, is named, and is told later under the same id', async () => {
    const down = await HttpSink.start();
    try {
      down.answer = { status: 503 };
      const downId = await manager.create('receivers', { name: 'down', kind: 'webhook', http: { url: down.origin } });
      const pipelineId = await createPipeline('beside');
      const changes = (): unknown[] => down.posted.map(changeOf);
      await ruleAbout(pipelineId, { receiverIds: [downId, receiverId] });
      await untilTold(pipelineId, 60_000, ['firing']);
      await untilTold(pipelineId, 10, ['firing', 'resolved']);
      await waitUntil(async () => (await api('GET', `receivers/${downId}`)).body['state'] === 'failing', {
        ...{ what: 'the failure to be seen', timeoutMs: 60_000 },
      });
      const events = await waitUntil(
        async () => {
          const warnings = await bus.readEvents({ kinds: ['warning'], limit: 100 });
          return warnings.find((event) => 'code' in event && event.code === 'RECEIVER_FAILING');
        },
        { what: 'the warning', timeoutMs: 60_000 },
      );
      expect(JSON.stringify(events)).toContain('down');
      // The end waits for the beginning.
      expect(new Set(changes())).toEqual(new Set(['firing']));
      down.answer = { status: 200 };
      await waitUntil(() => changes().at(-1) === 'resolved', { what: 'the end to be told', timeoutMs: 60_000 });
      const ids = (change: string): Set<unknown> =>
        new Set(down.posted.filter((posted) => changeOf(posted) === change).map(({ body }) => body['deliveryId']));
      expect([ids('firing').size, ids('resolved').size]).toEqual([1, 1]);
    } finally {
      await down.close();
    }
  });
});
