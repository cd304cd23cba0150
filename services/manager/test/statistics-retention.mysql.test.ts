import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { loaded } from './rollup-events.ts';
import { Installation } from './running-manager.ts';

// Goal: a running manager removes what is older than its step is kept, to the slot, and of the processes what is too old or too
// much; everything inside of that stays.
// Method: rows at both sides of each border are written into the store of a manager whose wall clock stands still, so that the
// borders do too; nobody but the manager removes anything.

const installation = new Installation();
const { database } = installation;
const NOW_MS = Date.now();
const stillClock: Clock = { ...systemClock, now: () => new Date(NOW_MS) };
const SCOPES = { pipeline: '', channel: '', installation: 'installation' };

/** Width of a slot in seconds, and how many slots are kept behind the running one. */
const KEPT = [
  { step: '1s', seconds: 1, slots: 3_600 },
  { step: '1m', seconds: 60, slots: 7 * 24 * 60 },
  { step: '1h', seconds: 3_600, slots: 90 * 24 },
  { step: '1d', seconds: 86_400, slots: 5 * 366 },
] as const;
const TABLES = KEPT.flatMap(({ step, seconds, slots }) => {
  const oldest = Math.floor(NOW_MS / 1_000 / seconds) - slots;
  const figures = { table: `statistic_${step}`, oldest, scopes: Object.keys(SCOPES) as (keyof typeof SCOPES)[] };
  // Rows are not counted by table and second.
  return step === '1s'
    ? [figures]
    : [figures, { ...figures, table: `statistic_table_${step}`, scopes: ['pipeline'] as const }];
});
const DAY_MS = 86_400_000;
const PROCESSES_MAX = 10_000;

beforeAll(async () => {
  const manager = await installation.start();
  const source = { kind: 'mariadb', host: 'db.example.com', port: 3301, user: 'lutra', password: 'secret' };
  SCOPES.channel = await manager.create('channels', { name: 'shop' });
  const pipeline = {
    channelId: SCOPES.channel,
    sourceId: await manager.create('data-sources', { ...source, name: 'source' }),
    targetId: await manager.create('data-sources', { ...source, name: 'target', port: 3302 }),
  };
  SCOPES.pipeline = await manager.create('pipelines', { ...pipeline, name: 'first' });
  // A pipeline that has loaded has a state, and its history is looked after.
  await manager.bus.publishEvent(loaded({ pipelineId: SCOPES.pipeline, process: 1, atMs: NOW_MS }));
  await waitUntil(async () => (await installation.sql(`SELECT 1 FROM ${database}.process_history`)).length === 1, {
    ...{ what: 'the process to be stored', timeoutMs: 60_000 },
  });
  await manager.stop();
});

afterAll(async () => {
  await installation.close();
});

/** Whether the slots that a scope has in a table are these. */
async function slotsOf(table: string, scope: string): Promise<number[]> {
  const rows = await installation.sql(
    `SELECT slot FROM ${database}.${table} WHERE scope = '${scope}' AND body = '{}' ORDER BY slot`,
  );
  return rows.map(({ slot }) => Number(slot));
}

async function processes(epoch: number): Promise<number[]> {
  const rows = await installation.sql(
    `SELECT process FROM ${database}.process_history WHERE epoch = ${String(epoch)} ORDER BY process`,
  );
  return rows.map(({ process }) => Number(process));
}

it('keeps the slots of each step, and processes, up to the border and nothing behind it', async () => {
  for (const { table, oldest, scopes } of TABLES)
    for (const scope of scopes) {
      const rows = [oldest - 1, oldest].map((slot) => `('${SCOPES[scope]}', ${String(slot)}, '{}')`);
      await installation.sql(`INSERT INTO ${database}.${table} VALUES ${rows.join(', ')}`);
    }
  // With the one that was loaded: one too many, and one that is as old as it, which goes along.
  await installation.sql(
    `INSERT INTO ${database}.process_history SELECT '${SCOPES.pipeline}', 7, seq, ${String(NOW_MS - 20_000)} + GREATEST(seq, 2), 1, '{}'
     FROM ${database}.seq_1_to_${String(PROCESSES_MAX + 1)}`,
  );
  const dayAgo = [1, 0].map(
    (tooOldMs, n) => `('another', 8, ${String(n + 1)}, ${String(NOW_MS - DAY_MS - tooOldMs)}, 1, '{}')`,
  );
  await installation.sql(`INSERT INTO ${database}.process_history VALUES ${dayAgo.join(', ')}`);

  const manager = await installation.start({ clock: stillClock });
  const left = (): Promise<unknown[]> =>
    Promise.all(TABLES.flatMap(({ table, scopes }) => scopes.map((scope) => slotsOf(table, SCOPES[scope]))));
  const expected = TABLES.flatMap(({ oldest, scopes }) => scopes.map(() => [oldest]));
  // The processes are the last to go.
  await waitUntil(async () => (await processes(7)).length < PROCESSES_MAX + 1, {
    ...{ what: 'the manager to remove what is old', timeoutMs: 90_000 },
  });
  expect(await left()).toEqual(expected);
  expect(await processes(8)).toEqual([2]);
  expect(await processes(7)).toEqual(Array.from({ length: PROCESSES_MAX - 1 }, (_, n) => n + 3));
  await manager.stop();
});
