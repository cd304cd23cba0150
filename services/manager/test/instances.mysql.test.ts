import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Coordinator, Lease, Membership } from '@lutra/coordination';
import type { Command, InstanceDescription, Permit, ServiceName } from '@lutra/model';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: instances are shown with what they hold, obey orders that outlive them, and take a pipeline that is moved to them.
// Method: a manager in this process, spoken to over HTTP; instances are members and lease holders in ZooKeeper, as stages are.

const installation = new Installation();
let manager: RunningManager;
let coordinator: Coordinator;
let pipelineId: string;
const members: Membership[] = [];
const leases: Lease[] = [];

beforeAll(async () => {
  manager = await installation.start();
  ({ coordinator } = manager);
  const server = { kind: 'mariadb', host: 'db.example.com', user: 'lutra', password: 'secret' };
  pipelineId = await manager.create('pipelines', {
    channelId: await manager.create('channels', { name: 'shop' }),
    name: 'moving',
    sourceId: await manager.create('data-sources', { ...server, name: 'source', port: 3301 }),
    targetId: await manager.create('data-sources', { ...server, name: 'target', port: 3302 }),
  });
  const mapping = { source: { schema: 'shop', table: { exact: 'a' } }, target: { schema: 'shop', table: 'a' } };
  await manager.create(`pipelines/${pipelineId}/mappings`, mapping);
  await join('load', 'load-1');
  await join('load', 'load-2');
  await join('select', 'select-1');
  await hold('load-1');
});

afterAll(async () => {
  for (const lease of leases) await lease.release();
  for (const member of members) await member.leave();
  for (const instance of (await coordinator.instanceOrders()).keys()) await coordinator.removeInstanceOrder(instance);
  await installation.close();
});

async function join(service: ServiceName, instance: string): Promise<Membership> {
  const description: InstanceDescription = {
    ...{
      service,
      instance,
      host: 'test',
      pid: 1,
      version: '0.1.0',
      startedAt: '2026-11-21T10:00:00.000Z',
      httpPort: 1,
    },
    ...{ load: { cpu: 0.2, memoryBytes: 1_000, tasks: 1, eventLoopDelayMs: 3 }, weight: 1, draining: false },
  };
  const member = await coordinator.join(description);
  members.push(member);
  return member;
}

async function hold(instance: string): Promise<void> {
  const epochSeen = (): Promise<number> => Promise.resolve(0);
  const signal = AbortSignal.timeout(20_000);
  leases.push(await coordinator.acquireLease({ pipelineId, kind: 'loader', instance, epochSeen }, signal));
}

const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);
const post = (path: string, body: unknown, headers = {}): Promise<Answer> =>
  manager.request('POST', `/api/v1/${path}`, { body, headers });
const problem = ({ status, body }: Answer): unknown => [
  status,
  body['code'],
  (body['details'] as { why?: string }).why,
];

