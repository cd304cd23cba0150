// Goal: what is changed while rows flow counts from one process on, and no row is handled by a mixture of before and after; a
// pipeline that is removed leaves nothing behind, and one of its name begins anew; log levels follow without a stop.
// Method: the six services; a writer commits transactions of several rows while a mapping is changed again and again; the
// target tells under which mapping, and in which statement, each row was written, the event log under which revision each process was.
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
import type { LoadedEvent, PipelineParameters } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { startE2eStack } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { itemTable, ItemWriter, ROWS_PER_TRANSACTION } from './item-writer.ts';

const FLIPS = 6;
const LUTRA_TABLES = ['checkpoint', 'lane_shape', 'last_window', 'ddl', 'dead_letter', 'conflict'];

let e2e: E2eStack;
let bus: Bus;
let coordinator: Coordinator;

beforeAll(async () => {
  // A machine that stalls for a moment must not cost a lease: what is changed here must leave the epoch as it is.
  e2e = await startE2eStack('hot-configuration', { env: { LUTRA_ZOOKEEPER_SESSION_TIMEOUT_MS: '20000' } });
  await e2e.createTables(itemTable());
  await e2e.atSource(itemTable('sized'));
  // All rows of one statement have the same time.
  await e2e.atTarget(
    itemTable('sized', ', written TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), CHECK (v <> 99)'),
  );
  const { nats, zookeeper } = e2e.stack.options.servers;
  bus = await openBus({ ...nats, name: 'hot-test', namespace: e2e.stack.namespace });
  coordinator = await openCoordinator({ ...zookeeper, root: `/${e2e.stack.namespace}` });
}, 240_000);

afterAll(async () => {
  await Promise.all([bus.close(), coordinator.close()]);
  await e2e.stop();
});

const columnsInto = (target: 'x' | 'y'): ColumnSelectionDto => ({
  mode: 'list',
  columns: ['id', 'tx', 'v'].map((name) => ({ source: name, target: name === 'v' ? target : name })),
});

/** Consumers of any stream whose name tells of the pipeline. */
async function consumersNaming(pipelineId: string): Promise<string[]> {
  const { servers, user, password } = e2e.stack.options.servers.nats;
  const nats = await connect({ servers: servers.split(','), user, pass: password });
  try {
    const manager = await jetstreamManager(nats);
    const names: string[] = [];
    // Other tests' streams may go while we look.
    const { namespace } = e2e.stack;
    for await (const stream of manager.streams.names())
      if (stream.toLowerCase().includes(namespace))
        for await (const { name } of manager.consumers.list(stream)) names.push(name);
    return names.filter((name) => name.includes(pipelineId));
  } finally {
    await nats.close();
  }
}

/** What load tells of a pipeline, from its first process on. */
class LoadedLog {
  private readonly events: LoadedEvent[] = [];
  private readonly end = new AbortController();

  constructor(private readonly pipelineId: string) {
    // Who misses an event says so after a while.
    this.follow().catch(() => undefined);
  }

  /** In the order of the source; of one revision, or of all. */
  of(revision?: number): readonly LoadedEvent[] {
    return this.events
      .filter((event) => revision === undefined || event.revision === revision)
      .sort((one, other) => (one.epoch ?? 0) - (other.epoch ?? 0) || (one.process ?? 0) - (other.process ?? 0));
  }

  /** Rows that were inserted. */
  rows(revision?: number): number {
    return sum(this.of(revision));
  }

  close(): void {
    this.end.abort();
  }

  private async follow(): Promise<void> {
    const filter = { pipelineId: this.pipelineId, kinds: ['loaded'], since: new Date(0) } as const;
    for await (const event of bus.followEvents(filter, this.end.signal))
      if (event.kind === 'loaded') this.events.push(event);
  }
}

