// Goal: what hangs on a session ends with it, and what shall last comes back; a broken connection alone changes nothing.
// Method: a proxy before the server falls silent for longer than the session timeout (expiry), breaks connections, and
// swallows answers in the middle of writes, so that the server has done what the client does not know of.
import { randomUUID } from 'node:crypto';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { openCoordinator, removeRoot } from '../src/index.ts';
import type { Coordinator } from '../src/index.ts';
import { instance, openClient, permit, until } from './coordination-fixture.ts';

const server = testServers().zookeeper;
const signal = new AbortController().signal;
const lease = { pipelineId: 'p', kind: 'loader', instance: 'a', epochSeen: () => Promise.resolve(1) } as const;
const opened: Coordinator[] = [];
let root: string;
let proxy: Proxy;

beforeEach(async () => {
  root = `/test-${randomUUID()}`;
  proxy = await startProxy();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((coordinator) => coordinator.close()));
  proxy.stop();
  await removeRoot({ ...server, root });
});

async function open(servers: string): Promise<Coordinator> {
  const coordinator = await openCoordinator({ ...server, servers, root, sessionTimeoutMs: 4_000 });
  opened.push(coordinator);
  return coordinator;
}

it('a session that expires loses its leases, and its membership returns', async () => {
  const [one, other] = [await open(proxy.address), await open(server.servers)];
  await one.join(instance('a'));
  const held = await one.acquireLease(lease, signal);
  const leader = await one.acquireLeadership('role', 'a', signal);
  const waiting = other.acquireLease({ ...lease, instance: 'b' }, signal);
  proxy.pause();
  await until(() => held.lost.aborted && leader.lost.aborted);
  expect(one.isHealthy()).toBe(false);
  expect((await waiting).holder.instance).toBe('b');
  await until(async () => (await other.members('load')).length === 0);
  proxy.resume();
  await until(async () => (await other.members('load')).length === 1);
  expect(one.isHealthy()).toBe(true);
});

it('a holder never outlives its session: its lease is lost before the next one has it', async () => {
  const [one, other] = [await open(proxy.address), await open(server.servers)];
  const held = await one.acquireLease(lease, signal);
  let wasLostFirst: boolean | undefined;
  const waiting = other
    .acquireLease({ ...lease, instance: 'b' }, signal)
    .then(() => (wasLostFirst = held.lost.aborted));
  proxy.pause();
  await waiting;
  expect(wasLostFirst).toBe(true);
});

it('a fast lease ends with its own short session, while the instance keeps its other one', async () => {
  const patient = { ...server, servers: proxy.address, root, sessionTimeoutMs: 30_000, fastSessionTimeoutMs: 2_000 };
  const one = await openCoordinator(patient);
  opened.push(one);
  const other = await open(server.servers);
  await one.join(instance('a'));
  const slow = await one.acquireLease({ ...lease, kind: 'mainstem' }, signal);
  const fast = await one.acquireLease({ ...lease, isFast: true }, signal);
  const waiting = other.acquireLease({ ...lease, instance: 'b' }, signal);
  proxy.pause();
  expect((await waiting).holder.instance).toBe('b');
  expect(fast.lost.aborted).toBe(true);
  expect(slow.lost.aborted).toBe(false);
  proxy.resume();
  await until(() => one.isHealthy());
  expect((await other.leaseHolder('p', 'mainstem'))?.instance).toBe('a');
  expect(slow.lost.aborted).toBe(false);
  expect((await other.members('load')).map(({ instance: name }) => name)).toEqual(['a']);
});

it('a connection that breaks costs nothing', async () => {
  const [one, other] = [await open(proxy.address), await open(server.servers)];
  await one.join(instance('a'));
  const held = await one.acquireLease(lease, signal);
  const stop = new AbortController();
  let seen: number | undefined;
  const watching = (async () => {
    for await (const each of one.watchPermit('p', stop.signal)) seen = each?.epoch;
  })();
  for (let epoch = 1; epoch <= 5; epoch += 1) {
    proxy.cut();
    await other.writePermit('p', permit({ epoch }), epoch === 1 ? null : epoch - 2);
    await until(() => seen === epoch);
  }
  expect(held.lost.aborted).toBe(false);
  expect((await other.members('load')).map(({ instance: name }) => name)).toEqual(['a']);
  await held.release();
  expect(await other.leaseHolder('p', 'loader')).toBeNull();
  stop.abort();
  await watching;
});

