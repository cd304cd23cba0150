import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { Permit } from '@lutra/model';
import { HttpSink, testServers, waitUntil } from '@lutra/testing';
import { AlarmCycle } from '../src/alarms/alarm-cycle.ts';
import type { Look } from '../src/alarms/fact-reader.ts';
import { Store } from '../src/store/store.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: alarms outlive the manager that leads them, and a manager that is no longer the leader changes nothing.
// Method: managers in this process, one after the other, on one store; looks that are held back by the test.

const installation = new Installation(testServers().mysql);
let sink: HttpSink;
let manager: RunningManager;

beforeAll(async () => {
  sink = await HttpSink.start();
  manager = await installation.start();
});

afterAll(async () => {
  await installation.close();
  await sink.close();
});

const told = (): string[] =>
  sink.posted.map(({ body }) => {
    const { rule, subject, change } = body['alarm'] as Readonly<Record<'rule' | 'subject' | 'change', string>>;
    return `${rule}: ${subject} ${change}`;
  });

const generation = async (): Promise<number> => {
  const [row] = await installation.sql(`SELECT generation FROM ${installation.database}.alarm_cycle`);
  return Number(row?.['generation'] ?? 0);
};

const openAlarms = async (of: RunningManager): Promise<readonly Record<string, unknown>[]> =>
  (await of.request('GET', '/api/v1/alarms?state=open')).body.items ?? [];

it('what no event tells is known to the next leader: who was lost, and since when a cursor stands', async () => {
  const source = { kind: 'mariadb', host: '127.0.0.1', port: 1, user: 'lutra', password: 'secret' };
  const pipelineId = await manager.create('pipelines', {
    name: 'stuck',
    channelId: await manager.create('channels', { name: 'shop' }),
    sourceId: await manager.create('data-sources', { ...source, name: 'source' }),
    targetId: await manager.create('data-sources', { ...source, name: 'target' }),
  });
  const permit: Permit = {
    ...{ state: 'RUNNING', epoch: 3, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
    ...{ since: new Date(Date.now() - 600_000).toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
  };
  await manager.coordinator.writePermit(pipelineId, permit, null);
  const member = await manager.coordinator.join({
    ...{ service: 'load', instance: 'load-7', host: 'test', pid: 1, version: '0', weight: 1, draining: false },
    ...{ startedAt: new Date().toISOString(), httpPort: 1, load: { cpu: 0, memoryBytes: 1, tasks: 0 } },
  });
  let current = manager;
  const writeCursor = (): Promise<void> =>
    current.bus.putCursor(pipelineId, {
      ...{ state: 'place', epoch: 3, revision: 1, process: 1, at: new Date().toISOString() },
      place: { done: { kind: 'mariadbGtid', gtidList: '0-1-5' }, inside: null },
    });
  await writeCursor();
  const receiverIds = [
    await manager.create('receivers', { name: 'hook', kind: 'webhook', http: { url: sink.origin } }),
  ];
  await manager.create('alarm-rules', { name: 'lost', kind: 'instanceLost', threshold: 0, receiverIds });
  await manager.create('alarm-rules', {
    name: 'words',
    kind: 'errorKeyword',
    threshold: 1,
    keyword: 'flux',
    receiverIds,
  });
  await manager.create('alarm-rules', { name: 'stands', kind: 'positionNotMoving', threshold: 4_000, receiverIds });
  // Only in the log of an instance: no event tells of it.
  await manager.bus.publishLog({
    ...{
      at: new Date().toISOString(),
      service: 'load',
      instance: 'load-7',
      level: 'warn',
      message: 'statement failed',
    },
    ...{ pipelineId, traceId: null, code: null, fields: { err: { type: 'Error', message: 'No Flux left' } } },
  });
  const { database } = installation;
  await waitUntil(async () => (await installation.sql(`SELECT 1 FROM ${database}.alarm_instance`)).length > 0, {
    ...{ what: 'the instance to be seen', timeoutMs: 60_000 },
  });
  // No arbiter: nobody says so.
  await member.leave();
  await waitUntil(
    async () => {
      await writeCursor();
      return ['lost: instance load-7 firing', 'stands: pipeline stuck firing', 'words: pipeline stuck firing'].every(
        (change) => told().includes(change),
      );
    },
    { what: 'all to be told', timeoutMs: 60_000, everyMs: 250 },
  );
  const before = await generation();
  await manager.stop();
  current = await installation.start();
  const looked = (): Promise<Record<string, unknown>[]> => installation.sql(`SELECT at FROM ${database}.alarm_cycle`);
  await waitUntil(
    async () => {
      await writeCursor();
      return (await generation()) > before;
    },
    { what: 'the next leader', timeoutMs: 60_000, everyMs: 250 },
  );
  // Two looks of the new one are over when the place of the cycle has moved twice.
  for (let look = 0; look < 2; look += 1) {
    const last = JSON.stringify(await looked());
    await waitUntil(
      async () => {
        await writeCursor();
        return JSON.stringify(await looked()) !== last;
      },
      { what: 'a look', timeoutMs: 60_000, everyMs: 250 },
    );
  }
  const firing = (await openAlarms(current)).filter(({ state }) => state === 'firing');
  expect(firing.map(({ rule }) => rule).sort()).toEqual(['lost', 'stands', 'words']);
  expect(told().filter((change) => change.endsWith('resolved'))).toEqual([]);
  await current.stop();
}, 240_000);

it('a leader that was overtaken while it looked writes nothing, and neither does one whose look took too long', async () => {
  const { host, port, user, password } = installation.store;
  const store = new Store({ host, port, user, password, database: installation.database }, systemClock);
  await store.open(() => Promise.resolve());
  try {
    const nothing: Look = {
      facts: {
        ...{ nowMs: Date.now(), isLogRead: true, pipelines: [], notices: { value: [] }, storage: { value: [] } },
        // Nobody is lost any more: the alarm of the test before would end.
        lostInstances: { value: [] },
      },
      change: { places: [], instances: [], forgottenInstances: [] },
    };
    const hasEnded = async (): Promise<boolean> => {
      const sql = `SELECT 1 FROM ${installation.database}.alarm WHERE rule_name = 'lost' AND state = 'resolved'`;
      return (await installation.sql(sql)).length > 0;
    };
    let isFrozen = true;
    const frozen = new AlarmCycle({
      store,
      read: async () => {
        await waitUntil(() => !isFrozen, { what: 'the thaw', timeoutMs: 60_000 });
        return nothing;
      },
    });
    const before = await generation();
    const look = frozen.runOnce();
    await waitUntil(async () => (await generation()) > before, { what: 'the first to lead', timeoutMs: 60_000 });
    const late = new AlarmCycle({ store, read: () => Promise.resolve(nothing), lookSecondsMax: 0 });
    expect(await late.runOnce()).toBe('late');
    isFrozen = false;
    expect(await look).toBe('overtaken');
    expect(await frozen.runOnce()).toBe('overtaken');
    expect(await hasEnded()).toBe(false);
    const next = new AlarmCycle({ store, read: () => Promise.resolve(nothing) });
    expect(await next.runOnce()).toBe('told');
    expect(await hasEnded()).toBe(true);
  } finally {
    await store.close('the test ends');
  }
});
