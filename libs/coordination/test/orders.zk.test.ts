// Goal: orders for instances outlive whoever gave them, and a free lease is left to others for as long as manners say.
// Method: several coordinators with sessions of their own on one random root of a real ZooKeeper.
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { InstallationOrder, InstanceOrder } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { openCoordinator, removeRoot } from '../src/index.ts';
import type { Coordinator, LeaseManners } from '../src/index.ts';
import { until } from './coordination-fixture.ts';

const servers = testServers().zookeeper;
const opened: Coordinator[] = [];
let root = `/test-${randomUUID()}`;

async function open(): Promise<Coordinator> {
  const coordinator = await openCoordinator({ ...servers, root, sessionTimeoutMs: 6_000 });
  opened.push(coordinator);
  return coordinator;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((coordinator) => coordinator.close()));
  await removeRoot({ ...servers, root });
  root = `/test-${randomUUID()}`;
});

const order = (change: Partial<InstanceOrder>): InstanceOrder => ({
  draining: false,
  maintenance: false,
  weight: null,
  reason: 'test',
  by: 'test',
  at: '2026-01-01T00:00:00.000Z',
  ...change,
});

describe('orders for instances', () => {
  it('outlive the session that gave them, and the last word stands', async () => {
    const giver = await open();
    await giver.writeInstanceOrder('load-1', order({ draining: true }));
    await giver.writeInstanceOrder('load-1', order({ maintenance: true }));
    await giver.writeInstanceOrder('a/b', order({ weight: 2 }));
    await giver.close();
    const reader = await open();
    expect(await reader.instanceOrder('load-1')).toEqual(order({ maintenance: true }));
    expect(await reader.instanceOrder('load-2')).toBeNull();
    expect([...(await reader.instanceOrders()).keys()].sort()).toEqual(['a/b', 'load-1']);
    await reader.removeInstanceOrder('load-1');
    await reader.removeInstanceOrder('load-1');
    expect(await reader.instanceOrder('load-1')).toBeNull();
  });

  it('reach who follows them: nothing, given, changed, taken back', async () => {
    const [giver, reader] = [await open(), await open()];
    const stop = new AbortController();
    const seen: (InstanceOrder | null)[] = [];
    const watching = (async () => {
      for await (const each of reader.watchInstanceOrder('load-1', stop.signal)) seen.push(each);
    })();
    await until(() => seen.length === 1);
    await giver.writeInstanceOrder('load-1', order({ draining: true }));
    await until(() => seen.length === 2);
    await giver.writeInstanceOrder('load-1', order({ weight: 3 }));
    await until(() => seen.length === 3);
    await giver.removeInstanceOrder('load-1');
    await until(() => seen.length === 4);
    stop.abort();
    await watching;
    expect(seen).toEqual([null, order({ draining: true }), order({ weight: 3 }), null]);
  });
});

describe('the order for all instances', () => {
  it('outlives the session that gave it, is none of an instance, and reaches who follows it', async () => {
    const giver = await open();
    await giver.writeInstallationOrder({ logLevel: 'debug' });
    await giver.close();
    const [second, reader] = [await open(), await open()];
    expect(await reader.installationOrder()).toEqual({ logLevel: 'debug' });
    expect([...(await reader.instanceOrders()).keys()]).toEqual([]);
    const stop = new AbortController();
    const seen: (InstallationOrder | null)[] = [];
    const watching = (async () => {
      for await (const each of reader.watchInstallationOrder(stop.signal)) seen.push(each);
    })();
    await until(() => seen.length === 1);
    await second.writeInstallationOrder({ logLevel: null });
    await until(() => seen.length === 2);
    stop.abort();
    await watching;
    expect(seen).toEqual([{ logLevel: 'debug' }, { logLevel: null }]);
  });

  it('is nothing where nobody gave one', async () => {
    expect(await (await open()).installationOrder()).toBeNull();
  });
});

describe('manners of a contender', () => {
  const request = (instance: string, manners?: LeaseManners): Parameters<Coordinator['acquireLease']>[0] => ({
    pipelineId: 'p',
    kind: 'loader',
    instance,
    epochSeen: async () => 1,
    ...(manners === undefined ? {} : { manners }),
  });
  const never = new AbortController().signal;

  it('leave a free lease to another one, and take it as soon as nothing speaks for that any more', async () => {
    const [polite, other] = [await open(), await open()];
    const holders: (string | null)[] = [];
    const listeners = new Set<() => void>();
    let standBackMs = 3_600_000;
    const manners: LeaseManners = {
      standBackMs: () => standBackMs,
      onHolder: (instance) => holders.push(instance),
      watch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const waiting = polite.acquireLease(request('polite', manners), never);
    await until(() => listeners.size === 1);
    const lease = await other.acquireLease(request('other'), never);
    await until(() => holders.at(-1) === 'other');
    await lease.release();
    await until(() => holders.at(-1) === null && listeners.size === 1);
    expect(await other.leaseHolder('p', 'loader')).toBeNull();
    standBackMs = 0;
    for (const listener of [...listeners]) listener();
    expect((await waiting).holder.instance).toBe('polite');
    expect(listeners.size).toBe(0);
  });

  it('end with their time: nobody else came', async () => {
    const only = await open();
    const manners: LeaseManners = {
      standBackMs: () => 100,
      onHolder: () => undefined,
      watch: () => () => undefined,
    };
    expect((await only.acquireLease(request('only', manners), never)).holder.instance).toBe('only');
  });
});
