/**
 * Goal: in applyMode transactional each source transaction is a target transaction of its own while nothing waits; waiting
 * ones share one, unless `keepTransactions` keeps them apart.
 * Method: a trigger of the target notes at each row which step the checkpoint stands at, which every target transaction moves
 * first: rows of one step are of one target transaction. What waits is published in front of the process it waits for.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PipelineParameters } from '@lutra/model';
import { LoadFixture } from './load-fixture.ts';
import { createPeople, insert, peopleTable } from './rows.ts';

const PROCESSES = 5;
const TRANSACTIONS = 3;
const ROWS = 2;

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])(
  'source transactions at %s',
  (_name, server) => {
    let load: LoadFixture;

    beforeEach(async () => {
      load = await LoadFixture.open(server);
      await load.run(
        createPeople(load.schema),
        `CREATE TABLE ${load.schema}.written (id int NOT NULL PRIMARY KEY, step bigint NOT NULL)`,
        `CREATE TRIGGER ${load.schema}.note_step AFTER INSERT ON ${load.schema}.people FOR EACH ROW ` +
          `INSERT INTO ${load.schema}.written SELECT NEW.id, step FROM lutra.checkpoint ` +
          `WHERE pipeline_id = '${load.pipelineId}' AND lane = 1`,
      );
    });
    afterEach(() => load.close());

    /** Of each process some transactions, of each transaction some rows; ids count through all of them. */
    const publish = (process: number): Promise<void> =>
      load.publish({
        epoch: 1,
        process,
        tables: [peopleTable(load.schema)],
        transactions: Array.from({ length: TRANSACTIONS }, (_, index) => {
          const number = (process - 1) * TRANSACTIONS + index + 1;
          const ids = Array.from({ length: ROWS }, (_row, row) => (number - 1) * ROWS + row + 1);
          return { number, changes: ids.map((id) => insert([id, `name ${String(id)}`, null])) };
        }),
      });

    /** The rows of each target transaction, in the order of the commits. */
    const written = async (): Promise<readonly (readonly number[])[]> => {
      const bySteps = new Map<number, number[]>();
      for (const { id, step } of await load.rows(`SELECT id, step FROM ${load.schema}.written ORDER BY step, id`)) {
        const ids = bySteps.get(Number(step)) ?? [];
        bySteps.set(Number(step), [...ids, Number(id)]);
      }
      return [...bySteps.values()];
    };
    const idsFrom = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
    const apart = (processes: number): number[][] =>
      Array.from({ length: processes * TRANSACTIONS }, (_, index) => idsFrom(index * ROWS + 1, ROWS));

    /** Everything waits for the first process, which comes last. */
    const loadWaiting = async (parameters: Partial<PipelineParameters>): Promise<void> => {
      const epoch = load.startEpoch(1, { applyMode: 'transactional', ...parameters });
      await load.giveOrigin(1);
      for (let process = PROCESSES; process >= 1; process -= 1) await publish(process);
      await load.waitForLoaded(1, PROCESSES);
      expect(await epoch.end()).toBeNull();
    };

    it('stay apart while nothing waits', async () => {
      const epoch = load.startEpoch(1, { applyMode: 'transactional' });
      await load.giveOrigin(1);
      await publish(1);
      await load.waitForLoaded(1, 1);
      await publish(2);
      await load.waitForLoaded(1, 2);
      expect(await written()).toEqual(apart(2));
      expect(await epoch.end()).toBeNull();
    });

    it('are joined whole when they wait', async () => {
      await loadWaiting({});
      expect(await written()).toEqual([idsFrom(1, PROCESSES * TRANSACTIONS * ROWS)]);
    });

    it('are joined up to the limit of a target transaction', async () => {
      // A slow commit does not make the next one smaller here.
      await loadWaiting({ loadTransactionRows: 2 * TRANSACTIONS * ROWS, commitTargetMs: 600_000 });
      const perProcess = TRANSACTIONS * ROWS;
      const sizes = (await written()).map((ids) => ids.length);
      expect(sizes.slice(0, 2)).toEqual([2 * perProcess, 2 * perProcess]);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(PROCESSES * perProcess);
    });

    it('stay apart with keepTransactions, however many wait', async () => {
      await loadWaiting({ keepTransactions: true });
      expect(await written()).toEqual(apart(PROCESSES));
    });
  },
);
