// Goal: where a mapping's script is what takes the time, a second instance of extract and transform takes its share of the
// work by itself, and rows keep their order.
// Method: two instances of each with the default placement, a backlog of many processes under a script that calculates for a
// while; who did which process is told by `loaded` events; each row is changed in several processes and compared by SQL.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { LoadedEvent } from '@lutra/model';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const ROWS = 200;
const ROUNDS = 40;
/** Some 200 µs for each image. */
const SCRIPT = `function transform(row) {
  let sum = row.version;
  for (let step = 0; step < 4000; step += 1) sum = (sum * 31 + step) % 1000003;
  row.mixed = sum;
  return row;
}`;
const mixed = (version: number): number => {
  let sum = version;
  for (let step = 0; step < 4_000; step += 1) sum = (sum * 31 + step) % 1_000_003;
  return sum;
};

describe('a script that takes its time', () => {
  let e2e: E2eStack;
  let bus: Bus;
  let pipelineId: string;
  let following: Promise<void>;
  const end = new AbortController();
  const loaded: LoadedEvent[] = [];

  beforeAll(async () => {
    e2e = await startE2eStack('shared-rows', { services: { extract: 2, transform: 2 } });
    const { schema, stack } = e2e;
    await e2e.atSource('CREATE TABLE counter (id INT NOT NULL PRIMARY KEY, version INT NOT NULL) ENGINE=InnoDB');
    await e2e.atTarget(
      'CREATE TABLE counter (id INT NOT NULL PRIMARY KEY, version INT NOT NULL, mixed INT NOT NULL) ENGINE=InnoDB',
    );
    pipelineId = await stack.createPipeline({
      parameters: { maxRows: ROWS },
      mappings: [
        {
          source: { schema, table: { exact: 'counter' } },
          target: { schema },
          rules: { script: { source: SCRIPT, columns: [{ name: 'mixed', type: 'int' }] } },
        },
      ],
    });
    bus = await openBus({ ...stack.options.servers.nats, name: 'shared-rows-test', namespace: stack.namespace });
    following = (async () => {
      for await (const event of bus.followEvents({ pipelineId, kinds: ['loaded'] }, end.signal))
        if (event.kind === 'loaded') loaded.push(event);
    })();
    following.catch(() => undefined); // It is thrown in the end.
  });

  afterAll(async () => {
    end.abort();
    await following;
    await bus.close();
    await e2e.stop();
  });

  it('is shared by the instances there are, and every row ends as it was written last', async () => {
    const ids = Array.from({ length: ROWS }, (_, id) => `(${String(id)}, 0)`).join(',');
    const changes = Array.from({ length: ROUNDS }, () => 'UPDATE counter SET version = version + 1 + id % 2');
    await e2e.atSource(`INSERT INTO counter VALUES ${ids}`, ...changes);
    const last = [ROUNDS, 2 * ROUNDS].map((version) => [version, mixed(version), ROWS / 2].map(String));
    const query = 'SELECT version, mixed, COUNT(*) FROM counter GROUP BY 1, 2';
    expect(await e2e.askUntil('target', query, last, 120_000)).toEqual(last);
    await waitUntil(() => loaded.reduce((sum, { transactionCount }) => sum + transactionCount, 0) > ROUNDS, {
      ...{ what: 'the events', timeoutMs: 60_000, everyMs: 50 },
    });
    const worked = loaded.map(({ stages }) =>
      must(
        stages.find(({ stage }) => stage === 'transform'),
        'its time',
      ),
    );
    // Extract is done with a process sooner than the next one comes: it need not share.
    expect(new Set(worked.map(({ instance }) => instance))).toEqual(
      new Set(e2e.stack.instancesOf('transform').map(({ instanceId }) => instanceId)),
    );
    expect((await e2e.stack.api.pipeline(pipelineId)).failure).toBeNull();
  }, 240_000);
});
