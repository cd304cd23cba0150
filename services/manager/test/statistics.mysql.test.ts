import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { must, systemClock } from '@lutra/model';
import type { LoadedEvent, LutraEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { PipelineWatch } from '../src/statistics/pipeline-watch.ts';
import { ProcessHistory } from '../src/statistics/process-history.ts';
import { RollupFold } from '../src/statistics/rollup-fold.ts';
import { RollupRun } from '../src/statistics/rollup-run.ts';
import { RollupStore } from '../src/statistics/rollup-store.ts';
import { Store } from '../src/store/store.ts';
import { loaded, warning } from './rollup-events.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: statistics by step, scope and table and the history of processes are what the event log says, also when the manager was
// away for a while, or was killed in the middle of saving.
// Method: two installations fold one event log, each with a store of its own; one manager is never stopped, those of the other
// come, go and are cut off from their store. What both have stored is compared row by row.

const steady = new Installation();
const unsteady = new Installation(undefined, { namespace: steady.namespace });
/** The steady one's database, besides its manager. */
const store = new Store({ ...steady.store, database: steady.database }, systemClock);
let manager: RunningManager;
let channelId: string;
let pipelineId: string;
let otherId: string;

const TABLES = [
  ...['statistic_1s', 'statistic_1m', 'statistic_1h', 'statistic_1d'],
  ...['statistic_table_1m', 'statistic_table_1h', 'statistic_table_1d'],
];
const SAVED = { what: 'the log to be folded', timeoutMs: 60_000 };

beforeAll(async () => {
  manager = await steady.start();
  await store.open(() => Promise.resolve());
  channelId = await manager.create('channels', { name: 'shop' });
  const source = { kind: 'mariadb', host: 'db.example.com', port: 3301, user: 'lutra', password: 'secret' };
  const sourceId = await manager.create('data-sources', { ...source, name: 'source' });
  const targetId = await manager.create('data-sources', { ...source, name: 'target', port: 3302 });
  pipelineId = await manager.create('pipelines', { channelId, name: 'first', sourceId, targetId });
  otherId = await manager.create('pipelines', { channelId, name: 'second', sourceId, targetId });
});

afterAll(async () => {
  await store.close('the test ends');
  await unsteady.close();
  await steady.close();
});

const get = (path: string): Promise<Answer> => manager.request('GET', `/api/v1/${path}`);

async function publish(events: readonly LutraEvent[]): Promise<void> {
  for (const event of events) await manager.bus.publishEvent(event);
}

/** All that is stored, read: the order of fields in a slot's text depends on where batches were cut. */
async function stored(installation: Installation): Promise<unknown> {
  const { database } = installation;
  const ordered = [
    ...TABLES.map((table) => `${table} ORDER BY scope, slot`),
    'statistic_state ORDER BY pipeline_id',
    'process_history ORDER BY pipeline_id, epoch, process',
  ];
  const tables = await Promise.all(ordered.map((table) => installation.sql(`SELECT * FROM ${database}.${table}`)));
  return JSON.parse(JSON.stringify(tables), (_name, value: unknown) =>
    typeof value === 'string' && value.startsWith('{') ? (JSON.parse(value) as unknown) : value,
  ) as unknown;
}

async function hasProcess(installation: Installation, process: number): Promise<boolean> {
  const table = `${installation.database}.process_history`;
  const [row] = await installation.sql(`SELECT 1 FROM ${table} WHERE epoch = 2 AND process = ${String(process)}`);
  return row !== undefined;
}

/** Locks what a statement reads until the function that it gives is called. */
async function lock({ store }: Installation, select: string): Promise<() => Promise<void>> {
  const { host, port, user, password } = store;
  const connection = await createConnection({ host, port, user, password });
  await connection.query('START TRANSACTION');
  await connection.query(`${select} FOR UPDATE`);
  return async () => connection.end();
}

/** Number of the session that waits to write into a table. */
const writingSession = (installation: Installation, table: string): Promise<string> =>
  waitUntil(
    async () => {
      const processes = await installation.sql('SHOW PROCESSLIST');
      const found = processes.find(
        ({ db, Info }) => db === installation.database && String(Info).startsWith(`INSERT INTO ${table} `),
      );
      return found === undefined ? undefined : String(found['Id']);
    },
    { what: `a session that writes into ${table}`, timeoutMs: 60_000 },
  );

describe('figures over the API', () => {
  const START_MS = Date.now() - 120_000;
  const at = (second: number): number => START_MS + second * 1_000;

  beforeAll(async () => {
    const events: LoadedEvent[] = [
      loaded({ pipelineId, process: 1, atMs: at(0), firstCommitMs: at(0) - 100 }),
      loaded({
        pipelineId,
        process: 2,
        atMs: at(1),
        firstCommitMs: at(1) - 5_000,
        tables: [['shop.items', 5, 3, 2, 1]],
      }),
      loaded({ pipelineId: otherId, process: 1, atMs: at(1), sourceBytes: 77 }),
    ];
    // One that makes no sense is passed over.
    const bad = { ...loaded({ pipelineId, process: 9, atMs: at(0) }), at: 'yesterday' };
    await publish([...events, bad, ...events, warning(pipelineId, at(2))]);
    const sum = async (): Promise<unknown> => (await get(`statistics?pipelineId=${pipelineId}`)).body['sum'];
    await waitUntil(async () => JSON.stringify(await sum()).includes('"warnings":1'), SAVED);
  });

  it.each(['1s', '1m', '1h', '1d'])('a pipeline by %s', async (step) => {
    const from = step === '1s' ? `&from=${new Date(at(-5)).toISOString()}` : '';
    const { body } = await get(`statistics?pipelineId=${pipelineId}&step=${step}${from}`);
    const counts = { inserted: 10, updated: 6, deleted: 4, processes: 2, transactions: 4, sourceBytes: 2_000 };
    expect(body).toMatchObject({
      step,
      sum: { ...counts, warnings: 1, delayMsMax: 5_000, stages: { load: { ms: 60, msMax: 30 }, process: { ms: 180 } } },
      live: { totals: counts },
    });
    const points = body['points'] as readonly { at: string; processes: number; delayMsP99: number }[];
    expect(points.reduce((sum, { processes }) => sum + processes, 0)).toBe(2);
    if (step === '1s') expect(points.map(({ processes }) => processes)).toEqual([1, 1, 0]);
    expect(Math.abs((body['sum'] as { delayMsP50: number }).delayMsP50 / 100 - 1)).toBeLessThan(0.03);
  });

  it('a channel and the installation are the sums of their pipelines', async () => {
    for (const scope of [`?channelId=${channelId}`, ''])
      expect((await get(`statistics${scope}`)).body).toMatchObject({
        sum: { processes: 3, sourceBytes: 2_077, warnings: 1, delayMsMax: 5_000 },
        live: null,
      });
  });

  it('rows by target table, and one of them step by step', async () => {
    expect((await get(`statistics/tables?pipelineId=${pipelineId}`)).body).toMatchObject({
      total: 2,
      items: [
        { table: 'shop.items', inserted: 5, updated: 3, deleted: 2, skipped: 1 },
        { table: 'shop.orders', inserted: 5, updated: 3, deleted: 2, skipped: 0 },
      ],
    });
    const one = await get(`statistics/tables?pipelineId=${pipelineId}&table=shop.items&step=1d`);
    expect(one.body).toMatchObject({
      total: 1,
      items: [{ table: 'shop.items', points: [{ inserted: 5, skipped: 1 }] }],
    });
  });

  it('the history of processes, newest or slowest first, with the times of the stages', async () => {
    const slow = { instance: 'load-1', rowCount: 1, bytes: 1 };
    const stages = [{ ...slow, stage: 'load' as const, startMs: at(-60), endMs: at(-50) }];
    await publish([loaded({ pipelineId, process: 3, atMs: at(-50), stages })]);
    const newest = (): Promise<Answer> => get(`processes?pipelineId=${pipelineId}`);
    await waitUntil(async () => (await newest()).body['total'] === 3, SAVED);
    expect((await newest()).body.items?.map(({ process }) => process)).toEqual([2, 1, 3]);
    const slowest = (await get(`processes?pipelineId=${pipelineId}&slowest=true&pageSize=1`)).body;
    expect(slowest).toMatchObject({
      total: 3,
      items: [
        { process: 3, ageMs: 10_000, traceId: 'abc', rowCount: 10, bytes: 1_000, stages: [{ durationMs: 10_000 }] },
      ],
    });
    const early = `from=${new Date(at(-51)).toISOString()}&to=${new Date(at(-1)).toISOString()}`;
    expect((await get(`processes?pipelineId=${pipelineId}&${early}`)).body['total']).toBe(1);
  });

  it('a manager that has just started counts nothing a second time, however much the last seconds hold', async () => {
    const warnings = Array.from({ length: 400 }, () => warning(otherId, Date.now()));
    await publish(warnings);
    const path = `statistics?pipelineId=${otherId}`;
    const warningsOf = ({ body }: Answer, part: 'sum' | 'live'): number => {
      const figures = body[part] as { readonly warnings?: number; readonly totals?: { readonly warnings: number } };
      return figures.totals?.warnings ?? figures.warnings ?? 0;
    };
    await waitUntil(async () => warningsOf(await get(path), 'sum') === 400, SAVED);
    const second = await steady.start();
    // Behind all that it reads again.
    await publish([warning(otherId, Date.now())]);
    const seen = await waitUntil(
      async () => {
        const count = warningsOf(await second.request('GET', `/api/v1/${path}`), 'live');
        return count > 400 && count;
      },
      { what: 'the new one to have read the log', timeoutMs: 60_000 },
    );
    expect(seen).toBe(401);
    await second.stop();
  });

  it.each([
    ['statistics?step=5m', 400, 'step'],
    ['statistics?from=yesterday', 400, 'from'],
    ['statistics?from=2026-W09', 400, 'from'],
    ['statistics?step=1s&from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z', 400, 'from must not be before'],
    ['statistics?to=2020-01-01T00:00:00Z&from=2021-01-01T00:00:00Z', 400, 'from'],
    [`statistics?pipelineId=x`, 400, 'pipelineId'],
    ['statistics?pipelineId=01JD2Z5V5V5V5V5V5V5V5V5V5V', 404, '01JD2Z5V5V5V5V5V5V5V5V5V5V'],
    ['statistics?channelId=01JD2Z5V5V5V5V5V5V5V5V5V5V', 404, '01JD2Z5V5V5V5V5V5V5V5V5V5V'],
    ['statistics?channelId=01JD2Z5V5V5V5V5V5V5V5V5V5V&pipelineId=01JD2Z5V5V5V5V5V5V5V5V5V5V', 400, 'channelId'],
    ['statistics/tables', 400, 'pipelineId'],
    ['statistics/tables?pipelineId=01JD2Z5V5V5V5V5V5V5V5V5V5V&step=1s', 400, '1m, 1h, 1d'],
    ['processes', 400, 'pipelineId'],
    ['processes?pipelineId=01JD2Z5V5V5V5V5V5V5V5V5V5V', 404, '01JD2Z5V5V5V5V5V5V5V5V5V5V'],
    ['processes?pipelineId=01JD2Z5V5V5V5V5V5V5V5V5V5V&slowest=very', 400, 'slowest'],
  ])('%s is answered %d', async (path, status, words) => {
    const answer = await get(path);
    expect([answer.status, String(answer.body['detail'])]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe('a manager that was away', () => {
  const START_MS = Date.now() - 90_000;
  let number = 1_000;
  /** Processes of both pipelines, and a warning now and then; the last is a process. */
  const some = (count: number): readonly LutraEvent[] =>
    Array.from({ length: count }, (_, i) => {
      number += 1;
      const id = number % 3 === 0 ? otherId : pipelineId;
      const atMs = START_MS + number * 13;
      const tables = [[`shop.t${String(number % 7)}`, number, 1, 0, 0]] as const;
      return i % 10 === 5 ? warning(id, atMs) : loaded({ pipelineId: id, epoch: 2, process: number, atMs, tables });
    });
  const untilFolded = (installation: Installation): Promise<unknown> => {
    const process = number;
    return waitUntil(() => hasProcess(installation, process), SAVED);
  };

  it('has the same figures as one that never was, down to the last row', async () => {
    await (await unsteady.start()).stop();
    for (const table of ['channel', 'data_source', 'pipeline'])
      await unsteady.sql(`INSERT INTO ${unsteady.database}.${table} SELECT * FROM ${steady.database}.${table}`);
    await unsteady.sql(`UPDATE ${unsteady.database}.statistic_place SET log = '', sequence = 0`);

    const both = [await unsteady.start(), await unsteady.start()];
    const early = some(100);
    await publish(early);
    await untilFolded(unsteady);
    await publish(some(40));
    // Away, without a word: what was folded and not saved is gone.
    for (const one of both) await one.stop();
    await publish(some(150));
    await publish(early.slice(60));

    const unlock = await lock(unsteady, `SELECT * FROM ${unsteady.database}.statistic_1d`);
    const last = await unsteady.start();
    await publish(some(50));
    // Killed in the middle of a save: seconds, minutes and hours are written, the day is not.
    await unsteady.sql(`KILL ${await writingSession(unsteady, 'statistic_1d')}`);
    await publish(some(20));
    await unlock();

    await Promise.all([untilFolded(steady), untilFolded(unsteady)]);
    expect(await stored(unsteady)).toEqual(await stored(steady));
    await last.stop();
  });

  it('a save that fails with a full batch behind it loses nothing and doubles nothing', async () => {
    const { database } = unsteady;
    const own = new Store({ ...unsteady.store, database }, systemClock);
    await own.open(() => Promise.resolve());
    const rollups = new RollupStore(own);
    const parts = { store: own, rollups, watch: new PipelineWatch(), history: new ProcessHistory(own) };
    const events = Array.from({ length: 2_100 }, (_, i) =>
      loaded({ pipelineId, epoch: 10, process: i + 1, atMs: START_MS + i }),
    );
    const begin = async (): Promise<RollupRun> => {
      const { place, states } = await rollups.start();
      return new RollupRun({ ...parts, clock: systemClock }, place, states);
    };
    const fold = (run: RollupRun, first: number, last: number): void => {
      for (const event of events.slice(first, last)) run.fold.fold(event);
      const { log, sequence } = must(run.reached, 'the log was read before');
      run.reached = { log, sequence: sequence + last - first };
    };
    const before = await rollups.start();

    const unlock = await lock(unsteady, `SELECT * FROM ${database}.statistic_1d`);
    const run = await begin();
    fold(run, 0, 50);
    const failing = [run.save()];
    const session = await writingSession(unsteady, 'statistic_1d');
    fold(run, 50, 2_100);
    failing.push(run.save());
    await unsteady.sql(`KILL ${session}`);
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await unlock();
    // What is folded here has a hole: it is not saved, however often somebody asks.
    expect(await run.save()).toBe(false);
    expect((await rollups.start()).place).toEqual(before.place);

    const next = await begin();
    fold(next, 0, 2_100);
    expect([await next.save(), await next.save()]).toEqual([true, true]);
    const after = await rollups.start();
    expect(must(after.place, 'it was saved').sequence).toBe(must(before.place, 'it was saved').sequence + 2_100);
    const processes = ({ states }: typeof after): number => states.get(pipelineId)?.totals.processes ?? 0;
    expect(processes(after) - processes(before)).toBe(2_100);
    await own.close('the test ends');
  });

  it('a save that comes after that of another manager writes nothing', async () => {
    const rollups = new RollupStore(store);
    const fold = new RollupFold(new Map());
    fold.fold(loaded({ pipelineId, epoch: 9, process: 1, atMs: Date.now() }));
    const stale = { log: 'another', sequence: 1 };
    const at = { after: stale, place: { ...stale, sequence: 2 }, nowMs: Date.now() };
    expect(await rollups.save(fold.take(), at)).toBeNull();
    expect(await steady.sql(`SELECT 1 FROM ${steady.database}.process_history WHERE epoch = 9`)).toEqual([]);
  });
});

describe('what is kept', () => {
  const countOf = async (table: string, condition: string): Promise<number> => {
    const [row] = await steady.sql(`SELECT COUNT(*) AS count FROM ${steady.database}.${table} WHERE ${condition}`);
    return Number(row?.['count']);
  };

  it('slots are removed when their step is over', async () => {
    for (const table of TABLES) {
      await steady.sql(`INSERT INTO ${steady.database}.${table} VALUES ('${pipelineId}', 5, '{}'), ('x', 5, '{}')`);
      expect(await countOf(table, 'slot = 5')).toBe(2);
    }
    const before = await countOf('statistic_1d', 'slot > 5');
    await new RollupStore(store).removeOld(Date.now());
    for (const table of TABLES) expect(await countOf(table, 'slot = 5')).toBe(0);
    expect(await countOf('statistic_1d', 'slot > 5')).toBe(before);
  });

  it('of the processes of a pipeline the newest 10 000 of the last day stay', async () => {
    const { database } = steady;
    const nowMs = Date.now() + 60_000;
    for (const [epoch, oldestMs] of [
      [7, nowMs - 20_000],
      [8, nowMs - 2 * 86_400_000],
    ] as const)
      await steady.sql(
        `INSERT INTO ${database}.process_history SELECT '${pipelineId}', ${String(epoch)}, seq, ${String(oldestMs)} + seq, 1, '{}'
         FROM ${database}.seq_1_to_10005`,
      );
    await new ProcessHistory(store).removeOld(nowMs, [pipelineId]);
    const mine = `pipeline_id = '${pipelineId}'`;
    expect(await countOf('process_history', mine)).toBe(10_000);
    expect(await countOf('process_history', `${mine} AND epoch = 7 AND process > 5`)).toBe(10_000);
    expect(await countOf('process_history', `pipeline_id = '${otherId}'`)).toBeGreaterThan(0);
  });

  it('for as long as the system parameters say, and no question is answered from what is gone', async () => {
    const DAY_MS = 86_400_000;
    const slot = Math.floor((Date.now() - 2 * DAY_MS) / 60_000);
    const { database } = steady;
    await steady.sql(`INSERT INTO ${database}.statistic_1m VALUES ('x', ${String(slot)}, '{}')`);
    await steady.sql(
      `INSERT INTO ${database}.process_history VALUES ('${pipelineId}', 11, 1, ${String(Date.now() - 7_200_000)}, 1, '{}')`,
    );
    const remove = async (): Promise<void> => {
      await new RollupStore(store).removeOld(Date.now());
      await new ProcessHistory(store).removeOld(Date.now(), []);
    };
    const patch = (body: unknown): Promise<Answer> => manager.request('PATCH', '/api/v1/system-parameters', { body });
    const counts = async (): Promise<unknown> =>
      Promise.all([
        countOf('statistic_1m', `scope = 'x' AND slot = ${String(slot)}`),
        countOf('process_history', 'epoch = 11'),
      ]);
    const question = `statistics?step=1m&from=${new Date(Date.now() - 1.5 * DAY_MS).toISOString()}&to=${new Date(Date.now() - 1.4 * DAY_MS).toISOString()}`;
    await remove();
    expect([await counts(), (await get(question)).status]).toEqual([[1, 1], 200]);
    await patch({ statistics1mDays: 1, processHours: 1 });
    await remove();
    expect([await counts(), (await get(question)).status]).toEqual([[0, 0], 400]);
    expect((await patch({ statistics1mDays: null, processHours: null })).body).toMatchObject({ statistics1mDays: 7 });
    expect((await get(question)).status).toBe(200);
  });

  it('the figures of a removed pipeline go, its part of the totals stays', async () => {
    const totals = (): Promise<Answer> => get(`statistics?channelId=${channelId}&step=1d`);
    const before = (await totals()).body['sum'];
    await manager.request('DELETE', `/api/v1/pipelines/${otherId}`);
    const isGone = async (): Promise<boolean> => (await get(`pipelines/${otherId}`)).status === 404;
    await waitUntil(isGone, { what: 'the pipeline to be removed', timeoutMs: 60_000 });
    await new RollupStore(store).removeForgotten();
    for (const table of TABLES) expect(await countOf(table, `scope = '${otherId}'`)).toBe(0);
    for (const table of ['process_history', 'statistic_state'])
      expect(await countOf(table, `pipeline_id = '${otherId}'`)).toBe(0);
    expect((await totals()).body['sum']).toEqual(before);
  });
});
