/**
 * Goal: a table that is altered while lanes stand at different places loses no row, or the pipeline stops and says why.
 * Method: rows of two processes by hand; what some lanes have written is taken away again, with their places, as if the loader
 * had died before they committed. Then the table is altered, and another loader takes over.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PipelineParameters, TableDefinition } from '@lutra/model';
import { compileTableWriter } from '@lutra/sql';
import { laneOf } from '../src/plan/lane-of.ts';
import { doneUpTo, LoadFixture } from './load-fixture.ts';
import { insert } from './rows.ts';

const ROWS = 1_000;
const LANES = 4;
const changes = Array.from({ length: ROWS }, (_, index) => insert([`KEY${String(index)}`, `name ${String(index)}`]));

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])('lanes at %s', (_name, server) => {
  let load: LoadFixture;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
  });
  afterEach(async () => {
    await load.run(`DELETE FROM lutra.lane_shape WHERE pipeline_id = '${load.pipelineId}'`);
    await load.close();
  });

  const table = (): TableDefinition => ({
    schema: load.schema,
    table: 'codes',
    columns: [
      { name: 'id', kind: 'text', declared: 'varchar(20)', nullable: false, charset: 'utf8mb4' },
      { name: 'name', kind: 'text', declared: 'varchar(40)', nullable: false, charset: 'utf8mb4' },
    ],
    primaryKey: [0],
  });
  const create = (key: string): Promise<void> =>
    load.run(
      `CREATE TABLE ${load.schema}.codes (id varchar(20) NOT NULL, name varchar(40) NOT NULL${key}) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`,
    );
  const alter = (change: string): Promise<void> => load.run(`ALTER TABLE ${load.schema}.codes ${change}`);
  const publish = (epoch: number, process: number, number: number, rows = changes): Promise<void> =>
    load.publish({ epoch, process, tables: [table()], transactions: [{ number, changes: rows }] });
  const count = async (): Promise<number> =>
    Number((await load.rows(`SELECT COUNT(*) AS n FROM ${load.schema}.codes WHERE id <> 'first'`))[0]?.['n']);

  /** Lanes with an odd number have written transaction 2, the others have not. */
  async function crashBetweenLanes(parameters: Partial<PipelineParameters> = {}): Promise<void> {
    const epoch = load.startEpoch(1, { lanes: LANES, ...parameters });
    await load.giveOrigin(1);
    await publish(1, 1, 1, [insert(['first', 'first'])]);
    await load.waitForLoaded(1, 1);
    await publish(1, 2, 2);
    await load.waitForLoaded(1, 2);
    expect(await epoch.end()).toBeNull();
    expect(await count()).toBe(ROWS);
    const [target] = await load.admin.describeTables([table()]);
    await load.admin.rollback();
    if (target === null || target === undefined) throw new Error('The table is there');
    const writer = compileTableWriter(table(), target, { noPrimaryKey: 'matchAllColumns' });
    const transaction = { seq: 2, gtid: '', firstEvent: 0, commitMs: 0, isLast: true };
    const origin = { process: 2, transaction, serverUuid: 'a' };
    const lost = changes.filter((change) => [1, 3].includes(Number(laneOf({ writer, change, origin }, LANES))));
    const ids = lost.flatMap((change) => (change.kind === 'insert' ? [`'${String(change.after[0])}'`] : []));
    const before = JSON.stringify(doneUpTo(1).done);
    await load.run(
      `UPDATE lutra.checkpoint SET done = '${before}' WHERE pipeline_id = '${load.pipelineId}' AND lane IN (2, 4)`,
      ...(ids.length === 0 ? [] : [`DELETE FROM ${load.schema}.codes WHERE id IN (${ids.join(',')})`]),
    );
  }

  it.each<[string, string]>([
    ['another collation', 'MODIFY id varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL'],
    ['another key', 'DROP PRIMARY KEY, ADD PRIMARY KEY (name)'],
    ['a unique index over a prefix', 'ADD UNIQUE KEY short (name(30))'],
    [
      'a foreign key that cascades',
      'ADD parent varchar(20), ADD FOREIGN KEY (parent) REFERENCES codes (id) ON DELETE CASCADE',
    ],
  ])(
    'leave nothing out when a table has %s after the crash',
    async (_what, change) => {
      await create(', PRIMARY KEY (id)');
      await crashBetweenLanes();
      const before = await count();
      expect(before).toBeLessThan(ROWS);
      await alter(change);
      const epoch = load.startEpoch(2, { lanes: LANES });
      await load.waitForPlace(2);
      await publish(2, 1, 2);
      expect(await load.waitForLoaded(2, 1)).toMatchObject({ inserted: ROWS, skipped: 0 });
      expect(await count()).toBe(ROWS);
      // The shape as it is now is stored, and the lanes go on.
      await publish(2, 2, 3, [insert(['more', 'more'])]);
      await load.waitForLoaded(2, 2);
      expect(await epoch.end()).toBeNull();
    },
    180_000,
  );

  it('stop when rows of the table must not be written twice, and go on when it is as it was', async () => {
    await create('');
    const parameters = { lanes: LANES, noPrimaryKey: 'matchAllColumns' as const };
    await crashBetweenLanes(parameters);
    const before = await count();
    expect([0, ROWS]).toContain(before);
    await load.run(`CREATE TABLE ${load.schema}.up (id int PRIMARY KEY)`);
    await alter('ADD parent int, ADD CONSTRAINT own FOREIGN KEY (parent) REFERENCES up (id) ON DELETE CASCADE');
    const stopped = load.startEpoch(2, parameters);
    await load.waitForPlace(2);
    await publish(2, 1, 2);
    expect(await stopped.result).toMatchObject({
      code: 'TARGET_LANES_CHANGED',
      details: { table: `${load.schema}.codes` },
    });
    expect(await count()).toBe(before);
    await alter('DROP FOREIGN KEY own');
    await alter('DROP COLUMN parent');
    const epoch = load.startEpoch(3, parameters);
    await load.waitForPlace(3);
    await publish(3, 1, 2);
    expect(await load.waitForLoaded(3, 1)).toMatchObject({ inserted: ROWS - before, skipped: before });
    expect(await count()).toBe(ROWS);
    expect(await epoch.end()).toBeNull();
  });
});
