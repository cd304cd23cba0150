// Goal: processes, streams, nodes and checkpoint look as the architecture says, and stages scale by instances (DESIGN §2, §3.2, §4.1, §5).
// Method: a stack with two extract instances does some work; then the process table, NATS, ZooKeeper and the target are read directly.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCoordinator } from '@lutra/coordination';
import { openBus } from '@lutra/messaging';
import { must, SERVICES, systemClock } from '@lutra/model';
import type { LutraEvent } from '@lutra/model';
import { connectTo } from '@lutra/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

describe('a running installation', () => {
  let e2e: E2eStack;
  let pipelineId: string;

  beforeAll(async () => {
    e2e = await startE2eStack('layout', { services: { extract: 2 } });
    await e2e.createTables(...SHOP_TABLES);
    pipelineId = await e2e.stack.createPipeline({ mappings: [wholeSchema(e2e.schema)] });
    const writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema);
    await systemClock.sleep(3_000);
    await writer.stop();
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 60_000))).toEqual([]);
  });

  afterAll(() => e2e.stop());

  it('shows six services in the process table', () => {
    for (const service of SERVICES) {
      const commands = e2e.stack
        .pids(service)
        .map((pid) => readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' '));
      expect(commands).toHaveLength(service === 'extract' ? 2 : 1);
      for (const command of commands) expect(command).toContain(`services/${service}/dist/main.js`);
    }
  });

  it('lets two extract instances share the work', async () => {
    const { nats } = e2e.stack.options.servers;
    const bus = await openBus({ ...nats, name: 'layout-test', namespace: e2e.stack.namespace });
    try {
      const events = await bus.readEvents({ pipelineId, kinds: ['loaded'], limit: 1_000 });
      const instances = new Set(
        events.flatMap((event) =>
          (event as LutraEvent & { kind: 'loaded' }).stages
            .filter(({ stage }) => stage === 'extract')
            .map(({ instance }) => instance),
        ),
      );
      expect([...instances].sort()).toEqual(
        e2e.stack
          .instancesOf('extract')
          .map(({ instanceId }) => instanceId)
          .sort(),
      );
    } finally {
      await bus.close();
    }
  });

  it('has the streams and buckets of the architecture', async () => {
    const { servers, user, password } = e2e.stack.options.servers.nats;
    const nats = await connect({ servers: servers.split(','), user, pass: password });
    try {
      const manager = await jetstreamManager(nats);
      const prefix = e2e.stack.namespace.toUpperCase();
      for (const name of ['SELECTED', 'EXTRACTED', 'TRANSFORMED']) {
        const { config } = await manager.streams.info(`${prefix}_${name}`);
        expect(config).toMatchObject({
          retention: 'workqueue',
          discard: 'new',
          storage: 'file',
          discard_new_per_subject: true,
        });
        expect(config.max_bytes).toBeGreaterThan(0);
        expect(config.max_msgs_per_subject).toBeGreaterThan(0);
      }
      for (const name of ['BODIES', 'EVENTS', 'COMMANDS'])
        await expect(manager.streams.info(`${prefix}_${name}`)).resolves.toBeDefined();
      const buckets: string[] = [];
      for await (const stream of manager.streams.list()) buckets.push(stream.config.name);
      expect(buckets).toEqual(
        expect.arrayContaining([`KV_${e2e.stack.namespace}_config`, `KV_${e2e.stack.namespace}_cursor`]),
      );
      const transformed = await manager.streams.info(`${prefix}_TRANSFORMED`);
      expect(transformed.state.messages).toBe(0);
      expect((await manager.streams.info(`${prefix}_BODIES`)).state.messages).toBe(0);
    } finally {
      await nats.close();
    }
  });

  it('has permit, leases and members in ZooKeeper, under one epoch with the checkpoint', async () => {
    const { zookeeper, target } = e2e.stack.options.servers;
    const coordinator = await openCoordinator({ ...zookeeper, root: `/${e2e.stack.namespace}` });
    const connection = await connectTo(target);
    try {
      const { permit } = must(await coordinator.permit(pipelineId), 'a permit');
      expect(permit.state).toBe('RUNNING');
      for (const [lease, service] of [
        ['mainstem', 'select'],
        ['loader', 'load'],
      ] as const) {
        const holder = must(await coordinator.leaseHolder(pipelineId, lease), lease);
        expect(holder.instance).toBe(must(e2e.stack.instancesOf(service)[0], service).instanceId);
        expect(holder.epoch).toBeLessThan(permit.epoch);
      }
      for (const service of SERVICES)
        expect(await coordinator.members(service)).toHaveLength(service === 'extract' ? 2 : 1);
      const [rows] = await connection.query('SELECT * FROM lutra.checkpoint WHERE pipeline_id = ? ORDER BY lane', [
        pipelineId,
      ]);
      const lanes = rows as Record<string, unknown>[];
      expect(lanes.map(({ lane }) => lane)).toEqual([1, 2, 3, 4]);
      const checkpoint = must(lanes[0], 'a checkpoint');
      expect(Object.keys(checkpoint)).toEqual(
        expect.arrayContaining([
          'pipeline_id',
          'lane',
          'epoch',
          'owner',
          'step',
          'done',
          'inside',
          'revision',
          'session_id',
          'applied_at',
        ]),
      );
      // The instance, and which of its lives.
      const owner = new RegExp(`^${must(e2e.stack.instancesOf('load')[0], 'load').instanceId}/`);
      for (const lane of lanes) {
        expect(lane).toMatchObject({ inside: null, owner: expect.stringMatching(owner) });
        expect(Number(lane['epoch'])).toBe(permit.epoch);
        expect(Number(lane['step'])).toBeGreaterThan(0);
      }
    } finally {
      connection.destroy();
      await coordinator.close();
    }
  });

  it('keeps every file with a secret to its owner', () => {
    expect(readFileSync(e2e.stack.tokenFile, 'utf8').trim().length).toBeGreaterThan(20);
  });

  it('has a channel whose document is taken back as the client has read it', async () => {
    const { api } = e2e.stack;
    const { items } = await api.get('/channels');
    const path = { name: must(items[0], 'the one of the pipeline').name };
    const text = await api.get('/channels/{name}/document', { path });
    expect(text).toContain(`name: ${path.name}\n`);
    expect(await api.put('/channels/{name}/document', { path, body: text })).toEqual({ dryRun: false, steps: [] });
  });
});