describe('instances', () => {
  it('are listed with load, leases and order', async () => {
    const { body } = await get('instances');
    expect(body.items?.find(({ instance }) => instance === 'load-1')).toMatchObject({
      ...{ service: 'load', alive: true, weight: 1, draining: false, maintenance: false, order: null },
      load: { cpu: 0.2, memoryBytes: 1_000, tasks: 1, eventLoopDelayMs: 3 },
      leases: [{ pipelineId, stage: 'load' }],
    });
    expect(body.items?.find(({ instance }) => instance === 'load-2')).toMatchObject({ leases: [] });
  });

  it('drain by order, say what is left, and resume; each order is audited with its reason', async () => {
    const member = await join('load', 'load-3');
    const drained = await post('instances/load-3/drain', { reason: 'new memory' });
    expect([drained.status, drained.body]).toMatchObject([
      202,
      { order: { draining: true, maintenance: false, weight: null, reason: 'new memory', by: 'admin' } },
    ]);
    // It has one task, and has not heard the order.
    expect(drained.body['drain']).toEqual({ leasesLeft: 0, tasksLeft: 1, isEmpty: false });
    expect(await coordinator.instanceOrder('load-3')).toMatchObject({ draining: true });
    await member.update({ load: { cpu: 0, memoryBytes: 1, tasks: 0 } });
    expect((await get('instances/load-3')).body['drain']).toMatchObject({ tasksLeft: 0, isEmpty: false });
    await member.update({ draining: true });
    expect((await get('instances/load-3')).body['drain']).toMatchObject({ isEmpty: true });
    const kept = await post('instances/load-3/maintenance', { reason: 'stays empty' });
    expect(kept.body['order']).toMatchObject({ draining: true, maintenance: true });
    await post('instances/load-3/resume', { reason: 'memory is in' });
    await member.update({ draining: false });
    const { body } = await get('instances/load-3');
    expect(body).toMatchObject({ drain: null, order: { draining: false, maintenance: false, reason: 'memory is in' } });
    const audit = await get('audit?resourceId=load-3');
    expect(audit.body.items?.map(({ who, after }) => [who, (after as { reason: string }).reason])).toEqual([
      ['admin', 'memory is in'],
      ['admin', 'stays empty'],
      ['admin', 'new memory'],
    ]);
  });

  it('have a log level that is ordered of one, of a service, of all, and taken back', async () => {
    const order = async (instance: string): Promise<unknown> => (await get(`instances/${instance}`)).body['order'];
    const one = await manager.request('PATCH', '/api/v1/instances/load-1', {
      body: { logLevel: 'trace', reason: 'x' },
    });
    expect([one.status, one.body['order']]).toMatchObject([200, { logLevel: 'trace', by: 'admin' }]);
    const put = (body: unknown): Promise<Answer> => manager.request('PUT', '/api/v1/instances/log-level', { body });
    const ofLoad = await put({ level: 'debug', service: 'load', reason: 'looking closer' });
    expect(ofLoad.body.items?.every(({ service }) => service === 'load')).toBe(true);
    expect(await order('load-2')).toMatchObject({ logLevel: 'debug', reason: 'looking closer' });
    expect(await order('select-1')).toBeNull();
    await put({ level: 'warn', reason: 'quiet' });
    expect([await order('load-1'), await order('select-1')]).toMatchObject([
      { logLevel: 'warn' },
      { logLevel: 'warn' },
    ]);
    await put({ level: null, reason: 'enough' });
    expect(await order('load-1')).toMatchObject({ logLevel: null });
    for (const body of [
      { level: 'loud', reason: 'x' },
      { reason: 'x' },
      { level: 'info' },
      { level: 'info', service: 'all', reason: 'x' },
    ])
      expect((await put(body)).status).toBe(400);
    expect((await manager.request('PATCH', '/api/v1/instances/load-1', { body: { reason: 'x' } })).status).toBe(400);
  });

  it('have a weight that is ordered and taken back; what else was ordered stays', async () => {
    await post('instances/load-2/maintenance', { reason: 'look at it' });
    const patch = (weight: unknown): Promise<Answer> =>
      manager.request('PATCH', '/api/v1/instances/load-2', { body: { weight, reason: 'half the host' } });
    expect((await patch(0.5)).body['order']).toMatchObject({ weight: 0.5, maintenance: true });
    expect((await patch(null)).body['order']).toMatchObject({ weight: null, maintenance: true });
    for (const weight of [0, 101, '1', undefined]) expect((await patch(weight)).status).toBe(400);
    await post('instances/load-2/resume', { reason: 'looked' });
  });

  it('that are down keep their order, and those that nobody has heard of are not found', async () => {
    const at = new Date().toISOString();
    await manager.bus.publishEvent({
      ...{ v: 1, at, who: 'arbiter-1', pipelineId: null, epoch: null, process: null, traceId: null },
      ...{ kind: 'instance-lost', service: 'extract', instance: 'extract-9' },
    });
    const answer = await post('instances/extract-9/drain', { reason: 'disk is broken' });
    expect(answer.body).toMatchObject({ service: 'extract', alive: false, host: null, drain: { isEmpty: true } });
    expect((await get('instances')).body.items?.at(-1)).toMatchObject({
      ...{ instance: 'extract-9', alive: false, order: { draining: true, reason: 'disk is broken' } },
    });
    for (const answered of [
      await get('instances/nobody'),
      await post('instances/nobody/drain', { reason: 'x' }),
      await post('instances/nobody/maintenance', { reason: 'x' }),
      await post('instances/nobody/resume', { reason: 'x' }),
      await manager.request('PATCH', '/api/v1/instances/nobody', { body: { weight: 1, reason: 'x' } }),
    ])
      expect([answered.status, answered.body['code']]).toEqual([404, 'RESOURCE_NOT_FOUND']);
    expect(await coordinator.instanceOrder('nobody')).toBeNull();
  });

  it.each(['drain', 'maintenance', 'resume'])('%s needs a reason', async (order) => {
    for (const body of [{}, { reason: '' }, { reason: '  ' }])
      expect((await post(`instances/load-1/${order}`, body)).status).toBe(400);
  });
});

