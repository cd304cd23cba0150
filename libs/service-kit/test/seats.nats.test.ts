// Goal: leases go where a person, the arbiter or the pipeline wants them, else to the least loaded, and instances obey orders.
// Method: real NATS and ZooKeeper in an installation of its own; the test is the arbiter, `runEpoch` a function of the test.
// How evenly leases are spread depends on how fast the instances hear of each other: each has half of its share at least,
// whatever the machine does beside; the rule itself is held to its share in stand-back.test.ts.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Coordinator } from '@lutra/coordination';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { Command, InstanceOrder, PipelineParameters } from '@lutra/model';
import { leasedPipelines } from '../src/leased-pipelines.ts';
import type { PipelineSession } from '../src/pipeline-session.ts';
import { pipelineDefinition, soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';

jest.setTimeout(60_000);

interface Loader extends TestInstance {
  readonly epochs: number[];
}

/** An instance whose watch of the members is stuck at the moment before all others came. */
function alone(context: TestInstance['context']): TestInstance['context'] {
  const { coordinator } = context;
  const watchMembers: Coordinator['watchMembers'] = async function* (service, signal) {
    for await (const members of coordinator.watchMembers(service, signal))
      yield members.filter(({ instance }) => instance === context.identity.instance);
  };
  const replaced = new Proxy(coordinator, {
    get: (target, key): unknown => {
      if (key === 'watchMembers') return watchMembers;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...context, coordinator: replaced };
}

describe('leases', () => {
  let installation: TestInstallation;
  beforeEach(async () => {
    installation = await TestInstallation.open();
    installation.listen();
  });
  afterEach(async () => {
    await installation.close();
  });

  const define = (id: string, parameters: Partial<PipelineParameters> = {}): Promise<boolean> =>
    installation.bus.putDefinition({
      ...pipelineDefinition(id),
      parameters: { ...DEFAULT_PARAMETERS, ...parameters },
    });
  const holder = async (id = 'P1'): Promise<string | undefined> =>
    (await installation.coordinator.leaseHolder(id, 'loader'))?.instance;
  const order = (instance: string, change: Partial<InstanceOrder>): Promise<void> =>
    installation.coordinator.writeInstanceOrder(instance, {
      draining: false,
      maintenance: false,
      weight: null,
      reason: 'test',
      by: 'test',
      at: new Date().toISOString(),
      ...change,
    });
  const restart = (aboutEpoch: number): Promise<Command> =>
    soon(`the RESTART about ${String(aboutEpoch)}`, () =>
      installation.commands.find((command) => command.kind === 'RESTART' && command.aboutEpoch === aboutEpoch),
    );

  /** A member of the service; `isWorking: false` = one that lives and takes nothing. */
  async function loader(name: string, { isWorking = true, isToldOfOthers = true } = {}): Promise<Loader> {
    const instance = await installation.instance('load', name);
    const context = isToldOfOthers ? instance.context : alone(instance.context);
    const epochs: number[] = [];
    const run = async ({ epoch, signal }: PipelineSession): Promise<void> => {
      epochs.push(epoch);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
        if (signal.aborted) resolve();
      });
    };
    await instance.join();
    if (isWorking) instance.start(leasedPipelines(context, 'loader', () => run));
    return { ...instance, epochs };
  }

  const spread = async (ids: readonly string[]): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    await soon('all leases', async () => {
      const holders = await Promise.all(ids.map((id) => holder(id)));
      if (holders.includes(undefined)) return false;
      for (const name of Object.keys(counts)) counts[name] = 0;
      for (const name of holders) counts[String(name)] = (counts[String(name)] ?? 0) + 1;
      return true;
    });
    return counts;
  };
  const many = Array.from({ length: 20 }, (_, index) => `P${String(index + 1)}`);

  it('spread over the instances that are there', async () => {
    for (const id of many) await define(id);
    await Promise.all([loader('load-1'), loader('load-2'), loader('load-3')]);
    for (const id of many) await installation.permit(id, { epoch: 1 });
    const counts = await spread(many);
    for (const name of ['load-1', 'load-2', 'load-3']) expect(counts[name]).toBeGreaterThanOrEqual(20 / 3 / 2);
  });

  it('spread by weight, also by one that a person has ordered', async () => {
    for (const id of many) await define(id);
    await order('load-2', { weight: 3 });
    await Promise.all([loader('load-1'), loader('load-2')]);
    for (const id of many) await installation.permit(id, { epoch: 1 });
    const counts = await spread(many);
    expect(counts['load-2']).toBeGreaterThan(20 / 2);
    expect(counts['load-1']).toBeGreaterThanOrEqual(5 / 2);
  });

  it('of those that died are spread over who is left', async () => {
    for (const id of many) await define(id);
    const dying = await loader('load-1');
    for (const id of many) await installation.permit(id, { epoch: 1 });
    expect(await spread(many)).toEqual({ 'load-1': 20 });
    await Promise.all([loader('load-2'), loader('load-3')]);
    await dying.die();
    await soon('the heirs', async () =>
      (await Promise.all(many.map((id) => holder(id)))).every((name) => name !== 'load-1'),
    );
    const counts = await spread(many);
    expect(counts['load-2']).toBeGreaterThanOrEqual(20 / 2 / 2);
    expect(counts['load-3']).toBeGreaterThanOrEqual(20 / 2 / 2);
  });

  it('go to the preferred instance at the first start', async () => {
    await define('P1', { preferredLoad: 'load-2' });
    await Promise.all([loader('load-1'), loader('load-2'), loader('load-3')]);
    await installation.permit('P1', { epoch: 1 });
    await restart(1);
    expect(await holder()).toBe('load-2');
  });

  it('move to the seat that the permit names; nobody but the seat works in between', async () => {
    await define('P1');
    const first = await loader('load-1');
    await installation.permit('P1', { epoch: 1 });
    await restart(1);
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => first.epochs.includes(2));
    const second = await loader('load-2');
    const third = await loader('load-3');
    await installation.permit('P1', { epoch: 3, seats: { loader: 'load-2' } });
    const command = await restart(3);
    expect(command).toMatchObject({ author: 'load-2' });
    expect(command.seats).toBeUndefined();
    await installation.permit('P1', { epoch: 4, seats: { loader: 'load-2' } });
    await soon('the epoch', () => second.epochs.includes(4));
    expect([first.epochs, second.epochs, third.epochs]).toEqual([[2], [4], []]);
  });

  it('move to a seat that has come so late that the holder was not told of it', async () => {
    await define('P1');
    const first = await loader('load-1', { isToldOfOthers: false });
    await installation.permit('P1', { epoch: 1 });
    await restart(1);
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => first.epochs.includes(2));
    await loader('load-2');
    await installation.permit('P1', { epoch: 3, seats: { loader: 'load-2' } });
    expect(await restart(3)).toMatchObject({ author: 'load-2' });
    expect(first.epochs).toEqual([2]);
  });

  it('stay where they are when the seat is not there', async () => {
    await define('P1');
    const only = await loader('load-1');
    await installation.permit('P1', { epoch: 1 });
    await restart(1);
    await installation.permit('P1', { epoch: 2, seats: { loader: 'gone' } });
    await soon('the epoch', () => only.epochs.includes(2));
    expect(await holder()).toBe('load-1');
  });

  it('do not wait for ever for a seat that takes nothing: whoever wins frees it', async () => {
    await define('P1');
    await loader('load-1');
    await loader('idle', { isWorking: false });
    await installation.permit('P1', { epoch: 1 });
    await restart(1);
    await installation.permit('P1', { epoch: 2, seats: { loader: 'idle' } });
    const command = await restart(2);
    expect(command).toMatchObject({ author: 'load-1', seats: { loader: '' } });
  });

  it('are not contended for in maintenance, which outlives a restart; what is held is kept', async () => {
    await define('P1');
    await define('P2');
    await order('load-1', { maintenance: true });
    await installation.permit('P1', { epoch: 1 });
    await loader('load-1');
    const second = await loader('load-2');
    await restart(1);
    expect(await holder()).toBe('load-2');
    await order('load-2', { maintenance: true });
    await soon('the flag', async () =>
      (await installation.coordinator.members('load')).every(({ maintenance }) => maintenance === true),
    );
    await installation.permit('P2', { epoch: 1 });
    await installation.permit('P1', { epoch: 2 });
    await soon('the epoch', () => second.epochs.includes(2));
    expect(await holder('P2')).toBeUndefined();
    await installation.coordinator.removeInstanceOrder('load-1');
    await soon('the lease', async () => (await holder('P2')) === 'load-1');
    expect(await holder()).toBe('load-2');
  });

  it('of a paused pipeline are given back when the instance drains, as soon as there is an heir', async () => {
    await define('P1');
    await loader('load-1');
    await installation.permit('P1', { epoch: 1, state: 'PAUSED' });
    await soon('the lease', async () => (await holder()) === 'load-1');
    await order('load-1', { draining: true });
    await soon('the flag', async () => (await installation.coordinator.members('load'))[0]?.draining);
    expect(await holder()).toBe('load-1');
    await loader('load-2');
    await soon('the heir', async () => (await holder()) === 'load-2');
  });
});
