/**
 * Goal: an epoch of load keeps to the pipeline's limits, says why it waits, and goes on as soon as the limit is lifted.
 * Method: a real bus and real targets; the newest parameters change while the epoch runs, as a revision would change them.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import type { PipelineParameters } from '@lutra/model';
import { connectTo, testServers, waitUntil } from '@lutra/testing';
import { LoadFixture } from '../load-fixture.ts';
import { createPeople, insert, peopleTable } from '../rows.ts';

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])('pace at %s', (_name, server) => {
  let load: LoadFixture;
  let sleepers: Connection[];

  beforeEach(async () => {
    sleepers = [];
    load = await LoadFixture.open(server);
    await load.run(createPeople(load.schema));
    for (let count = 0; count < 6; count += 1) sleepers.push(await connectTo(testServers()[server]));
  });
  afterEach(async () => {
    // A server does not notice that a sleeping session has lost its client.
    for (const { threadId } of sleepers) await load.run(`KILL ${String(threadId)}`).catch(() => undefined);
    for (const sleeper of sleepers) sleeper.destroy();
    await load.close();
  });

  const publish = (process: number, rows: number): Promise<void> => {
    const changes = Array.from({ length: rows }, (_, index) => process * 1_000 + index).map((id) =>
      insert([id, `name ${String(id)}`, null]),
    );
    const tables = [peopleTable(load.schema)];
    return load.publish({ epoch: 1, process, tables, transactions: [{ number: process, changes }] });
  };
  const blockers = (): readonly string[] =>
    load.events.flatMap((event) => (event.kind === 'blocked' ? [event.blocker?.message ?? 'none'] : []));

  it.each<[string, Partial<PipelineParameters>, RegExp]>([
    ['rows per second', { throttleRowsPerSecond: 1 }, /^throttled: the pipeline may write 1 rows per second$/],
    ['running threads', { targetRunningThreadsMax: 3 }, /^throttled: target runs \d+ threads, limit 3$/],
  ])(
    'waits for %s, and no longer than the limit stands',
    async (_what, limits, wanted) => {
      let parameters: Partial<PipelineParameters> = {};
      const epoch = load.startEpoch(1, {}, () => parameters);
      await load.giveOrigin(1);
      await publish(1, 5);
      await load.waitForLoaded(1, 1);
      expect(blockers()).toEqual([]);

      for (const sleeper of sleepers) void sleeper.query('SELECT SLEEP(60)').catch(() => undefined);
      parameters = limits;
      // The target is looked at once a second: what comes before may pass, and 100 rows are owed by those behind them.
      let process = 1;
      const isBlocked = async (): Promise<boolean> => {
        if (blockers().some((message) => wanted.test(message))) return true;
        if (process < 40 && load.events.some((event) => event.kind === 'loaded' && event.process === process))
          await publish((process += 1), 100);
        return false;
      };
      await waitUntil(isBlocked, { what: 'load to say what it waits for', timeoutMs: 60_000, everyMs: 300 });
      const count = async (): Promise<number> =>
        Number((await load.rows(`SELECT COUNT(*) AS n FROM ${load.schema}.people`))[0]?.['n']);
      expect(await count()).toBe(5 + (process - 2) * 100);

      parameters = {};
      await load.waitForLoaded(1, process);
      expect(await count()).toBe(5 + (process - 1) * 100);
      expect(await epoch.end()).toBeNull();
      // It is said that nothing is waited for any more.
      await waitUntil(() => blockers().at(-1) === 'none', { what: 'the end of the wait', timeoutMs: 60_000 });
    },
    180_000,
  );
});