const sum = (events: readonly LoadedEvent[]): number => events.reduce((total, { inserted }) => total + inserted, 0);

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
    const loaded = new LoadedLog(id);
    const [mapping] = (await e2e.stack.api.get('/pipelines/{pipelineId}/mappings', { path: { pipelineId: id } })).items;
    const first = (await e2e.stack.api.pipeline(id)).revision;
    const hasRows = (revision: number): boolean => loaded.rows(revision) > 0;
    const writer = new ItemWriter(e2e.stack.options.servers.source, e2e.schema);
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
    const { rows } = writer;
    await soon('all rows', async () => loaded.rows() >= rows);
    loaded.close();

    const transactions = await e2e.ask('target', 'SELECT tx, COUNT(*), COUNT(x), COUNT(y) FROM items GROUP BY tx');
    expect(transactions).toHaveLength(writer.transactions);
    const into = transactions
      .map((counts) => counts.map(Number))
      .toSorted(([one = 0], [other = 0]) => one - other)
      .map(([tx, n, x = 0, y = 0]) => {
        expect([tx, n, x * y, x + y]).toEqual([tx, ROWS_PER_TRANSACTION, 0, ROWS_PER_TRANSACTION]);
        return x > 0 ? 'x' : 'y';
      });
    // In the order of the source there is one border for each change, and no way back.
    const borders = into.filter((column, index) => index > 0 && column !== into[index - 1]);
    expect(borders).toHaveLength(FLIPS);
    const inOrder = loaded.of();
    const revisions = inOrder.map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
    const ofFirst = inOrder.filter(({ revision }) => (revision - first) % 2 === 0);
    expect([sum(ofFirst), sum(inOrder)]).toEqual([
      into.filter((column) => column === 'x').length * ROWS_PER_TRANSACTION,
      rows,
    ]);
  });
});

describe('a pipeline that runs', () => {
  it('takes other sizes and policies from one process on, in its epoch', async () => {
    const { api } = e2e.stack;
    const { servers } = e2e.stack.options;
    const source = { schema: e2e.schema, table: { exact: 'sized' } };
    const id = await e2e.stack.createPipeline({
      name: 'sized',
      parameters: { maxRows: 7, lanes: 1, poisonTries: 1 },
      mappings: [{ source, target: { schema: e2e.schema } }],
    });
    const { epoch, revision: first } = await api.pipeline(id);
    const loaded = new LoadedLog(id);
    let revision = first;
    const hasProcess = (rows: number): Promise<boolean> =>
      soon(`a process of ${String(rows)} rows under revision ${String(revision)}`, async () =>
        loaded.of(revision).some(({ inserted }) => inserted >= rows),
      );
    const change = async (parameters: Partial<PipelineParameters>, rows = 1): Promise<number> => {
      await api.patch('/pipelines/{id}', { path: { id }, body: { parameters } });
      revision += 1;
      await hasProcess(rows);
      return revision;
    };
    const writer = new ItemWriter(servers.source, e2e.schema, 'sized');
    try {
      await hasProcess(1);
      const large = await change({ maxRows: 500, maxDelayMs: 500 }, 20);
      const inBatches = await change({ loadBatchRows: 3 }, 20);
      const small = await change({ maxRows: 4 });
      expect(largestProcess(loaded, first)).toBeLessThanOrEqual(7);
      expect(largestProcess(loaded, small)).toBeLessThanOrEqual(4);

      // Small processes fall behind the writer: what follows is to be read soon.
      await change({ onPoison: 'deadLetter', maxRows: 5_000, loadBatchRows: 500 });
      await e2e.atSource('INSERT INTO sized (tx, v) VALUES (-1, 99)');
      const query = { pipelineId: id };
      await soon('a dead letter', async () => (await api.get('/dead-letters', { query })).total === 1);

      await e2e.atTarget('UPDATE sized SET x = 7 WHERE tx = 1');
      await e2e.atSource('UPDATE sized SET x = 1 WHERE tx = 1 AND v = 0');
      const xOf = async (v: number): Promise<unknown> =>
        (await e2e.ask('target', `SELECT x FROM sized WHERE tx = 1 AND v = ${String(v)}`))[0]?.[0];
      await soon('the row of the source', async () => (await xOf(0)) === '1');
      const path = { pipelineId: id };
      const [mapping] = (await api.get('/pipelines/{pipelineId}/mappings', { path })).items;
      await api.patch('/pipelines/{pipelineId}/mappings/{id}', {
        ...{ path: { ...path, id: mapping?.id ?? '' }, body: { onConflict: { kind: 'targetWins' } } },
      });
      revision += 1;
      await hasProcess(1);
      await e2e.atSource('UPDATE sized SET x = 1 WHERE tx = 1 AND v = 1');
      await soon('a conflict', async () => (await api.get('/conflicts', { query })).total === 1);
      expect(await xOf(1)).toBe('7');

      await writer.stop();
      await soon('all rows', async () => loaded.rows() >= writer.rows);
      expect(await largestStatement(loaded, large)).toBeGreaterThan(3);
      expect(await largestStatement(loaded, inBatches)).toBeLessThanOrEqual(3);
    } finally {
      await writer.stop();
      loaded.close();
    }
    const rows = 'SELECT id, tx, v FROM sized WHERE tx > 0';
    expect(await e2e.ask('target', rows)).toEqual(await e2e.ask('source', rows));
    expect(await api.pipeline(id)).toMatchObject({ state: 'RUNNING', epoch, failure: null });
  }, 240_000);

  const largestProcess = (loaded: LoadedLog, revision: number): number =>
    Math.max(...loaded.of(revision).map(({ inserted }) => inserted));

  /** Most rows that one statement wrote of those that were handled under a revision. */
  async function largestStatement(loaded: LoadedLog, revision: number): Promise<number> {
    const before = sum(loaded.of().filter((event) => event.revision < revision));
    const statements = await e2e.ask(
      'target',
      `SELECT COUNT(*) FROM (SELECT written FROM sized WHERE tx > 0 ORDER BY id LIMIT ${String(before)}, ${String(loaded.rows(revision))}) AS part GROUP BY written`,
    );
    return Math.max(...statements.map(([n]) => Number(n)));
  }
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
  });
});

