// Goal: a stage works on what is for any instance and on what was placed on it, under one limit; its output goes where the
// process's revision says; an instance that leaves or comes back loses nothing.
// Method: real NATS and ZooKeeper in an installation of its own; instances are connections with a worker in our hands.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProcessDelivery } from '@lutra/messaging';
import { DEFAULT_PARAMETERS } from '@lutra/model';
import type { Placement, ServiceName } from '@lutra/model';
import { ProcessRouter } from '../src/placement/process-router.ts';
import { stageWorker } from '../src/stage-worker.ts';
import type { StageTask } from '../src/stage-worker.ts';
import type { Worker } from '../src/worker.ts';
import { pipelineDefinition, soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';
import { processHeader } from './process-header.ts';

jest.setTimeout(60_000);

type Work = (task: StageTask, signal: AbortSignal) => Promise<{ rowCount: number }>;

const extract = ({ context }: TestInstance, work: Work): Worker =>
  stageWorker(context, {
    stage: 'extract',
    input: 'selected',
    output: 'extracted',
    outputSchema: 'row-process/1',
    work,
  });

const copy: Work = ({ body, output }) => {
  output.write(body);
  return Promise.resolve({ rowCount: 1 });
};

const numbersTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('a stage with placement', () => {
  let installation: TestInstallation;
  const ends = { test: new AbortController() };

  beforeEach(async () => {
    installation = await TestInstallation.open();
    ends.test = new AbortController();
    await installation.permit('P1', { epoch: 2 });
    await define(1, 'any');
  });
  afterEach(async () => {
    ends.test.abort();
    await installation.close();
  });

  const define = (revision: number, transformPlacement: Placement): Promise<boolean> =>
    installation.bus.putDefinition({
      ...pipelineDefinition('P1', revision),
      parameters: { ...DEFAULT_PARAMETERS, transformPlacement },
    });

  const select = async (process: number, target = 'any', revision = 1): Promise<void> => {
    const header = processHeader({ process, revision });
    const writer = installation.bus.writeProcess({ queue: 'selected', identity: header, schema: 'raw-process/1' });
    writer.write(Buffer.from('body'));
    await writer.finish(header, target);
  };

  const queued = async (): Promise<number> => (await installation.bus.queuedProcesses('P1', 2)).selected;
  const isEmpty = (): Promise<boolean> => queued().then((count) => count === 0);

  /** What extract has put out for one target, acknowledged as it comes. */
  const outputs = (target: string): ProcessDelivery[] => {
    const seen: ProcessDelivery[] = [];
    const options = { queue: 'extracted', target, inFlightMax: 100, signal: ends.test.signal } as const;
    void (async () => {
      for await (const delivery of installation.bus.consume(options)) {
        seen.push(delivery);
        await delivery.ack();
      }
    })();
    return seen;
  };

  /** A live member without a worker; resolves when it has joined. */
  const join = async (service: ServiceName, name: string, host = 'here') => {
    const { context } = await installation.instance(service, name);
    return context.coordinator.join({
      ...{
        service,
        instance: name,
        host,
        pid: 1,
        version: '0',
        startedAt: '',
        httpPort: 1,
        weight: 1,
        draining: false,
      },
      load: { cpu: 0, memoryBytes: 1, tasks: 0 },
    });
  };

  it('works on its own processes and on those of all, never on more than its limit at once', async () => {
    const instance = await installation.instance('extract', 'a');
    let [now, most] = [0, 0];
    const gates: (() => void)[] = [];
    instance.start(
      extract(instance, async (task, signal) => {
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => gates.push(resolve));
        now -= 1;
        return copy(task, signal);
      }),
    );
    const done = outputs('any');
    for (const process of numbersTo(6)) await select(process, process % 2 === 0 ? 'a' : 'any');
    for (let finished = 0; finished < 6; finished++) {
      await soon('as much work as may be', () => gates.length >= Math.min(2, 6 - finished));
      gates.shift()?.();
      await soon('its output', () => done.length === finished + 1);
    }
    expect(most).toBe(2);
    expect(done.map(({ header }) => header.process).sort()).toEqual(numbersTo(6));
    await soon('the acknowledgements', isEmpty);
  });

  it('has its queue before it joins', async () => {
    const { context } = await installation.instance('extract', 'a');
    await extract({ context } as TestInstance, copy).prepare?.();
    expect(await installation.bus.instanceQueues('selected', { withConsumers: true })).toEqual(['a']);
  });

  it('sends each process where the placement of its own revision says', async () => {
    for (const name of ['t1', 't2']) await join('transform', name);
    await define(2, 'roundRobin');
    await define(3, 'stick');
    const instance = await installation.instance('extract', 'a');
    instance.start(extract(instance, copy));
    const [any, t1, t2] = ['any', 't1', 't2'].map(outputs);
    const counts = (): number[] => [any, t1, t2].map((seen) => seen?.length ?? 0);
    const sum = (): number => counts().reduce((total, count) => total + count, 0);
    for (const process of numbersTo(8)) await select(process, 'any', process % 2 === 0 ? 2 : 1);
    await soon('eight outputs', () => sum() === 8);
    expect(counts()).toEqual([4, 2, 2]);
    for (const process of [9, 10, 11, 12]) await select(process, 'any', 3);
    await soon('twelve outputs', () => sum() === 12);
    expect(counts().sort()).toEqual([2, 4, 6]);
  });

  it('gives what is left of its own to the others when it leaves, and takes its own again when it comes back', async () => {
    const done = outputs('any');
    const leaving = await installation.instance('extract', 'a');
    let begun = 0;
    const gate: { open: () => void } = { open: () => undefined };
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    leaving.start(
      extract(leaving, async (task, signal) => {
        begun += 1;
        await opened;
        return copy(task, signal);
      }),
    );
    for (const process of numbersTo(5)) await select(process, 'a');
    await soon('the work to begin', () => begun === 2);
    const stopped = leaving.stop();
    gate.open();
    await stopped;
    expect(begun).toBe(2);
    expect(await installation.bus.instanceQueues('selected', { withConsumers: true })).toEqual([]);
    const heir = await installation.instance('extract', 'b');
    heir.start(extract(heir, copy));
    await soon('all outputs', () => done.length === 5);
    expect(done.map(({ header }) => header.process).sort()).toEqual(numbersTo(5));
    expect(new Set(done.slice(2).map(({ header }) => header.stages[1]?.instance))).toEqual(new Set(['b']));
    await select(6, 'a');
    const again = await installation.instance('extract', 'a');
    again.start(extract(again, copy));
    await soon('its own process', () => done.length === 6);
    expect(done[5]?.header.stages[1]?.instance).toBe('a');
  });

  it.each([{ draining: true }, { maintenance: true }])(
    'works off its own and takes nothing of what is for all while ordered %p',
    async (change) => {
      const order = { draining: false, maintenance: false, weight: null, reason: 'test', by: 'test', at: '' };
      await installation.coordinator.writeInstanceOrder('a', { ...order, ...change });
      const done = outputs('any');
      const other = await installation.instance('extract', 'b');
      await other.join();
      const instance = await installation.instance('extract', 'a');
      instance.start(extract(instance, copy));
      await select(1);
      await select(2, 'a');
      await soon('its own process', () => done.length === 1);
      expect(done[0]?.header.process).toBe(2);
      await installation.coordinator.removeInstanceOrder('a');
      await soon('the other process', () => done.length === 2);
      await installation.coordinator.writeInstanceOrder('a', { ...order, ...change });
      await soon('the order to be obeyed', async () => {
        await select(done.length + 1);
        await soon('an output', async () => done.length > 2 || (await queued()) > 0);
        return (await queued()) > 0 || undefined;
      });
      other.start(extract(other, copy));
      await soon('the rest', isEmpty);
      expect(done.at(-1)?.header.stages[1]?.instance).toBe('b');
    },
  );

  it('takes the processes again that it held when it died under the same name', async () => {
    const done = outputs('any');
    const dead = await installation.instance('extract', 'a');
    let begun = 0;
    dead.start(
      extract(dead, async (_task, signal) => {
        begun += 1;
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('aborted'));
          });
        });
      }),
    );
    for (const process of numbersTo(3)) await select(process, 'a');
    await soon('the work to begin', () => begun === 2);
    await dead.die();
    const again = await installation.instance('extract', 'a');
    again.start(extract(again, copy));
    await soon('all outputs', () => done.length === 3);
    await soon('the acknowledgements', isEmpty);
  });

  describe('ProcessRouter', () => {
    const place = { policy: 'roundRobin', parallelism: 5 } as const;
    const identity = (process: number) => ({ pipelineId: 'P1', epoch: 2, process });

    it('follows who joins, drains and leaves; any when there is nobody', async () => {
      const { context } = await installation.instance('select', 's');
      const router = new ProcessRouter(context, 'extract');
      let process = 0;
      const next = (): Promise<string> => router.target(identity(++process), place);
      const becomes = (...names: string[]): Promise<boolean> =>
        soon(`targets ${names.join()}`, async () => {
          const seen = new Set([await next(), await next(), await next()]);
          return [...seen].sort().join() === names.join();
        });
      expect(await next()).toBe('any');
      const a = await join('extract', 'a');
      await becomes('a');
      const b = await join('extract', 'b');
      await becomes('a', 'b');
      await a.update({ draining: true });
      await becomes('b');
      await b.leave();
      await becomes('any');
      await a.update({ draining: false });
      await becomes('a');
    });

    it('knows the hosts of the stage after at the first question', async () => {
      await join('extract', 'far', 'h1');
      await join('extract', 'near', 'h2');
      await join('transform', 't', 'h2');
      const { context } = await installation.instance('select', 's');
      const router = new ProcessRouter(context, 'extract');
      for (const pipelineId of ['P1', 'P2', 'P3', 'P4'])
        expect(await router.target({ ...identity(1), pipelineId }, { ...place, policy: 'stick' })).toBe('near');
    });

    it('says any while it cannot know who lives', async () => {
      await join('extract', 'a');
      const { context } = await installation.instance('select', 's');
      const router = new ProcessRouter(context, 'extract');
      expect(await router.target(identity(1), place)).toBe('a');
      await context.coordinator.close();
      expect(await router.target(identity(2), place)).toBe('any');
    });
  });
});