describe('moving a pipeline', () => {
  const move = (change: Record<string, unknown>, headers = {}): Promise<Answer> =>
    post(`pipelines/${pipelineId}/move`, { stage: 'load', instance: 'load-2', reason: 'new disk', ...change }, headers);

  it('that does not run is refused', async () => {
    expect(problem(await move({}))).toMatchObject([409, 'RESOURCE_CONFLICT', undefined]);
    const permit: Permit = {
      ...{ state: 'RUNNING', epoch: 7, draining: false, commandId: 'C', aboutEpoch: null, reason: 'go', failure: null },
      ...{ since: new Date().toISOString(), by: 'admin', attempt: 0, nextAttemptAt: null },
    };
    await coordinator.writePermit(pipelineId, permit, null);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['nobody', { instance: 'nobody' }, 'dead'],
    ['an instance of another stage', { instance: 'select-1' }, 'service'],
    ['the wrong stage of an instance', { stage: 'select' }, 'service'],
  ])('to %s is refused', async (_what, change, why) => {
    expect(problem(await move(change))).toEqual([409, 'INSTANCE_NOT_ELIGIBLE', why]);
  });

  it.each(['drain', 'maintenance'])('to one under the order %s is refused at once', async (order) => {
    await post(`instances/load-2/${order}`, { reason: 'no' });
    const why = order === 'drain' ? 'draining' : 'maintenance';
    expect(problem(await move({}))).toEqual([409, 'INSTANCE_NOT_ELIGIBLE', why]);
    await post('instances/load-2/resume', { reason: 'yes' });
  });

  it('is a graceful RESTART of the epoch that was seen, with the seat, once per request', async () => {
    const headers = { 'idempotency-key': 'move-1' };
    const answer = await move({}, headers);
    expect(answer.status).toBe(202);
    await post('instances/load-2/drain', { reason: 'meanwhile' });
    expect((await move({}, headers)).body).toEqual(answer.body);
    await post('instances/load-2/resume', { reason: 'end of test' });
    const taken: unknown[] = [];
    const stop = new AbortController();
    const last = await post(`pipelines/${pipelineId}/commands`, { kind: 'STOP', reason: 'end' });
    for await (const delivery of manager.bus.consumeCommands(stop.signal)) {
      await delivery.ack();
      taken.push(delivery.command);
      if (delivery.command.id === last.body['id']) break;
    }
    stop.abort();
    expect(taken).toHaveLength(2);
    expect(taken[0] as Command).toMatchObject({
      ...{
        id: answer.body['id'],
        kind: 'RESTART',
        isGraceful: true,
        aboutEpoch: 7,
        author: 'admin',
        reason: 'new disk',
      },
      seats: { loader: 'load-2' },
    });
    expect((await get(`commands/${String(answer.body['id'])}`)).body).toMatchObject({
      ...{ outcome: 'issued', graceful: true, seats: { loader: 'load-2' } },
    });
  });
});
