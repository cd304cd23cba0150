// Goal: the leader of a pipeline moves leases from instances that drain and back to preferred ones, by one command each.
// Method: arbiters on a real NATS and ZooKeeper; members and lease holders are nodes that the test writes.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease, LeaseKind, Membership } from '@lutra/coordination';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { Permit, PipelineParameters } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { command } from './arbiter-fixture.ts';
import { pipelineDefinition, RunningArbiters } from './running-arbiters.ts';

const never = new AbortController().signal;
const soon = (what: string, question: () => Promise<boolean> | boolean): Promise<boolean> =>
  waitUntil(question, { what, timeoutMs: 60_000, everyMs: 20 });

let running: RunningArbiters;
beforeEach(async () => {
  running = await RunningArbiters.open();
  await running.start('a');
});
afterEach(async () => {
  await running.close();
});

const permitOf = async (id = 'p'): Promise<Permit | undefined> => (await running.coordinator.permit(id))?.permit;
const member = (service: 'select' | 'load', instance: string): Promise<Membership> =>
  running.coordinator.join({
    service,
    instance,
    host: 'h',
    pid: 1,
    version: '0',
    startedAt: new Date().toISOString(),
    httpPort: 0,
    load: { cpu: 0, memoryBytes: 0, tasks: 0 },
    weight: 1,
    draining: false,
  });
const hold = (instance: string, kind: LeaseKind, pipelineId = 'p'): Promise<Lease> =>
  running.coordinator.acquireLease({ pipelineId, kind, instance, epochSeen: () => Promise.resolve(1) }, never);
const drain = async (instance: string, membership: Membership): Promise<void> => {
  const at = new Date().toISOString();
  const order = { draining: true, maintenance: false, weight: null, reason: 'test', by: 'test', at };
  await running.coordinator.writeInstanceOrder(instance, order);
  await membership.update({ draining: true });
};
const warnings = (code: string): number =>
  running.events.filter((event) => event.kind === 'warning' && event.code === code).length;
/** A pipeline that runs, its leases with select-1 and load-1. */
async function runs(id: string, parameters: Partial<PipelineParameters> = {}): Promise<{ loader: Lease }> {
  await running.bus.putDefinition(pipelineDefinition(id, { ...DEFAULT_PARAMETERS, ...parameters }));
  const loader = await hold('load-1', 'loader', id);
  await running.bus.issueCommand(command('START', { pipelineId: id }));
  await soon('running', async () => (await permitOf(id))?.state === 'RUNNING');
  return { loader };
}

describe('seats', () => {
  it('are given to another instance when the holder drains', async () => {
    const [select, load] = [await member('select', 'select-1'), await member('load', 'load-1')];
    await member('select', 'select-2');
    await member('load', 'load-2');
    const { loader } = await runs('p');
    await drain('load-1', load);
    await soon('the move', async () => (await permitOf())?.epoch === 2);
    expect(await permitOf()).toMatchObject({
      state: 'RUNNING',
      by: 'arbiter',
      draining: false,
      seats: { loader: 'load-2' },
    });
    await loader.release();
    await hold('load-2', 'loader');
    await running.bus.issueCommand(command('RESTART', { aboutEpoch: 2, author: 'load-2' }));
    await soon('the epoch of the heir', async () => (await permitOf())?.epoch === 3);
    // The pipeline is at rest again: the next thing that moves it is the next order.
    await hold('select-1', 'mainstem').then(async (lease) => {
      await drain('select-1', select);
      await soon(
        'draining',
        async () => (await permitOf())?.seats?.mainstem === 'select-2' || (await permitOf())?.draining === true,
      );
      await lease.release();
    });
    await soon('the second move', async () => (await permitOf())?.epoch === 4);
    expect((await permitOf())?.seats).toEqual({ mainstem: 'select-2', loader: 'load-2' });
    expect(running.kinds('p')).not.toContain('rolled-back');
  });

  it('stay when nobody else is there, which is told once, and move when somebody comes', async () => {
    const load = await member('load', 'load-1');
    await runs('p');
    await drain('load-1', load);
    await soon('the warning', () => warnings('INSTANCE_CANNOT_DRAIN') === 1);
    expect((await permitOf())?.epoch).toBe(1);
    await member('load', 'load-2');
    await soon('the move', async () => (await permitOf())?.seats?.loader === 'load-2');
    expect(warnings('INSTANCE_CANNOT_DRAIN')).toBe(1);
  });

  it('are left to an instance that only stops: it hands over by itself', async () => {
    const load = await member('load', 'load-1');
    await member('load', 'load-2');
    const { loader } = await runs('p');
    await load.update({ draining: true });
    await loader.release();
    await hold('load-2', 'loader');
    await running.bus.issueCommand(command('RESTART', { aboutEpoch: 1, author: 'load-2' }));
    await soon('the epoch of the heir', async () => (await permitOf())?.epoch === 2);
    expect(await permitOf()).toMatchObject({ by: 'load-2' });
    expect((await permitOf())?.seats).toBeUndefined();
  });

  it('return to the preferred instance, or ask, or stay, when it has been back for a while', async () => {
    await member('load', 'load-1');
    await runs('p', { preferredLoad: 'load-2', failback: 'return' });
    await runs('q', { preferredLoad: 'load-2', failback: 'ask' });
    await runs('r', { preferredLoad: 'load-2', failback: 'stay' });
    await member('load', 'load-2');
    await soon('the return', async () => (await permitOf('p'))?.seats?.loader === 'load-2');
    await soon('the question', () => warnings('FAILBACK_POSSIBLE') === 1);
    expect([(await permitOf('q'))?.epoch, (await permitOf('r'))?.epoch]).toEqual([1, 1]);
    const asked = running.events.find((event) => event.kind === 'warning' && event.code === 'FAILBACK_POSSIBLE');
    expect(asked).toMatchObject({ pipelineId: 'q' });
    expect(asked?.kind === 'warning' && asked.message).toContain('POST /pipelines/q/move');
  });
});
