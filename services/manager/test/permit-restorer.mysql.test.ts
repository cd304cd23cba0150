import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { systemClock } from '@lutra/model';
import type { Command, Permit } from '@lutra/model';
import { testServers, waitUntil } from '@lutra/testing';
import { removeOldCommands } from '../src/commands/remove-commands.ts';
import { Store } from '../src/store/store.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: a pipeline that an operator wanted to run is started again when ZooKeeper has lost its permit, and no other one.
// Method: a manager in this process; the arbiter is played on the bus and in ZooKeeper, whose permits are removed.

const installation = new Installation();
const received: Command[] = [];
const stop = new AbortController();
let manager: RunningManager;
let coordinator: Coordinator;
let listening: Promise<void>;

beforeAll(async () => {
  manager = await installation.start();
  coordinator = await openCoordinator({ ...testServers().zookeeper, root: installation.root });
  listening = (async () => {
    for await (const delivery of manager.bus.consumeCommands(stop.signal)) {
      await delivery.ack();
      if ('pipelineId' in delivery.command) received.push(delivery.command);
    }
  })();
});

afterAll(async () => {
  stop.abort();
  await listening;
  await coordinator.close();
  await installation.close();
});

const server = { kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'lutra', password: 'secret' };

async function createPipeline(name: string): Promise<string> {
  const channelId = await manager.create('channels', { name });
  const sourceId = await manager.create('data-sources', { name: `${name}-source`, ...server });
  const targetId = await manager.create('data-sources', { name: `${name}-target`, ...server, port: 3307 });
  const id = await manager.create('pipelines', { channelId, name, sourceId, targetId });
  await manager.create(`pipelines/${id}/mappings`, {
    source: { schema: 'shop', table: { exact: name } },
    target: { schema: 'shop', table: name },
  });
  return id;
}

const order = (id: string, kind: string): Promise<unknown> =>
  manager.request('POST', `/api/v1/pipelines/${id}/commands`, { body: { kind, reason: 'a test' } });

const commandsOf = (id: string): Command[] => received.filter(({ pipelineId }) => pipelineId === id);

const permit = (change: Partial<Permit>): Permit => ({
  state: 'RUNNING',
  epoch: 7,
  draining: false,
  commandId: 'c',
  aboutEpoch: null,
  reason: 'a test',
  failure: null,
  since: new Date().toISOString(),
  by: 'admin',
  attempt: 0,
  nextAttemptAt: null,
  ...change,
});

describe('a lost permit', () => {
  it('is asked for again, about the epoch that is missing, for pipelines that shall run', async () => {
    const running = await createPipeline('running');
    const halted = await createPipeline('halted');
    const standing = await createPipeline('standing');
    const never = await createPipeline('never');
    for (const id of [running, halted, standing]) {
      await coordinator.writePermit(id, permit({}), null);
      await order(id, 'START');
    }
    await order(halted, 'PAUSE');
    await waitUntil(() => received.length === 4, { what: 'the commands', timeoutMs: 60_000 });
    for (const id of [running, halted]) await coordinator.forgetPipeline(id);
    const again = await waitUntil(() => commandsOf(running)[1], { what: 'the START', timeoutMs: 60_000 });
    expect(again).toMatchObject({ kind: 'START', aboutEpoch: 0, author: 'manager' });
    expect(again.reason).toContain('admin');
    // Until it stands: a START may be lost as well.
    await waitUntil(() => commandsOf(running).length > 2, { what: 'one more', timeoutMs: 60_000 });
    expect(commandsOf(halted).map(({ kind }) => kind)).toEqual(['START', 'PAUSE']);
    expect(commandsOf(standing)).toHaveLength(1);
    expect(commandsOf(never)).toEqual([]);
  });

  it('is left to the operator where his last word about the state was to halt, whatever became of it', async () => {
    const table = `${installation.database}.command`;
    const [voided, unsent, moved, running] = [
      await createPipeline('voided'),
      await createPipeline('unsent'),
      await createPipeline('moved'),
      await createPipeline('witness'),
    ];
    const all = [voided, unsent, moved, running];
    for (const id of all) {
      await coordinator.writePermit(id, permit({}), null);
      await order(id, 'START');
      if (id !== running) await order(id, 'PAUSE');
    }
    // Without a permit a PAUSE is void; a manager that dies behind the bus does not note that it has it; a move may be late.
    await installation.sql(`UPDATE ${table} SET outcome = 'void' WHERE pipeline_id = '${voided}' AND kind = 'PAUSE'`);
    await installation.sql(`UPDATE ${table} SET is_sent = 0 WHERE pipeline_id = '${unsent}' AND kind = 'PAUSE'`);
    await installation.sql(
      `INSERT INTO ${table} (id, pipeline_id, kind, author, issued_at, body, is_sent)
        SELECT CONCAT(id, '-move'), pipeline_id, 'RESTART', author, issued_at + INTERVAL 1 SECOND,
          JSON_SET(body, '$.kind', 'RESTART', '$.aboutEpoch', 7), 1
        FROM ${table} WHERE pipeline_id = '${moved}' AND kind = 'PAUSE'`,
    );
    for (const id of all) await coordinator.forgetPipeline(id);
    // One look is over all of them.
    await waitUntil(() => commandsOf(running).length > 2, { what: 'two STARTs', timeoutMs: 60_000 });
    for (const id of [voided, unsent, moved])
      expect(commandsOf(id).map(({ kind }) => kind)).toEqual(['START', 'PAUSE']);
  });
});

it('old commands go, but for the last word about the state of each pipeline', async () => {
  const { database } = installation;
  const store = new Store({ ...installation.store, database }, systemClock);
  await store.open(() => Promise.resolve());
  const [kept, voided, halted] = [
    await createPipeline('kept'),
    await createPipeline('void'),
    await createPipeline('stopped'),
  ];
  const gone = 'GONE';
  const words = [
    [kept, 'START', 'applied', 900],
    [kept, 'PAUSE', 'applied', 800],
    [kept, 'START', 'applied', 700],
    [kept, 'START', 'applied', 300],
    [voided, 'PAUSE', 'applied', 900],
    [voided, 'START', 'void', 800],
    [halted, 'START', 'applied', 900],
    [halted, 'START', 'applied', 800],
    [halted, 'STOP', 'applied', 700],
    [gone, 'STOP', 'applied', 900],
    [gone, 'STOP', 'applied', 100],
  ] as const;
  for (const [id, kind, outcome, days] of words)
    await installation.sql(
      `INSERT INTO ${database}.command (id, pipeline_id, kind, author, issued_at, body, is_sent, outcome) VALUES
       ('old-${id}-${String(days)}', '${id}', '${kind}', 'a', NOW() - INTERVAL ${String(days)} DAY, '{"aboutEpoch":null}', 1, '${outcome}')`,
    );
  await removeOldCommands(store, new Date());
  await store.close('the end');
  const left = await installation.sql(
    `SELECT id FROM ${database}.command WHERE id LIKE 'old-%' ORDER BY issued_at, id`,
  );
  expect(left.map(({ id }) => id)).toEqual([
    ...[`old-${voided}-900`, `old-${voided}-800`, `old-${halted}-800`, `old-${halted}-700`],
    ...[`old-${kept}-300`, `old-${gone}-100`],
  ]);
});