it('answers lost in the middle of taking and giving back leave neither orphans nor two holders', async () => {
  const [one, other] = [await open(proxy.address), await open(server.servers)];
  let inside = 0;
  let most = 0;
  let rounds = 0;
  const work = async (coordinator: Coordinator, name: string): Promise<void> => {
    for (let round = 0; round < 15; round += 1) {
      await coordinator.withPipelineLock(
        'p',
        async () => {
          inside += 1;
          most = Math.max(most, inside);
          await systemClock.sleep(1);
          inside -= 1;
        },
        signal,
      );
      const held = await coordinator.acquireLease({ ...lease, instance: name }, signal);
      await held.release();
      rounds += 1;
    }
  };
  const stop = new AbortController();
  const cutting = (async () => {
    while (!stop.signal.aborted) {
      proxy.cut();
      await systemClock.sleep(35, stop.signal);
      proxy.swallowAnswers();
      await systemClock.sleep(300, stop.signal);
    }
  })();
  await Promise.all([work(one, 'a'), work(other, 'b')]);
  stop.abort();
  await cutting;
  expect({ most, rounds }).toEqual({ most: 1, rounds: 30 });
  const client = openClient(server);
  await until(() => client.isConnected);
  await until(async () => (await client.children(`${root}/pipelines/p/lock`))?.length === 0);
  expect(await client.children(`${root}/pipelines/p`)).toEqual(['lock']);
  await client.close();
});

it('a permit whose write lost its answer counts as written exactly when it was', async () => {
  const [one, other] = [await open(proxy.address), await open(server.servers)];
  expect(await one.writePermit('p', permit({ epoch: 0 }), null)).toBe(true);
  for (let epoch = 1; epoch <= 10; epoch += 1) {
    proxy.swallowAnswers();
    expect(await one.writePermit('p', permit({ epoch }), epoch - 1)).toBe(true);
    expect((await one.permit('p'))?.permit.epoch).toBe(epoch);
  }
  expect(await other.writePermit('p', permit({ epoch: 99 }), 3)).toBe(false);
});

it('opens with a clear error when nobody answers, and closes while cut off', async () => {
  const coordinator = await open(proxy.address);
  proxy.pause();
  await coordinator.close();
  expect(coordinator.isHealthy()).toBe(false);
  await expect(coordinator.permit('p')).rejects.toMatchObject({ name: 'SyncError' });
});

interface Proxy {
  readonly address: string;
  /** Breaks all connections; new ones are taken. */
  cut(): void;
  /** The next answer is not passed on, and its connection breaks: the server has done the work and the client does not know. */
  swallowAnswers(): void;
  /** Nothing gets through any more in either direction, new connections hang. */
  pause(): void;
  resume(): void;
  stop(): void;
}

async function startProxy(): Promise<Proxy> {
  const [host = '', port = ''] = server.servers.split(':');
  const sockets = new Set<Socket>();
  let isPaused = false;
  let isSwallowing = false;
  const listener = createServer((near) => {
    const far = connect(Number(port), host);
    sockets.add(near);
    near.on('error', () => undefined).on('close', () => far.destroy());
    far
      .on('error', () => undefined)
      .on('close', () => {
        if (!isPaused) near.destroy();
      });
    near.on('data', (bytes) => {
      if (!isPaused) far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (isSwallowing) {
        isSwallowing = false;
        near.destroy();
      } else if (!isPaused) near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    address: `127.0.0.1:${String((listener.address() as AddressInfo).port)}`,
    cut,
    swallowAnswers: () => (isSwallowing = true),
    pause: () => (isPaused = true),
    resume: () => {
      isPaused = false;
      cut();
    },
    stop: () => {
      cut();
      listener.close();
    },
  };
}
