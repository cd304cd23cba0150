// Goal: the contract of the coordinator on a real ZooKeeper: compare-and-set, leases, lock, watches, access rights.
// Method: several coordinators with sessions of their own on one random root.
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must, systemClock } from '@lutra/model';
import type { Permit } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { openCoordinator, removeRoot } from '../src/index.ts';
import type { Coordinator, CoordinatorOptions } from '../src/index.ts';
import { instance, permit, until } from './coordination-fixture.ts';

const servers = testServers().zookeeper;
const opened: Coordinator[] = [];
let root = `/test-${randomUUID()}`;

async function open(options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const coordinator = await openCoordinator({ ...servers, root, sessionTimeoutMs: 6_000, ...options });
  opened.push(coordinator);
  return coordinator;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((coordinator) => coordinator.close()));
  await removeRoot({ ...servers, root });
  root = `/test-${randomUUID()}`;
});

describe('permit', () => {
  it('is written once per version and refuses a stale one', async () => {
    const [one, other] = [await open(), await open()];
    expect(await one.permit('p')).toBeNull();
    expect(await one.writePermit('p', permit({ epoch: 1 }), null)).toBe(true);
    expect(await other.writePermit('p', permit({ epoch: 9 }), null)).toBe(false);
    expect(await one.writePermit('p', permit({ epoch: 2 }), 0)).toBe(true);
    expect(await other.writePermit('p', permit({ epoch: 9 }), 0)).toBe(false);
    await until(async () => (await other.permit('p'))?.permit.epoch === 2);
    expect(await other.pipelines()).toEqual(['p']);
  });

  it('reaches its watcher in its last state, whatever the pace, and the watch ends with its signal', async () => {
    const [writer, reader] = [await open(), await open()];
    const stop = new AbortController();
    const seen: (Permit | null)[] = [];
    const watching = (async () => {
      for await (const each of reader.watchPermit('p', stop.signal)) seen.push(each);
    })();
    await until(() => seen.length === 1);
    for (let epoch = 1; epoch <= 20; epoch += 1) {
      await writer.writePermit('p', permit({ epoch }), epoch === 1 ? null : epoch - 2);
      if (epoch % 5 === 0) await until(() => seen.at(-1)?.epoch === epoch);
    }
    await writer.forgetPipeline('p');
    await until(() => seen.at(-1) === null);
    stop.abort();
    await watching;
    const epochs = seen.flatMap((each) => (each === null ? [] : [each.epoch]));
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
    expect(new Set(epochs).size).toBe(epochs.length);
    await until(async () => (await reader.pipelines()).length === 0);
  });
});

describe('lease', () => {
  const ask = (name: string, epoch = 0) =>
    ({ pipelineId: 'p', kind: 'mainstem', instance: name, epochSeen: () => Promise.resolve(epoch) }) as const;

  it('goes to the one who waits when its holder closes', async () => {
    const [one, other] = [await open(), await open()];
    const first = await one.acquireLease(ask('one', 3), new AbortController().signal);
    let second: string | undefined;
    const waiting = other.acquireLease(ask('other', 7), new AbortController().signal).then((lease) => {
      second = lease.holder.instance;
      return lease;
    });
    await until(async () => (await other.leaseHolder('p', 'mainstem'))?.epoch === 3);
    expect(second).toBeUndefined();
    await one.close();
    expect((await waiting).holder).toMatchObject({ instance: 'other', epoch: 7 });
    expect(first.lost.aborted).toBe(true);
    await until(async () => (await other.leaseHolder('p', 'mainstem'))?.epoch === 7);
  });

  it('passes on at release, and a waiter that gives up leaves nothing behind', async () => {
    const coordinator = await open();
    const lease = await coordinator.acquireLease(ask('one'), new AbortController().signal);
    const giveUp = new AbortController();
    const waiting = coordinator.acquireLease(ask('two'), giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'SyncError' });
    await lease.release();
    expect(lease.lost.aborted).toBe(false);
    expect(await coordinator.leaseHolder('p', 'mainstem')).toBeNull();
    const again = await coordinator.acquireLease(ask('three'), new AbortController().signal);
    expect(again.holder.instance).toBe('three');
  });

  it('is lost when its node is removed', async () => {
    const [one, other] = [await open(), await open()];
    const lease = await one.acquireLease(ask('one'), new AbortController().signal);
    await other.forgetPipeline('p');
    await until(() => lease.lost.aborted);
    await lease.release();
  });

  it('is given back when the epoch cannot be read', async () => {
    const coordinator = await open();
    const epochSeen = (): Promise<number> => Promise.reject(new Error('no epoch'));
    const lease = coordinator.acquireLease({ ...ask('one'), epochSeen }, new AbortController().signal);
    await expect(lease).rejects.toThrow('no epoch');
    expect(await coordinator.leaseHolder('p', 'mainstem')).toBeNull();
  });
});

