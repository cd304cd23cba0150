// Goal: an ensemble that loses a server loses nothing; one that loses most of its servers grants nothing until they are back.
// Method: three real servers of our own, killed and started in turn while leases, permits and watches are in use.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ZookeeperEnsemble } from '@lutra/testing';
import { openCoordinator } from '../src/index.ts';
import type { Coordinator } from '../src/index.ts';
import { instance, permit, until } from './coordination-fixture.ts';

const signal = new AbortController().signal;
const lease = { pipelineId: 'p', kind: 'mainstem', instance: 'a', epochSeen: () => Promise.resolve(1) } as const;
const opened: Coordinator[] = [];
let ensemble: ZookeeperEnsemble;

beforeAll(async () => {
  ensemble = await ZookeeperEnsemble.start(3);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((coordinator) => coordinator.close()));
});

afterAll(async () => {
  await ensemble.close();
});

async function open(
  options: { readonly servers?: string; readonly sessionTimeoutMs?: number } = {},
): Promise<Coordinator> {
  const { servers = ensemble.servers, sessionTimeoutMs = 8_000 } = options;
  const coordinator = await openCoordinator({ servers, auth: 'lutra:secret', sessionTimeoutMs });
  opened.push(coordinator);
  return coordinator;
}

async function leaderIndex(): Promise<number> {
  const modes = await Promise.all(ensemble.ports.map((_, index) => ensemble.mode(index)));
  return modes.indexOf('leader');
}

it('keeps sessions, leases and watches while its servers are killed one after the other', async () => {
  const [one, other] = [await open(), await open()];
  await one.join(instance('a'));
  const held = await one.acquireLease(lease, signal);
  const stop = new AbortController();
  let seen: number | undefined;
  const watching = (async () => {
    for await (const each of other.watchPermit('p', stop.signal)) seen = each?.epoch;
  })();
  let version: number | null = null;
  for (let epoch = 1; epoch <= 3; epoch += 1) {
    // The leader first: the others elect a new one.
    const index = epoch === 1 ? await leaderIndex() : epoch - 1;
    await ensemble.kill(index);
    await until(() => one.isHealthy() && other.isHealthy());
    expect(await one.writePermit('p', permit({ epoch }), version)).toBe(true);
    version = version === null ? 0 : version + 1;
    await until(() => seen === epoch);
    await ensemble.startServer(index);
    await ensemble.waitServing(index);
  }
  expect(held.lost.aborted).toBe(false);
  expect((await other.leaseHolder('p', 'mainstem'))?.instance).toBe('a');
  expect((await other.members('load')).map(({ instance: name }) => name)).toEqual(['a']);
  stop.abort();
  await watching;
});

it('grants nothing without a majority, ends what hung on it, and goes on by itself afterwards', async () => {
  const [one, other] = [await open({ sessionTimeoutMs: 4_000 }), await open({ sessionTimeoutMs: 4_000 })];
  const held = await one.acquireLease({ ...lease, pipelineId: 'q' }, signal);
  const waiting = other.acquireLease({ ...lease, pipelineId: 'q', instance: 'b' }, signal);
  let isGranted = false;
  const granted = waiting.then(() => {
    isGranted = true;
  });
  await Promise.all([ensemble.kill(0), ensemble.kill(1)]);
  await until(() => held.lost.aborted);
  expect(one.isHealthy()).toBe(false);
  expect(isGranted).toBe(false);
  await Promise.all([ensemble.startServer(0), ensemble.startServer(1)]);
  await Promise.all([0, 1, 2].map((index) => ensemble.waitServing(index)));
  await granted;
  await until(() => one.isHealthy());
  expect((await one.leaseHolder('q', 'mainstem'))?.instance).toBe('b');
});

it('keeps installations apart by a chroot that nobody had made before', async () => {
  const [here, there] = [
    await open({ servers: `${ensemble.servers}/site/a` }),
    await open({ servers: `${ensemble.servers}/site/b` }),
  ];
  await here.writePermit('p', permit({ epoch: 5 }), null);
  expect(await there.permit('p')).toBeNull();
  expect((await here.permit('p'))?.permit.epoch).toBe(5);
  const outside = await openCoordinator({ servers: ensemble.servers, root: '/site/a/lutra', auth: 'lutra:secret' });
  opened.push(outside);
  expect((await outside.permit('p'))?.permit.epoch).toBe(5);
});
