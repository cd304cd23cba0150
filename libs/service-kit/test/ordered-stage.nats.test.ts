// Goal: a stage that a person orders to drain or into maintenance leaves what is for any instance to the others, and takes it
// again afterwards; as the only one it goes on.
// Method: real NATS and ZooKeeper in an installation of its own; two instances count what they work on.
import { afterEach, beforeEach, describe, it, jest } from '@jest/globals';
import type { InstanceOrder } from '@lutra/model';
import { OwnOrder } from '../src/own-order.ts';
import { stageWorker } from '../src/stage-worker.ts';
import { pipelineDefinition, selectProcess, soon, TestInstallation } from './kit-fixture.ts';
import type { TestInstance } from './kit-fixture.ts';
import { processHeader } from './process-header.ts';

jest.setTimeout(60_000);

describe('an ordered stage', () => {
  let installation: TestInstallation;
  const worked = new Map<string, number[]>();
  beforeEach(async () => {
    worked.clear();
    installation = await TestInstallation.open();
    await installation.permit('P1', { epoch: 2 });
    await installation.bus.putDefinition(pipelineDefinition('P1'));
  });
  afterEach(async () => {
    await installation.close();
  });

  async function extract(name: string): Promise<TestInstance> {
    const instance = await installation.instance('extract', name);
    const own: number[] = [];
    worked.set(name, own);
    const worker = stageWorker(instance.context, {
      stage: 'extract',
      input: 'selected',
      output: 'extracted',
      outputSchema: 'row-process/1',
      work: async ({ body, delivery, output }) => {
        own.push(delivery.header.process);
        output.write(body);
        return { rowCount: 1 };
      },
    });
    await worker.prepare?.();
    await instance.join();
    instance.start(worker);
    return instance;
  }
  const order = async (instance: string, change: Partial<InstanceOrder>): Promise<void> => {
    const at = new Date().toISOString();
    const none = { draining: false, maintenance: false, weight: null, reason: 'test', by: 'test', at };
    await installation.coordinator.writeInstanceOrder(instance, { ...none, ...change });
  };
  const select = async (first: number, last: number): Promise<void> => {
    for (let process = first; process <= last; process += 1)
      await selectProcess(installation.bus, processHeader({ process }));
  };
  const countOf = (name: string): number => worked.get(name)?.length ?? 0;

  it.each<Partial<InstanceOrder>>([{ draining: true }, { maintenance: true }])(
    'takes nothing new while another one does: %j',
    async (change) => {
      await order('extract-1', change);
      await extract('extract-1');
      await extract('extract-2');
      let last = 0;
      // Until it has seen the second member it may take part.
      await soon('a batch without it', async () => {
        const before = countOf('extract-1');
        await select(last + 1, last + 20);
        last += 20;
        await soon('the work', () => countOf('extract-1') + countOf('extract-2') === last);
        return countOf('extract-1') === before;
      });
      await installation.coordinator.removeInstanceOrder('extract-1');
      await order('extract-2', change);
      await soon('work for the one that resumed', async () => {
        last += 1;
        await select(last, last);
        return countOf('extract-1') > 0;
      });
    },
  );

  it('goes on when there is nobody else', async () => {
    await order('extract-1', { draining: true });
    await extract('extract-1');
    await select(1, 3);
    await soon('the work', () => countOf('extract-1') === 3);
  });
});

describe('the log level that is ordered', () => {
  it('of all instances counts for one that comes later, until it has an order of its own', async () => {
    const installation = await TestInstallation.open();
    const stop = new AbortController();
    try {
      const { coordinator } = installation;
      await coordinator.writeInstallationOrder({ logLevel: 'debug' });
      const { context } = await installation.instance('extract', 'extract-1');
      const own = new OwnOrder(context);
      const running = own.run(stop.signal);
      await soon('the level of all', () => own.logLevel === 'debug');
      const none = { draining: false, maintenance: false, weight: null, reason: 'test', by: 'test', at: '' };
      await coordinator.writeInstanceOrder('extract-1', { ...none, logLevel: 'trace' });
      await soon('its own level', () => own.logLevel === 'trace');
      await coordinator.writeInstallationOrder({ logLevel: null });
      await coordinator.writeInstanceOrder('extract-1', { ...none, logLevel: null });
      await soon('the level that it was started with', () => own.logLevel === context.env.LUTRA_LOG_LEVEL);
      stop.abort();
      await running;
    } finally {
      stop.abort();
      await installation.close();
    }
  });
});
