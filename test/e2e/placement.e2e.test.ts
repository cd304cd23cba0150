// Goal: a pipeline hands its processes to the instances that its placement names, changes that without a stop, and goes on
// without a new epoch when the instance that gets all of them is killed.
// Method: two extract and two transform instances, a writer that commits without a pause; each placement in turn by PATCH,
// counted in the stage times of `loaded` events; then SIGKILL to the chosen instance of each stage.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must, PLACEMENTS } from '@lutra/model';
import type { LoadedEvent, Placement } from '@lutra/model';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { waitUntil } from '@lutra/testing';
import { differences, startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { SHOP_TABLES, ShopWriter } from './shop-writer.ts';

const PROCESSES = 60;
/** DESIGN §5: what the death of an extract or transform instance costs. */
const TAKE_OVER_MS = 10_000;
const STAGES = ['extract', 'transform'] as const;
type PlacedStage = (typeof STAGES)[number];

/** Processes per instance, in the order of the names. */
type Shares = Readonly<Record<PlacedStage, readonly number[]>>;

describe('placement', () => {
  let e2e: E2eStack;
  let bus: Bus;
  let pipelineId: string;
  let writer: ShopWriter;
  const end = new AbortController();
  const loaded: { readonly event: LoadedEvent; readonly atMs: number }[] = [];

  beforeAll(async () => {
    // The session that an installation has unless told otherwise: what a killed process held is not to wait for its end.
    const env = { LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS: '10000' };
    e2e = await startE2eStack('placement', { services: { extract: 2, transform: 2 }, env });
    await e2e.createTables(...SHOP_TABLES);
    bus = await openBus({
      ...e2e.stack.options.servers.nats,
      name: 'placement-test',
      namespace: e2e.stack.namespace,
    });
    pipelineId = await e2e.stack.createPipeline({
      parameters: { maxRows: 50 },
      mappings: [wholeSchema(e2e.schema)],
    });
    void (async () => {
      for await (const event of bus.followEvents({ pipelineId, kinds: ['loaded'] }, end.signal))
        if (event.kind === 'loaded') loaded.push({ event, atMs: performance.now() });
    })();
    // Without a pause: placements by load are to have a load.
    writer = new ShopWriter(e2e.stack.options.servers.source, e2e.schema, 0);
  });

  afterAll(async () => {
    end.abort();
    await writer.stop();
    await bus.close();
    await e2e.stop();
  });

  const instanceOf = (event: LoadedEvent, stage: PlacedStage): string =>
    must(event.stages.find((time) => time.stage === stage)?.instance, `${stage} has told its time`);

  const epoch = async (): Promise<number | null> => (await e2e.stack.api.pipeline(pipelineId)).epoch;

  /** Changes the placement of both stages; the new revision. */
  async function place(policy: Placement): Promise<number> {
    const parameters = { extractPlacement: policy, transformPlacement: policy };
    await e2e.stack.api.patch('/pipelines/{id}', { path: { id: pipelineId }, body: { parameters } });
    return waitUntil(
      async () => {
        const definition = await bus.definition(pipelineId);
        return definition?.parameters.extractPlacement === policy && definition.revision;
      },
      { what: `the revision with ${policy}`, timeoutMs: 60_000, everyMs: 20 },
    );
  }

  /** The first processes of a revision, in their order. */
  const processesOf = (revision: number): Promise<LoadedEvent[]> =>
    waitUntil(
      () => {
        const events = loaded.map(({ event }) => event).filter((event) => event.revision >= revision);
        return (
          events.length >= PROCESSES && events.slice(0, PROCESSES).sort((a, b) => (a.process ?? 0) - (b.process ?? 0))
        );
      },
      { what: `processes of revision ${String(revision)}`, timeoutMs: 60_000, everyMs: 50 },
    );

  const sharesOf = (events: readonly LoadedEvent[], stage: PlacedStage): number[] => {
    const names = e2e.stack.instancesOf(stage).map(({ instanceId }) => instanceId);
    return names.map((name) => events.filter((event) => instanceOf(event, stage) === name).length);
  };

  /** What each placement promises of two instances of weight 1 that nothing else loads. */
  const isAsPromised = (policy: Placement, { extract, transform }: Shares): boolean => {
    const spread = (shares: readonly number[]): number => Math.max(...shares) - Math.min(...shares);
    const all = [extract, transform];
    switch (policy) {
      case 'any':
        return true;
      case 'stick':
        return all.every((shares) => Math.min(...shares) === 0);
      case 'roundRobin':
      case 'weighted':
        // Select alone places for extract; for transform two instances of extract take turns, each on its own.
        return spread(extract) <= 1 && spread(transform) <= 2;
      case 'random':
      case 'leastLoaded':
        return all.every((shares) => Math.min(...shares) > 0);
    }
  };

  it('obeys each policy from the next process on, without a stop', async () => {
    const before = await epoch();
    for (const policy of [...PLACEMENTS.slice(1), 'any'] as const) {
      const events = await processesOf(await place(policy));
      const shares = { extract: sharesOf(events, 'extract'), transform: sharesOf(events, 'transform') };
      process.stderr.write(`${policy}: ${JSON.stringify(shares)}\n`);
      expect({ policy, shares, isAsPromised: isAsPromised(policy, shares) }).toMatchObject({ isAsPromised: true });
    }
    expect(await epoch()).toBe(before);
  }, 240_000);

  it.each(STAGES)(
    'goes on without a new epoch when the instance that gets all is killed: %s',
    async (stage) => {
      const before = await epoch();
      const target = instanceOf(must((await processesOf(await place('stick')))[0], 'a process'), stage);
      const index = e2e.stack.instancesOf(stage).findIndex(({ instanceId }) => instanceId === target);
      const killedMs = performance.now();
      await e2e.stack.kill(stage, 'SIGKILL', index);
      const heir = await waitUntil(
        () => loaded.find(({ event, atMs }) => atMs > killedMs && instanceOf(event, stage) !== target),
        { what: 'another instance to take over', timeoutMs: TAKE_OVER_MS, everyMs: 10 },
      );
      process.stderr.write(`${stage}: others took over ${(heir.atMs - killedMs).toFixed(0)} ms after the kill\n`);
      await e2e.stack.restart(stage);
      expect(await epoch()).toBe(before);
    },
    180_000,
  );

  it('has the same rows at both sides at the end', async () => {
    await writer.stop();
    expect(writer.transactions).toBeGreaterThan(PROCESSES);
    expect(differences(await e2e.stack.waitEqual(e2e.pairs('orders', 'stock'), 180_000))).toEqual([]);
    const { selected, extracted } = await bus.queuedProcesses(pipelineId, must(await epoch(), 'it runs'));
    expect([selected, extracted]).toEqual([0, 0]);
  }, 240_000);
});
