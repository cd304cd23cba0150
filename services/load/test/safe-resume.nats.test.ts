/**
 * Goal: in failoverMode safe another loader does not go on over a target that lost what was written last.
 * Method: a row is taken from the target between two epochs of different instances.
 */
import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { Place } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable } from './rows.ts';

const SAFE = { failoverMode: 'safe' } as const;

it('stops at lost rows until they are repaired, and costs nothing in balanced mode', async () => {
  const sourceSchema = `src_${randomBytes(6).toString('hex')}`;
  const load = await LoadFixture.open('mysql', { sourceSchema });
  try {
    await load.run(
      `CREATE DATABASE ${sourceSchema} CHARACTER SET utf8mb4`,
      createPeople(sourceSchema),
      createPeople(load.schema),
      `INSERT INTO ${sourceSchema}.people VALUES (1, 'a', NULL), (2, 'b', NULL)`,
    );
    // Whatever other tests do at this server counts as loaded, so that the comparison has nothing to wait for.
    const end = async (): Promise<Place> => {
      const [row] = await load.rows('SELECT @@global.gtid_executed AS executed');
      const done = openEnded(String(row?.['executed']).replaceAll(/\s/g, ''));
      return { done: { kind: 'mysqlGtid', gtidSet: `${done},${SOURCE_UUID}:1-9` }, inside: null };
    };
    const owner = async (): Promise<string> =>
      String(
        (await load.rows(`SELECT owner FROM lutra.last_window WHERE pipeline_id = '${load.pipelineId}'`))[0]?.['owner'],
      );
    const write = async (epoch: number, id: number): Promise<void> =>
      load.publish({
        epoch,
        process: 1,
        tables: [peopleTable(load.schema)],
        transactions: [{ number: id, changes: [insert([id, String.fromCharCode(96 + id), null])] }],
        end: await end(),
      });
    const first = load.startEpoch(1, SAFE);
    await load.giveOrigin(1);
    await write(1, 1);
    await load.waitForLoaded(1, 1);
    expect(await owner()).toMatch(/^load-1\//);
    await first.end();
    await load.run(`DELETE FROM ${load.schema}.people`);
    const second = await load.startEpoch(2, SAFE).result;
    expect(SyncError.is(second) ? second.code : second).toBe('TARGET_DIVERGED');
    expect(SyncError.is(second) ? second.details : {}).toMatchObject({ table: `${load.schema}.people (1)` });
    const balanced = load.startEpoch(3);
    await load.waitForPlace(3);
    expect(await balanced.end()).toBeNull();
    await load.run(`INSERT INTO ${load.schema}.people SELECT * FROM ${sourceSchema}.people WHERE id = 1`);
    const repaired = load.startEpoch(4, SAFE);
    await load.waitForPlace(4);
    let process = 0;
    await waitUntil(
      async () => {
        process += 1;
        await load.publish({ epoch: 4, process, tables: [], transactions: [], end: await end() });
        await load.waitForLoaded(4, process);
        return (await owner()).startsWith('load-4/');
      },
      { what: 'the comparison to be over', timeoutMs: 60_000, everyMs: 200 },
    );
    expect(load.events.filter(({ kind }) => kind === 'warning')).toEqual([]);
    expect(await repaired.end()).toBeNull();
  } finally {
    await load.run(
      `DROP DATABASE IF EXISTS ${sourceSchema}`,
      `DELETE FROM lutra.last_window WHERE pipeline_id = '${load.pipelineId}'`,
    );
    await load.close();
  }
});

/** The set with every interval open to the end; tags (uuid:1-5:tag:1-3) stay. */
const openEnded = (gtidSet: string): string =>
  gtidSet
    .split(',')
    .map((entry) => entry.replaceAll(/(:\d+(-\d+)?)+/g, ':1-999999999999'))
    .join(',');
