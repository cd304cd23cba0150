/**
 * Goal: a dry run plans every row for the target as it stands, reports what it would write, and leaves nothing behind: no
 * row, no checkpoint, no table of Lutra's own. Real work then begins where it would have begun without the dry run.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DryRunEvent, TableDefinition } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture } from './load-fixture.ts';

const place = { table: 0, event: 0, row: 0, part: 0, flags: 0 };

describe.each([
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const)('a dry run on %s', (_name, server) => {
  let load: LoadFixture;
  let table: TableDefinition;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    table = {
      schema: load.schema,
      table: 't',
      columns: [
        { name: 'id', kind: 'integer', declared: 'int', bytes: 4, nullable: false },
        { name: 'c', kind: 'text', declared: 'varchar(20)', charset: 'utf8mb4', nullable: true },
      ],
      primaryKey: [0],
    };
    await load.run(`CREATE TABLE ${load.schema}.t (id int PRIMARY KEY, c varchar(20))`);
  });
  afterEach(() => load.close());

  const publish = (epoch: number, process: number, number: number): Promise<void> =>
    load.publish({
      epoch,
      process,
      tables: [table],
      transactions: [{ number, changes: [{ ...place, kind: 'insert', after: [number, 'secret'] }] }],
    });
  const rows = async (): Promise<unknown[]> =>
    (await load.rows(`SELECT id FROM ${load.schema}.t ORDER BY id`)).map(({ id }) => id);
  const reported = (): readonly DryRunEvent[] =>
    load.events.filter((event): event is DryRunEvent => event.kind === 'dry-run');
  const waitForRows = (count: number): Promise<unknown> =>
    waitUntil(() => reported().reduce((sum, { inserted }) => sum + inserted, 0) >= count, {
      what: `${String(count)} rows to be reported`,
      timeoutMs: 60_000,
      everyMs: 50,
    });

  it('begins at the checkpoint, goes on at its own place, and leaves real work to begin at the checkpoint', async () => {
    const real = load.startEpoch(1);
    await load.giveOrigin(1);
    await publish(1, 1, 1);
    await load.waitForLoaded(1, 1);
    expect(await real.end()).toBeNull();
    const before = await load.checkpoint();

    const dry = load.startEpoch(2, { dryRun: true });
    expect((await load.waitForPlace(2)).place).toEqual(doneUpTo(1));
    await publish(2, 1, 2);
    expect(await load.waitForLoaded(2, 1)).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    await waitForRows(1);
    expect(reported()[0]).toMatchObject({ inserted: 1, updated: 0, deleted: 0, ddl: 0 });
    expect(reported()[0]?.sample.join()).toContain('INSERT INTO');
    expect(reported()[0]?.sample.join()).not.toContain('secret');
    await load.waitForPlace(2, 1);
    expect(await dry.end()).toBeNull();
    expect([await rows(), await load.checkpoint()]).toEqual([[1], before]);

    const again = load.startEpoch(3, { dryRun: true });
    expect((await load.waitForPlace(3)).place).toEqual(doneUpTo(2));
    expect(await again.end()).toBeNull();

    const realAgain = load.startEpoch(4);
    expect((await load.waitForPlace(4)).place).toEqual(doneUpTo(1));
    await publish(4, 1, 2);
    await load.waitForLoaded(4, 1);
    expect(await rows()).toEqual([1, 2]);
    expect(await realAgain.end()).toBeNull();

    const afterwards = load.startEpoch(5, { dryRun: true });
    expect((await load.waitForPlace(5)).place).toEqual(doneUpTo(2));
    expect(await afterwards.end()).toBeNull();
  });

  it('tells the schema statements that it does not apply', async () => {
    const dry = load.startEpoch(1, { dryRun: true });
    await load.giveOrigin(1);
    const text = 'ALTER TABLE t ADD COLUMN more int';
    const tables = [{ schema: load.schema, table: 't' }];
    await load.publishStatement({ epoch: 1, process: 1, number: 1 }, { kind: 'alter', text, tables });
    await load.waitForLoaded(1, 1);
    const told = (): boolean => reported().some(({ ddl }) => ddl > 0);
    await waitUntil(told, { what: 'a report of the statement', timeoutMs: 60_000, everyMs: 50 });
    expect(reported().reduce((sum, { ddl }) => sum + ddl, 0)).toBe(1);
    expect(reported().flatMap(({ sample }) => sample)).toContain(text);
    expect(await dry.end()).toBeNull();
    expect(await load.rows(`SHOW COLUMNS FROM ${load.schema}.t LIKE 'more'`)).toEqual([]);
  });

  it('begins at the configured start where nothing has run yet, and so does the first real work after it', async () => {
    const dry = load.startEpoch(1, { dryRun: true });
    await load.giveOrigin(1, doneUpTo(4));
    await publish(1, 1, 5);
    await load.waitForLoaded(1, 1);
    await load.waitForPlace(1, 1);
    expect(await dry.end()).toBeNull();
    expect(await load.checkpoint()).toBeUndefined();
    const real = load.startEpoch(2);
    await load.giveOrigin(2, doneUpTo(4));
    expect((await load.waitForPlace(2)).place).toEqual(doneUpTo(4));
    expect(await real.end()).toBeNull();
  });

  it('does not take a dry run for a reason to begin anew when the checkpoint has disappeared', async () => {
    const real = load.startEpoch(1);
    await load.giveOrigin(1);
    expect(await real.end()).toBeNull();
    const dry = load.startEpoch(2, { dryRun: true });
    await load.waitForPlace(2);
    expect(await dry.end()).toBeNull();
    await load.run(`DELETE FROM lutra.checkpoint WHERE pipeline_id = '${load.pipelineId}'`);
    const dryAgain = load.startEpoch(3, { dryRun: true });
    expect(await dryAgain.result).toMatchObject({ code: 'TARGET_CHECKPOINT_MISSING' });
    expect(await load.startEpoch(4).result).toMatchObject({ code: 'TARGET_CHECKPOINT_MISSING' });
  });

  it('stops with what would stop real work, and ends when it is switched', async () => {
    const dry = load.startEpoch(1, { dryRun: true });
    await load.giveOrigin(1);
    await load.run(`ALTER TABLE ${load.schema}.t DROP COLUMN c`);
    await publish(1, 1, 1);
    expect(await dry.result).toMatchObject({ code: 'TARGET_COLUMN_MISSING' });
    let isDry = true;
    const switched = load.startEpoch(2, { dryRun: true }, () => ({ dryRun: isDry }));
    await load.waitForPlace(2);
    isDry = false;
    expect(await switched.result).toMatchObject({ code: 'CONFIG_DRY_RUN_CHANGED' });
    const real = load.startEpoch(3, {}, () => ({ dryRun: true }));
    await load.giveOrigin(3);
    expect(await real.result).toMatchObject({ code: 'CONFIG_DRY_RUN_CHANGED' });
  });
});