describe('a pipeline that is removed', () => {
  it('leaves no row, node, consumer or key behind, and one of its name begins anew', async () => {
    const { items } = await e2e.stack.api.get('/pipelines', { query: { name: 'hot' } });
    const { id, channelId, sourceId, targetId } = must(items[0], 'the pipeline of before');
    const counts = async (): Promise<number> => {
      let rows = 0;
      for (const table of LUTRA_TABLES) {
        const [found] = await e2e.ask(
          'target',
          `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'lutra' AND TABLE_NAME = '${table}'`,
        );
        if (found?.[0] === '0') continue;
        const [row] = await e2e.ask('target', `SELECT COUNT(*) FROM lutra.${table} WHERE pipeline_id = '${id}'`);
        rows += Number(row?.[0]);
      }
      return rows;
    };
    expect(await counts()).toBeGreaterThan(0);
    expect(await consumersNaming(id)).not.toEqual([]);
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

    await e2e.atTarget('DELETE FROM items');
    const { api } = e2e.stack;
    const { id: again } = await api.post('/pipelines', { body: { channelId, name: 'hot', sourceId, targetId } });
    const source = { schema: e2e.schema, table: { exact: 'items' } };
    const body = { source, target: { schema: e2e.schema } };
    await api.post('/pipelines/{pipelineId}/mappings', { path: { pipelineId: again }, body });
    await api.command(again, 'START', 'anew');
    await e2e.stack.waitReading(again);
    await e2e.atSource('INSERT INTO items (tx, v) VALUES (-1, 42)');
    // Nothing of before: it began with what was written after its start.
    expect(await e2e.askUntil('target', 'SELECT tx, v FROM items', [['-1', '42']])).toEqual([['-1', '42']]);
  });
});
