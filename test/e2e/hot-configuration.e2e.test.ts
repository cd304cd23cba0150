// Goal: what is changed while rows flow counts from one process on, and no row is handled by a mixture of before and after; a
// pipeline that is removed leaves nothing behind, and one of its name begins anew; log levels follow without a stop.
// Method: the six services; a writer commits transactions of several rows while a mapping is changed again and again; the
// target tells under which mapping each row was written, the event log under which revision each process was.
import { readFileSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ColumnSelectionDto } from '@lutra/api-client';
import { openCoordinator } from '@lutra/coordination';
import type { Coordinator } from '@lutra/coordination';
import { openBus } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import { must } from '@lutra/model';
import type { LoadedEvent } from '@lutra/model';
import { connectTo, waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';

const ROWS_PER_TRANSACTION = 5;
const FLIPS = 6;
const LUTRA_TABLES = ['checkpoint', 'lane_shape', 'last_window', 'ddl', 'dead_letter', 'conflict'];

let e2e: E2eStack;
let bus: Bus;
let coordinator: Coordinator;

beforeAll(async () => {
  e2e = await startE2eStack('hot-configuration');
  await e2e.createTables(
    'CREATE TABLE items (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, tx INT NOT NULL, v INT NULL, x INT NULL, y INT NULL) ENGINE=InnoDB',
  );
  const { nats, zookeeper } = e2e.stack.options.servers;
  bus = await openBus({ ...nats, name: 'hot-test', namespace: e2e.stack.namespace });
  coordinator = await openCoordinator({ ...zookeeper, root: `/${e2e.stack.namespace}` });
}, 240_000);

afterAll(async () => {
  await Promise.all([bus.close(), coordinator.close()]);
  await e2e.stop();
}, 60_000);

/** Writes transactions of a few rows without a pause, numbered from 1. */
class ItemWriter {
  private isStopped = false;
  private readonly running: Promise<void>;
  transactions = 0;

  constructor(private readonly site: E2eStack) {
    this.running = this.write();
    // A failure is thrown by stop(); until then it must not end the process.
    this.running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async write(): Promise<void> {
    const connection = await connectTo(this.site.stack.options.servers.source, this.site.schema);
    try {
      for (let number = 1; !this.isStopped; number++) {
        const rows = Array.from({ length: ROWS_PER_TRANSACTION }, (_unused, v) => `(${String(number)},${String(v)})`);
        await connection.query(
          `BEGIN; ${rows.map((row) => `INSERT INTO items (tx, v) VALUES ${row}`).join('; ')}; COMMIT`,
        );
        this.transactions = number;
      }
    } finally {
      connection.destroy();
    }
  }
}

const columnsInto = (target: 'x' | 'y'): ColumnSelectionDto => ({
  mode: 'list',
  columns: ['id', 'tx', 'v'].map((name) => ({ source: name, target: name === 'v' ? target : name })),
});

async function atTarget(statement: string): Promise<readonly Record<string, unknown>[]> {
  const connection = await connectTo(e2e.stack.options.servers.target, e2e.schema);
  try {
    return (await connection.query(statement))[0] as unknown as readonly Record<string, unknown>[];
  } finally {
    connection.destroy();
  }
}

/** Consumers of any stream whose name tells of the pipeline. */
async function consumersNaming(pipelineId: string): Promise<string[]> {
  const { servers, user, password } = e2e.stack.options.servers.nats;
  const nats = await connect({ servers: servers.split(','), user, pass: password });
  try {
    const manager = await jetstreamManager(nats);
    const names: string[] = [];
    for await (const stream of manager.streams.names())
      for await (const { name } of manager.consumers.list(stream)) names.push(name);
    return names.filter((name) => name.includes(pipelineId));
  } finally {
    await nats.close();
  }
}

const soon = <T>(what: string, question: () => Promise<T | undefined | false>): Promise<T> =>
  waitUntil(question, { what, timeoutMs: 60_000, everyMs: 50 });

const createPipeline = (name: string): Promise<string> =>
  e2e.stack.createPipeline({
    name,
    parameters: { maxRows: 40, lanes: 3 },
    mappings: [
      {
        source: { schema: e2e.schema, table: { exact: 'items' } },
        target: { schema: e2e.schema, table: 'items' },
        columns: columnsInto('x'),
      },
    ],
  });

describe('while rows flow', () => {
  it('each process is handled under one revision, whatever is changed meanwhile', async () => {
    const id = await createPipeline('hot');
    const loaded: LoadedEvent[] = [];
    const end = new AbortController();
    const following = (async () => {
      for await (const event of bus.followEvents({ pipelineId: id, kinds: ['loaded'], since: new Date(0) }, end.signal))
        if (event.kind === 'loaded') loaded.push(event);
    })();
    following.catch(() => undefined);
    const [mapping] = (await e2e.stack.api.get('/pipelines/{pipelineId}/mappings', { path: { pipelineId: id } })).items;
    const first = (await e2e.stack.api.pipeline(id)).revision;
    const hasRows = (revision: number): boolean =>
      loaded.some((event) => event.revision === revision && event.inserted > 0);
    const writer = new ItemWriter(e2e);
    try {
      await soon('rows under the first revision', async () => hasRows(first));
      for (let flip = 1; flip <= FLIPS; flip++) {
        const columns = columnsInto(flip % 2 === 1 ? 'y' : 'x');
        const path = { pipelineId: id, id: mapping?.id ?? '' };
        await e2e.stack.api.patch('/pipelines/{pipelineId}/mappings/{id}', { path, body: { columns } });
        await soon(`rows under revision ${String(first + flip)}`, async () => hasRows(first + flip));
      }
    } finally {
      await writer.stop();
    }
    const rows = writer.transactions * ROWS_PER_TRANSACTION;
    const sum = (events: readonly LoadedEvent[]): number => events.reduce((total, { inserted }) => total + inserted, 0);
    await soon('all rows', async () => sum(loaded) >= rows);
    end.abort();

    const transactions = await atTarget(
      'SELECT tx, COUNT(*) AS n, COUNT(x) AS x, COUNT(y) AS y FROM items GROUP BY tx ORDER BY tx',
    );
    expect(transactions).toHaveLength(writer.transactions);
    const into = transactions.map(({ tx, ...counts }) => {
      const [n, x, y] = [Number(counts['n']), Number(counts['x']), Number(counts['y'])];
      expect([tx, n, x * y, x + y]).toEqual([tx, ROWS_PER_TRANSACTION, 0, ROWS_PER_TRANSACTION]);
      return x > 0 ? 'x' : 'y';
    });
    // In the order of the source there is one border for each change, and no way back.
    const borders = into.filter((column, index) => index > 0 && column !== into[index - 1]);
    expect(borders).toHaveLength(FLIPS);
    const inOrder = loaded.toSorted(
      (one, other) => (one.epoch ?? 0) - (other.epoch ?? 0) || (one.process ?? 0) - (other.process ?? 0),
    );
    const revisions = inOrder.map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
    const ofFirst = inOrder.filter(({ revision }) => (revision - first) % 2 === 0);
    expect([sum(ofFirst), sum(inOrder)]).toEqual([
      into.filter((column) => column === 'x').length * ROWS_PER_TRANSACTION,
      rows,
    ]);
  }, 180_000);
});

describe('log levels', () => {
  it('follow an order in every running service, and back', async () => {
    const pids = e2e.stack.allInstances.map(({ pid }) => pid);
    const changes = (): (string | undefined)[] =>
      e2e.stack.allInstances.map(({ logFile }) => {
        const lines = readFileSync(logFile, 'utf8').split('\n');
        const changed = lines.filter((line) => line.includes('"msg":"log level changed"')).at(-1);
        return changed === undefined ? undefined : (JSON.parse(changed) as { logLevel: string }).logLevel;
      });
    const isEverywhere = async (level: string): Promise<boolean> => changes().every((now) => now === level);
    await e2e.stack.api.put('/instances/log-level', { body: { level: 'debug', reason: 'looking closer' } });
    await soon('debug everywhere', () => isEverywhere('debug'));
    await e2e.stack.api.put('/instances/log-level', { body: { level: null, reason: 'seen enough' } });
    await soon('the level of before everywhere', () => isEverywhere('info'));
    expect(e2e.stack.allInstances.map(({ pid }) => pid)).toEqual(pids);
  }, 120_000);
});

describe('a pipeline that is removed', () => {
  it('leaves no row, node, consumer or key behind, and one of its name begins anew', async () => {
    const { items } = await e2e.stack.api.get('/pipelines', { query: { name: 'hot' } });
    const { id, channelId, sourceId, targetId } = must(items[0], 'the pipeline of before');
    const counts = async (): Promise<number> => {
      let rows = 0;
      for (const table of LUTRA_TABLES) {
        const [found] = await atTarget(
          `SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'lutra' AND TABLE_NAME = '${table}'`,
        );
        if (Number(found?.['n']) === 0) continue;
        const [row] = await atTarget(`SELECT COUNT(*) AS n FROM lutra.${table} WHERE pipeline_id = '${id}'`);
        rows += Number(row?.['n']);
      }
      return rows;
    };
    expect(await counts()).toBeGreaterThan(0);
    await expect(e2e.stack.api.delete('/pipelines/{id}', { path: { id } })).rejects.toMatchObject({ status: 409 });
    await e2e.stack.api.command(id, 'STOP', 'it goes');
    await soon('STOPPED', async () => (await e2e.stack.api.pipeline(id)).state === 'STOPPED');
    await e2e.stack.api.delete('/pipelines/{id}', { path: { id } });
    await soon(
      'the removal',
      async () => (await e2e.stack.api.get('/removals/{id}', { path: { id } })).state === 'done',
    );
    expect(await counts()).toBe(0);
    expect(await coordinator.pipelines()).not.toContain(id);
    expect([await bus.definition(id), await bus.definition(id, 1), await bus.cursor(id)]).toEqual([null, null, null]);
    expect(await bus.tableHistories(id)).toEqual({ mark: null, tables: [] });
    expect(await consumersNaming(id)).toEqual([]);

    await atTarget('DELETE FROM items');
    const { api } = e2e.stack;
    const { id: again } = await api.post('/pipelines', { body: { channelId, name: 'hot', sourceId, targetId } });
    const source = { schema: e2e.schema, table: { exact: 'items' } };
    const body = { source, target: { schema: e2e.schema } };
    await api.post('/pipelines/{pipelineId}/mappings', { path: { pipelineId: again }, body });
    await api.command(again, 'START', 'anew');
    await e2e.stack.waitReading(again);
    await e2e.atSource('INSERT INTO items (tx, v) VALUES (-1, 42)');
    await soon('the row', async () => (await atTarget('SELECT v FROM items')).length > 0);
    // Nothing of before: it began with what was written after its start.
    expect(await atTarget('SELECT tx, v FROM items')).toEqual([{ tx: -1, v: 42 }]);
  }, 180_000);
});
