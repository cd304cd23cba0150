import { afterEach, describe, expect, it } from '@jest/globals';
import { addFigures, NO_FIGURES, systemClock } from '@lutra/model';
import type { LoadedEvent } from '@lutra/model';
import { testServers } from '@lutra/testing';
import { RollupFold } from '../src/statistics/rollup-fold.ts';
import { slotOf } from '../src/statistics/rollup-steps.ts';
import { RollupStore } from '../src/statistics/rollup-store.ts';
import { Store } from '../src/store/store.ts';
import { loaded } from './rollup-events.ts';
import { Installation } from './running-manager.ts';

// Goal: statistics that an earlier version stored by the minute are found in the new steps; batches are added to what stands.
// Method: a store of both programs; the tables of the earlier version are put back, and the migration runs once more.

const CHANNEL = '01JD2Z5V5V5V5V5V5V5V5V5V5C';
const PIPELINE = '01JD2Z5V5V5V5V5V5V5V5V5V5P';
const OLD_COUNTS = [
  ...[
    'inserted',
    'updated',
    'deleted',
    'skipped',
    'conflicts',
    'transactions',
    'processes',
    'source_bytes',
    'failures',
  ],
  ...['warnings', 'dead_letters', 'dead_letters_retried', 'dead_letters_discarded', 'dead_letter_retries_failed'],
  ...['dry_run_rows', 'values_left_out', 'statements_skipped'],
];

describe.each([
  ['MariaDB', testServers().mariadbTarget],
  ['MySQL', testServers().mysql],
])('statistics in %s', (_name, server) => {
  const installation = new Installation(server);
  const { database } = installation;
  const store = new Store({ ...server, database }, systemClock);
  const rollups = new RollupStore(store);

  afterEach(async () => {
    await store.close('the test ends');
    await installation.close();
  });

  const configure = async (): Promise<void> => {
    const resource = `1, NOW(), NOW()`;
    const run = (sql: string): Promise<unknown> => installation.sql(sql);
    await run(
      `INSERT INTO ${database}.channel (id, version, created_at, updated_at, name, description) VALUES ('${CHANNEL}', ${resource}, 'c', '')`,
    );
    await run(
      `INSERT INTO ${database}.data_source (id, version, created_at, updated_at, name, kind, host, port, \`user\`, password_sealed, tls)
       VALUES ('S', ${resource}, 's', 'mysql', 'h', 1, 'u', '', 'disabled')`,
    );
    await run(
      `INSERT INTO ${database}.pipeline (id, version, created_at, updated_at, channel_id, name, source_id, target_id, parameters, start, revision)
       VALUES ('${PIPELINE}', ${resource}, '${CHANNEL}', 'p', 'S', 'S', '{}', '{}', 1)`,
    );
  };

  it('old minutes are taken over, and batches are added to them', async () => {
    await store.open(() => Promise.resolve());
    await configure();
    await store.close('migrated anew');
    const nowMs = Date.now();
    const minute = slotOf(nowMs, '1h') * 60;
    const columns = OLD_COUNTS.map((name) => `${name} BIGINT UNSIGNED NOT NULL`).join(', ');
    await installation.sql(
      `CREATE TABLE ${database}.statistic_minute (pipeline_id CHAR(26) COLLATE utf8mb4_bin NOT NULL, minute INT UNSIGNED NOT NULL,
       ${columns}, delay_ms_p50 DOUBLE NULL, delay_ms_p99 DOUBLE NULL, PRIMARY KEY (pipeline_id, minute)) DEFAULT CHARACTER SET utf8mb4`,
    );
    for (const [n, pipelineId] of [PIPELINE, PIPELINE, 'removed'].entries())
      await installation.sql(
        `INSERT INTO ${database}.statistic_minute VALUES ('${pipelineId}', ${String(minute + n)}, ${OLD_COUNTS.map((_, i) => String(i + 1)).join(', ')}, 5, 7)`,
      );
    await installation.sql(`DELETE FROM ${database}.migration WHERE name LIKE 'AddRollups%'`);
    await store.open(() => Promise.resolve());

    const slot = slotOf(nowMs, '1h');
    for (const scope of [PIPELINE, CHANNEL, 'installation']) {
      expect(await rollups.figures(scope, '1m', { first: minute, last: minute + 2 })).toHaveLength(2);
      const [hour, ...more] = await rollups.figures(scope, '1h', { first: slot - 1, last: slot + 1 });
      expect(hour).toMatchObject({
        slot,
        figures: { counts: { inserted: 2, sourceBytes: 16, statementsSkipped: 34 } },
      });
      expect(more).toEqual([]);
    }

    const fold = new RollupFold((await rollups.start()).states);
    const place = (sequence: number): { log: string; sequence: number } => ({ log: 'a', sequence });
    const event = (process: number): LoadedEvent =>
      loaded({ pipelineId: PIPELINE, process, atMs: nowMs, tables: [['s.t', process, 0, 0, 0]] });
    fold.fold(event(1));
    expect(await rollups.save(fold.take(), { after: null, place: place(1), nowMs })).toEqual([]);
    for (const process of [1, 2]) fold.fold(event(process));
    fold.fold(loaded({ pipelineId: 'removed', process: 1, atMs: nowMs }));
    expect(await rollups.save(fold.take(), { after: place(1), place: place(4), nowMs })).toEqual(['removed']);
    expect((await rollups.start()).place).toEqual(place(4));
    const inserted = async (scope: string): Promise<number | undefined> =>
      (await rollups.figures(scope, '1d', { first: 0, last: 100_000 }))
        .map(({ figures }) => figures)
        .reduce(addFigures, NO_FIGURES).counts.inserted;
    expect([await inserted(PIPELINE), await inserted(CHANNEL), await inserted('installation')]).toEqual([12, 12, 12]);
    const [tables] = await rollups.tables(PIPELINE, '1h', { first: slot, last: slot });
    expect(tables?.figures).toEqual([['s.t', [3, 0, 0, 0]]]);
  });
});