describe('lock and leadership', () => {
  it('never lets two workers in at once', async () => {
    const coordinators = [await open(), await open(), await open()];
    const signal = new AbortController().signal;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ by: fc.nat(2), pauseMs: fc.nat(3) }), { minLength: 2, maxLength: 12 }),
        async (workers) => {
          let inside = 0;
          let counter = 0;
          let most = 0;
          await Promise.all(
            workers.map(({ by, pauseMs }) =>
              must(coordinators[by], 'there are three').withPipelineLock(
                'p',
                async () => {
                  inside += 1;
                  most = Math.max(most, inside);
                  const read = counter;
                  await systemClock.sleep(pauseMs);
                  counter = read + 1;
                  inside -= 1;
                },
                signal,
              ),
            ),
          );
          expect({ most, counter }).toEqual({ most: 1, counter: workers.length });
        },
      ),
      { numRuns: 8 },
    );
  });

  it('is free again after work that failed and after a waiter that gave up', async () => {
    const coordinator = await open();
    const signal = new AbortController().signal;
    const failing = coordinator.withPipelineLock('p', () => Promise.reject(new Error('work failed')), signal);
    await expect(failing).rejects.toThrow('work failed');
    const giveUp = new AbortController();
    await coordinator.withPipelineLock(
      'p',
      async () => {
        const waiting = coordinator.withPipelineLock('p', () => Promise.resolve(), giveUp.signal);
        giveUp.abort();
        await expect(waiting).rejects.toMatchObject({ name: 'SyncError' });
      },
      signal,
    );
    expect(await coordinator.withPipelineLock('p', () => Promise.resolve('in'), signal)).toBe('in');
  });

  it('hands leadership on when the leader closes', async () => {
    const [one, other] = [await open(), await open()];
    const signal = new AbortController().signal;
    const first = await one.acquireLeadership('arbiter.p', 'one', signal);
    const waiting = other.acquireLeadership('arbiter.p', 'other', signal);
    await one.close();
    expect((await waiting).holder.instance).toBe('other');
    expect(first.lost.aborted).toBe(true);
  });
});

describe('members', () => {
  it('are listed, updated, and seen to leave', async () => {
    const [one, other] = [await open(), await open()];
    const stop = new AbortController();
    let seen: string[] = [];
    const watching = (async () => {
      for await (const each of other.watchMembers('load', stop.signal))
        seen = each.map(({ instance: name, draining }) => `${name} ${String(draining)}`);
    })();
    const member = await one.join(instance('a'));
    const second = await one.join(instance('b'));
    await until(() => seen.join() === 'a false,b false');
    await member.update({ draining: true });
    await until(() => seen.join() === 'a true,b false');
    await second.leave();
    await until(() => seen.join() === 'a true');
    await one.close();
    await until(() => seen.length === 0);
    stop.abort();
    await watching;
    expect(await other.members('load')).toEqual([]);
  });

  it('refuse a second instance of the same name while the first one lives', async () => {
    const [one, other] = [await open(), await open({ sessionTimeoutMs: 4_000 })];
    await one.join(instance('a'));
    await expect(other.join({ ...instance('a'), pid: 2 })).rejects.toMatchObject({ code: 'COORDINATION_CONFLICT' });
  });
});

describe('a root that is removed', () => {
  it('takes all with it, and members come back', async () => {
    const one = await open();
    await one.writePermit('p', permit({ epoch: 1 }), null);
    await one.join(instance('a'));
    const signal = new AbortController().signal;
    const lease = await one.acquireLease(
      { pipelineId: 'p', kind: 'loader', instance: 'a', epochSeen: () => Promise.resolve(1) },
      signal,
    );
    await removeRoot({ ...servers, root });
    await until(() => lease.lost.aborted);
    expect([await one.permit('p'), await one.leaseHolder('p', 'loader')]).toEqual([null, null]);
    await until(async () => (await one.members('load')).length === 1);
  });
});

describe('access', () => {
  it('is refused without the password, on every node', async () => {
    const owner = await open();
    await owner.writePermit('p', permit({ epoch: 1 }), null);
    const stranger = openCoordinator({ servers: servers.servers, root });
    await expect(stranger).rejects.toMatchObject({ code: 'COORDINATION_ACCESS_DENIED' });
    const other = openCoordinator({ servers: servers.servers, root, auth: 'lutra:wrong' });
    await expect(other).rejects.toMatchObject({ code: 'COORDINATION_ACCESS_DENIED' });
  });
});
