/**
 * Goal: several lanes write one process at the same time, and what a crash leaves between them is made good.
 * Method: rows in numbers that are worth it, published by hand; the checkpoint's rows are set back as a crash would leave them.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture } from './load-fixture.ts';
import type { RunningEpoch } from './load-fixture.ts';
import { createPeople, insert, peopleTable, update } from './rows.ts';

const ROWS = 1_000;
const changes = Array.from({ length: ROWS }, (_, index) => insert([index + 1, `name ${String(index + 1)}`, null]));

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])('lanes at %s', (_name, server) => {
  let load: LoadFixture;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    await load.run(createPeople(load.schema));
  });
  afterEach(() => load.close());

  const publish = (epoch: number, process: number, first = 1): Promise<void> =>
    load.publish({
      epoch,
      process,
      tables: [peopleTable(load.schema)],
      transactions: [{ number: first, changes }],
    });
  const lanes = (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    load.rows(
      `SELECT lane, step, done, session_id AS sessionId FROM lutra.checkpoint WHERE pipeline_id = '${load.pipelineId}' ORDER BY lane`,
    );
  const count = async (where: string): Promise<number> =>
    Number((await load.rows(`SELECT COUNT(*) AS n FROM ${load.schema}.people WHERE ${where}`))[0]?.['n']);

  /** Process 1 stores by what the table is spread: lanes write what comes behind it. */
  const startLanes = async (): Promise<RunningEpoch> => {
    const epoch = load.startEpoch(1, { lanes: 4 });
    await load.giveOrigin(1);
    await load.publish({
      epoch: 1,
      process: 1,
      tables: [peopleTable(load.schema)],
      transactions: [{ number: 1, changes: [insert([-1, 'first', null])] }],
    });
    await load.waitForLoaded(1, 1);
    return epoch;
  };
  const writeByLanes = async (): Promise<void> => {
    const epoch = await startLanes();
    await publish(1, 2, 2);
    expect(await load.waitForLoaded(1, 2)).toMatchObject({ inserted: ROWS, skipped: 0 });
    expect(await epoch.end()).toBeNull();
  };

  it('each move their own row, in sessions of their own, and a crash between them is repeated by who is behind', async () => {
    await writeByLanes();
    const stored = await lanes();
    expect(stored.map(({ lane, step }) => [Number(lane), Number(step)])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 2],
    ]);
    expect(new Set(stored.map(({ sessionId }) => sessionId)).size).toBe(4);
    expect(new Set(stored.map(({ done }) => done))).toEqual(new Set([JSON.stringify(doneUpTo(2).done)]));

    // As if the loader had died before lanes 2 and 3 had committed.
    const before = JSON.stringify(doneUpTo(1).done);
    await load.run(
      `UPDATE lutra.checkpoint SET done = '${before}' WHERE pipeline_id = '${load.pipelineId}' AND lane IN (2, 3)`,
      `UPDATE ${load.schema}.people SET note = 'mine'`,
    );
    const second = load.startEpoch(2, { lanes: 4 });
    await load.waitForPlace(2);
    await publish(2, 1, 2);
    const loaded = await load.waitForLoaded(2, 1);
    expect(loaded.inserted + loaded.skipped).toBe(ROWS);
    expect([loaded.inserted, loaded.skipped].every((rows) => rows > ROWS / 4)).toBe(true);
    // The rows of the lanes that were ahead are as somebody left them; the others are as the source has them.
    expect(await count("id > 0 AND note = 'mine'")).toBe(loaded.skipped);
    expect(await count('note IS NULL')).toBe(loaded.inserted);
    expect(new Set((await lanes()).map(({ done }) => done))).toEqual(new Set([JSON.stringify(doneUpTo(2).done)]));
    expect(await second.end()).toBeNull();
  });

  it('tell of their conflicts when another one is given up, since their rows come again only to be skipped', async () => {
    const epoch = await startLanes();
    const row = (id: number, note: string) => [id, `name ${String(id)}`, note];
    const missing = Array.from({ length: 500 }, (_, id) => update(row(id, 'before'), row(id, 'after')));
    const refused = insert([1_000, 'x'.repeat(41), null]);
    const transactions = [{ number: 2, changes: [...missing, refused] }];
    await load.publish({ epoch: 1, process: 2, tables: [peopleTable(load.schema)], transactions });
    expect(await epoch.result).toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
    const written = await count('id >= 0');
    expect(written).toBeGreaterThan(250);
    const told = () => load.events.find((event) => event.kind === 'conflict');
    expect(await waitUntil(told, { what: 'the conflicts', timeoutMs: 60_000, everyMs: 20 })).toMatchObject({
      ...{ type: 'target-row-missing', decision: 'inserted', count: written },
    });
  });

  it('become more or fewer with a revision, in one transaction, before its first rows', async () => {
    let wanted = 1;
    const epoch = load.startEpoch(1, { lanes: 1 }, () => ({ lanes: wanted }));
    await load.giveOrigin(1);
    for (const [index, [next, numbers]] of (
      [
        [3, [1, 2, 3]],
        [2, [1, 2]],
        [1, [0]],
      ] as const
    ).entries()) {
      wanted = next;
      await publish(1, index + 1, index + 1);
      await load.waitForLoaded(1, index + 1);
      const stored = await lanes();
      expect(stored.map(({ lane }) => Number(lane))).toEqual(numbers);
      expect(new Set(stored.map(({ done }) => done))).toEqual(new Set([JSON.stringify(doneUpTo(index + 1).done)]));
    }
    expect(await count('1 = 1')).toBe(ROWS);
    expect(await epoch.end()).toBeNull();
  });
});
