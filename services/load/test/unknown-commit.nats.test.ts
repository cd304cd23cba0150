/**
 * Goal: a COMMIT whose answer is lost is neither repeated nor forgotten.
 * Method: the loader reaches the target through a proxy that cuts the connection just before or just after the COMMIT. The
 * rows stand in a table where a repeat would show: a trigger counts them.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultProxy, testServers } from '@lutra/testing';
import { LoadFixture } from './load-fixture.ts';
import { createPeople, insert, peopleTable } from './rows.ts';

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])(
  'a lost answer of %s',
  (_name, server) => {
    let load: LoadFixture;
    let proxy: FaultProxy;

    beforeEach(async () => {
      proxy = await FaultProxy.open(testServers()[server]);
      load = await LoadFixture.open(server, { loaderPort: proxy.port });
      await load.run(
        createPeople(load.schema),
        `CREATE TABLE ${load.schema}.written (n int AUTO_INCREMENT PRIMARY KEY, id int)`,
        `CREATE TRIGGER ${load.schema}.counts AFTER INSERT ON ${load.schema}.people FOR EACH ROW INSERT INTO ${load.schema}.written (id) VALUES (NEW.id)`,
        `CREATE TRIGGER ${load.schema}.counts_too AFTER UPDATE ON ${load.schema}.people FOR EACH ROW INSERT INTO ${load.schema}.written (id) VALUES (NEW.id)`,
      );
    });
    afterEach(async () => {
      await load.close();
      await proxy.close();
    });

    it.each(['before', 'after'] as const)('cut %s the COMMIT: every row is written once', async (when) => {
      const epoch = load.startEpoch(1);
      await load.giveOrigin(1);
      const tables = [peopleTable(load.schema)];
      await load.publish({
        epoch: 1,
        process: 1,
        tables,
        transactions: [{ number: 1, changes: [insert([1, 'a', null])] }],
      });
      await load.waitForLoaded(1, 1);
      proxy.cutAt({ includes: 'COMMIT', when });
      await load.publish({
        epoch: 1,
        process: 2,
        tables,
        transactions: [{ number: 2, changes: [insert([2, 'b', null])] }],
      });
      expect(await load.waitForLoaded(1, 2)).toMatchObject({ inserted: 1, conflicts: 0 });
      await load.publish({
        epoch: 1,
        process: 3,
        tables,
        transactions: [{ number: 3, changes: [insert([3, 'c', null])] }],
      });
      await load.waitForLoaded(1, 3);
      expect(proxy.isCutPending).toBe(false);
      const written = await load.rows(`SELECT id FROM ${load.schema}.written ORDER BY n`);
      expect(written.map(({ id }) => id)).toEqual([1, 2, 3]);
      expect(Number((await load.checkpoint())?.['step'])).toBe(3);
      expect(await epoch.end()).toBeNull();
    });
  },
);
