/**
 * Goal: an epoch of load on a real bus and real targets does what the checkpoint protocol promises.
 * Method: target processes are published by hand; tables, checkpoint, events and cursor are looked at.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable, remove, update } from './rows.ts';

const codeOf = (error: unknown): unknown => (SyncError.is(error) ? error.code : error);
const detailsOf = (error: unknown): SyncError['details'] => (SyncError.is(error) ? error.details : {});

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])('load on %s', (_name, server) => {
  let load: LoadFixture;
  let tables: ReturnType<typeof peopleTable>[];

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    tables = [peopleTable(load.schema)];
    await load.run(createPeople(load.schema));
  });
  afterEach(() => load.close());

  const people = async (): Promise<unknown[]> =>
    (await load.rows(`SELECT id, name, note FROM ${load.schema}.people ORDER BY id`)).map((row) => Object.values(row));

  it('asks for the origin, stores it, and applies processes in order whatever order they arrive in', async () => {
    const epoch = load.startEpoch(2);
    await load.giveOrigin(2);
    await load.publish({
      epoch: 2,
      process: 3,
      tables,
      transactions: [{ number: 3, changes: [remove([2, 'b', null])] }],
    });
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [{ number: 9, changes: [insert([9, 'old', null])] }],
    });
    await load.publish({
      epoch: 2,
      process: 2,
      tables,
      transactions: [{ number: 2, changes: [update([1, 'a', null], [1, 'a', 'new'])] }],
    });
    await load.publish({
      epoch: 2,
      process: 1,
      tables,
      transactions: [{ number: 1, changes: [insert([1, 'a', null]), insert([2, 'b', null])] }],
    });
    const loaded = await load.waitForLoaded(2, 3);
    expect(await people()).toEqual([[1, 'a', 'new']]);
    expect(loaded).toMatchObject({ deleted: 1, inserted: 0, conflicts: 0, skipped: 0, end: doneUpTo(3) });
    expect((await load.waitForPlace(2, 3)).place).toEqual(doneUpTo(3));
    expect(JSON.parse(String((await load.checkpoint())?.['done']))).toEqual(doneUpTo(3).done);
    await waitUntil(async () => (await load.bus.queuedProcesses(load.pipelineId, 2)).transformed === 0, {
      what: 'acknowledgements',
      timeoutMs: 60_000,
    });
    expect(await epoch.end()).toBeNull();
  });

  it('skips in the next epoch what the place says is done, rows of a half transaction included', async () => {
    const first = load.startEpoch(1);
    await load.giveOrigin(1);
    const [one, two, three] = [insert([1, 'a', null]), insert([2, 'b', null]), insert([3, 'c', null])];
    const gtid = `${SOURCE_UUID}:2`;
    const inside = { gtid, event: two.event + 1, row: 0, part: 0, serverUuid: SOURCE_UUID };
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [
        { number: 1, changes: [one] },
        { number: 2, changes: [two] },
      ],
      end: { ...doneUpTo(1), inside },
    });
    await load.waitForLoaded(1, 1);
    await first.end();
    await load.run(`UPDATE ${load.schema}.people SET note = 'mine'`);
    const second = load.startEpoch(2);
    expect((await load.waitForPlace(2)).place).toEqual({ ...doneUpTo(1), inside });
    await load.publish({
      epoch: 2,
      process: 1,
      tables,
      transactions: [
        { number: 1, changes: [one] },
        { number: 2, changes: [two, three] },
      ],
    });
    const counted = [[`${load.schema}.people`, 1, 0, 0, 2]];
    expect(await load.waitForLoaded(2, 1)).toMatchObject({ skipped: 2, inserted: 1, tables: counted });
    expect(await people()).toEqual([
      [1, 'a', 'mine'],
      [2, 'b', 'mine'],
      [3, 'c', null],
    ]);
    await second.end();
  });

  it('records an update of a missing row, inserts it, and ignores a delete of one', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    const changes = [
      insert([1, 'a', null]),
      update([1, 'a', null], [1, 'a', 'x']),
      update([2, 'b', null], [2, 'b', 'y']),
      update([3, 'c', null], [3, 'c', 'z']),
      update([3, 'c', 'z'], [30, 'c', 'moved']),
      remove([4, 'd', null]),
    ];
    await load.publish({ epoch: 1, process: 1, tables, transactions: [{ number: 1, changes }] });
    expect(await load.waitForLoaded(1, 1)).toMatchObject({ inserted: 1, updated: 4, deleted: 1, conflicts: 3 });
    expect(await people()).toEqual([
      [1, 'a', 'x'],
      [2, 'b', 'y'],
      [30, 'c', 'moved'],
    ]);
    await waitUntil(() => load.events.filter(({ kind }) => kind === 'conflict').length === 2, {
      what: 'conflict events',
      timeoutMs: 60_000,
    });
    expect(load.events.filter(({ kind }) => kind === 'conflict')).toEqual([
      expect.objectContaining({
        decision: 'inserted',
        count: 2,
        type: 'target-row-missing',
        table: `${load.schema}.people`,
      }),
      expect.objectContaining({ decision: 'ignored', count: 1 }),
    ]);
    await epoch.end();
  });

  it('counts the merged changes of a missing row as one conflict, as many as it records', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    const changes = [
      update([1, 'a', null], [1, 'a', 'x']),
      update([1, 'a', 'x'], [1, 'a', 'y']),
      update([2, 'b', null], [2, 'b', 'x']),
      remove([2, 'b', 'x']),
    ];
    await load.publish({ epoch: 1, process: 1, tables, transactions: [{ number: 1, changes }] });
    expect(await load.waitForLoaded(1, 1)).toMatchObject({ updated: 3, deleted: 1, conflicts: 2 });
    expect(await people()).toEqual([[1, 'a', 'y']]);
    const recorded = await load.rows(
      `SELECT decision FROM lutra.conflict WHERE pipeline_id = '${load.pipelineId}' ORDER BY decision`,
    );
    expect(recorded.map(({ decision }) => decision)).toEqual(['ignored', 'inserted']);
    await epoch.end();
  });

  it('passes unique values on in source order, also when one statement cannot', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    const changes = [
      insert([1, 'a', null]),
      insert([2, 'b', null]),
      update([1, 'a', null], [1, 'free', null]),
      update([2, 'b', null], [2, 'a', null]),
      update([1, 'free', null], [1, 'b', null]),
      remove([1, 'b', null]),
      insert([3, 'b', null]),
    ];
    await load.publish({ epoch: 1, process: 1, tables, transactions: [{ number: 1, changes }] });
    expect(await load.waitForLoaded(1, 1)).toMatchObject({ conflicts: 0 });
    expect(await people()).toEqual([
      [2, 'a', null],
      [3, 'b', null],
    ]);
    await epoch.end();
  });

  it('stops at a clash with another row and names the index, and nothing of the process is written', async () => {
    await load.run(`INSERT INTO ${load.schema}.people VALUES (50, 'secret', 'stays')`);
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [
        { number: 1, changes: [insert([1, 'a', null]), insert([2, 'secret', null]), insert([3, 'c', null])] },
      ],
    });
    const failure = await epoch.result;
    expect(codeOf(failure)).toBe('TARGET_ROW_REFUSED');
    expect(detailsOf(failure)).toMatchObject({
      table: `${load.schema}.people`,
      keyColumns: ['id'],
      index: 'by_name',
      process: 1,
    });
    expect(JSON.stringify([String(failure), detailsOf(failure)])).not.toContain('secret');
    expect(await people()).toEqual([[50, 'secret', 'stays']]);
    expect(Number((await load.checkpoint())?.['step'])).toBe(0);
  });

  it('stops at a value that does not fit with the statement that widens the column; that repairs it', async () => {
    await load.run(`ALTER TABLE ${load.schema}.people MODIFY note varchar(3) NULL`);
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    const transactions = [
      { number: 1, changes: [insert([1, 'a', 'ok']), insert([2, 'b', 'too long']), insert([3, 'c', null])] },
    ];
    await load.publish({ epoch: 1, process: 1, tables, transactions });
    const failure = await epoch.result;
    expect(codeOf(failure)).toBe('TARGET_VALUE_REFUSED');
    expect(detailsOf(failure)).toMatchObject({
      column: 'note',
      statement: `ALTER TABLE \`${load.schema}\`.\`people\` MODIFY COLUMN \`note\` varchar(200) CHARACTER SET utf8mb4 NULL`,
    });
    await load.run(String(detailsOf(failure)['statement']));
    const second = load.startEpoch(2);
    await load.waitForPlace(2);
    await load.publish({ epoch: 2, process: 1, tables, transactions });
    await load.waitForLoaded(2, 1);
    expect(await people()).toHaveLength(3);
    await second.end();
  });

  it('stops at a missing table and a missing column with statements that repair them', async () => {
    await load.run(`DROP TABLE ${load.schema}.people`);
    const transactions = [{ number: 1, changes: [insert([1, 'a', 'n'])] }];
    const first = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({ epoch: 1, process: 1, tables, transactions });
    const missing = await first.result;
    expect(codeOf(missing)).toBe('TARGET_TABLE_MISSING');
    await load.run(String(detailsOf(missing)['statement']), `ALTER TABLE ${load.schema}.people DROP COLUMN note`);
    const second = load.startEpoch(2);
    await load.waitForPlace(2);
    await load.publish({ epoch: 2, process: 1, tables, transactions });
    const column = await second.result;
    expect(codeOf(column)).toBe('TARGET_COLUMN_MISSING');
    await load.run(String(detailsOf(column)['statement']));
    const third = load.startEpoch(3);
    await load.waitForPlace(3);
    await load.publish({ epoch: 3, process: 1, tables, transactions });
    await load.waitForLoaded(3, 1);
    expect(await people()).toEqual([[1, 'a', 'n']]);
    await third.end();
  });

  it('is fenced when another loader claims the checkpoint, and writes nothing more', async () => {
    const zombie = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [{ number: 1, changes: [insert([1, 'a', null])] }],
    });
    await load.waitForLoaded(1, 1);
    await load.run(`UPDATE lutra.checkpoint SET epoch = 2, owner = 'other' WHERE pipeline_id = '${load.pipelineId}'`);
    await load.publish({
      epoch: 1,
      process: 2,
      tables,
      transactions: [{ number: 2, changes: [insert([2, 'b', null])] }],
    });
    expect(codeOf(await zombie.result)).toBe('TARGET_FENCED');
    expect(await people()).toEqual([[1, 'a', null]]);
    const behind = await load.startEpoch(1).result;
    expect(codeOf(behind)).toBe('TARGET_EPOCH_AHEAD');
    expect(detailsOf(behind)).toMatchObject({ aboveEpoch: 2 });
  });

  it('goes on after its session was killed, without a new epoch', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [{ number: 1, changes: [insert([1, 'a', null])] }],
    });
    await load.waitForLoaded(1, 1);
    await load.run(`KILL ${String((await load.checkpoint())?.['sessionId'])}`);
    await load.publish({
      epoch: 1,
      process: 2,
      tables,
      transactions: [{ number: 2, changes: [insert([2, 'b', null])] }],
    });
    await load.waitForLoaded(1, 2);
    expect(await people()).toEqual([
      [1, 'a', null],
      [2, 'b', null],
    ]);
    await epoch.end();
  });

  it('claims past a frozen loader that still holds the checkpoint row', async () => {
    const first = load.startEpoch(1);
    await load.giveOrigin(1);
    await first.end();
    // A loader that stands still in the middle of a transaction: its session is the one that the row names.
    const frozen = await load.rows('SELECT CONNECTION_ID() AS id');
    await load.run(
      `UPDATE lutra.checkpoint SET session_id = ${String(frozen[0]?.['id'])} WHERE pipeline_id = '${load.pipelineId}'`,
    );
    await load.admin.query(`UPDATE lutra.checkpoint SET step = step + 1 WHERE pipeline_id = '${load.pipelineId}'`);
    const second = load.startEpoch(2);
    await load.waitForPlace(2);
    expect(await second.end()).toBeNull();
    expect(load.admin.isOpen).toBe(false);
    await load.reconnect();
  });

  it('drops a repeat of a process that is loaded and reports a process that has disappeared', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({
      epoch: 1,
      process: 1,
      tables,
      transactions: [{ number: 1, changes: [insert([1, 'a', null])] }],
    });
    await load.waitForLoaded(1, 1);
    await load.publish({
      epoch: 1,
      process: 3,
      tables,
      transactions: [{ number: 3, changes: [insert([3, 'c', null])] }],
    });
    const failure = await epoch.result;
    expect(codeOf(failure)).toBe('BUS_PROCESS_GAP');
    expect(detailsOf(failure)).toMatchObject({ process: 2 });
    expect(await people()).toEqual([[1, 'a', null]]);
  });

  it('moves the checkpoint with an empty process', async () => {
    const epoch = load.startEpoch(1);
    await load.giveOrigin(1);
    await load.publish({ epoch: 1, process: 1, tables: [], transactions: [], end: doneUpTo(77) });
    expect(await load.waitForLoaded(1, 1)).toMatchObject({ inserted: 0, end: doneUpTo(77) });
    expect(JSON.parse(String((await load.checkpoint())?.['done']))).toEqual(doneUpTo(77).done);
    await epoch.end();
  });

  it('does not begin anew when the checkpoint row of a running pipeline is gone', async () => {
    const first = load.startEpoch(1);
    await load.giveOrigin(1);
    await first.end();
    await load.run(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${load.pipelineId}'`);
    expect(codeOf(await load.startEpoch(2).result)).toBe('TARGET_CHECKPOINT_MISSING');
  });
});
