/**
 * Goal: a dead letter never brings back a row that a schema statement behind it has taken away: the statement waits until a
 * person has decided about the letters.
 * Method: whole epochs on real servers; a row is refused, then a statement about its table comes, then decisions.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DdlKind } from '@lutra/model';
import { ensureDdlTable, wantStatement } from '@lutra/sql';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable } from './rows.ts';

const SET_ASIDE = { onPoison: 'deadLetter', poisonTries: 1 } as const;

describe.each([
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const)('a schema statement behind a dead letter on %s', (_name, server) => {
  let load: LoadFixture;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    const { schema } = load;
    await ensureDdlTable(load.admin);
    await load.run(createPeople(schema), `CREATE TABLE ${schema}.other (id int PRIMARY KEY)`);
    const epoch = load.startEpoch(1, SET_ASIDE);
    await load.giveOrigin(1);
    // The name is too long: refused.
    const changes = [insert([1, 'x'.repeat(41), null]), insert([2, 'two', null])];
    await load.publish({ epoch: 1, process: 1, tables: [peopleTable(schema)], transactions: [{ number: 1, changes }] });
    await load.waitForLoaded(1, 1);
    expect(await epoch.end()).toBeNull();
    expect(await states()).toEqual(['open']);
  });
  afterEach(async () => {
    for (const table of ['dead_letter', 'ddl'])
      await load.run(`DELETE FROM lutra.${table} WHERE pipeline_id = '${load.pipelineId}'`);
    await load.close();
  });

  const states = async () =>
    (await load.rows(`SELECT state FROM lutra.dead_letter WHERE pipeline_id = '${load.pipelineId}'`)).map(
      ({ state }) => state,
    );
  const names = async (table = 'people') =>
    (await load.rows(`SELECT name FROM ${load.schema}.${table} ORDER BY id`)).map(({ name }) => name);
  const tables = (...names: string[]) => names.map((table) => ({ schema: load.schema, table }));
  const truncate = (epoch: number): Promise<void> =>
    load.publishStatement(
      { epoch, process: 1, number: 2 },
      { kind: 'truncate', text: 'TRUNCATE TABLE people', tables: tables('people') },
    );
  async function decide(state: 'retryWanted' | 'discardWanted'): Promise<void> {
    const [letter] = await load.rows(
      `SELECT CONCAT_WS('-', epoch, seq, event, \`row\`, part) AS id FROM lutra.dead_letter WHERE pipeline_id = '${load.pipelineId}'`,
    );
    const address = { pipelineId: load.pipelineId, id: String(letter?.['id']) };
    await load.admin.execute([wantStatement(address, { state, by: 'ada', image: null })]);
    await load.admin.commit();
  }

  it.each<[DdlKind, string, readonly string[]]>([
    ['truncate', 'TRUNCATE TABLE people', ['people']],
    ['drop', 'DROP TABLE IF EXISTS other, people', ['other', 'people']],
    ['rename', 'RENAME TABLE people TO humans', ['people', 'humans']],
    ['alter', 'ALTER TABLE other EXCHANGE PARTITION p WITH TABLE people', ['other', 'people']],
    ['alter', 'ALTER TABLE other CONVERT TABLE people TO PARTITION p VALUES LESS THAN (9)', ['other', 'people']],
    ['database', 'DROP DATABASE IF EXISTS nothing', ['']],
  ])('is not run: %s', async (kind, text, named) => {
    const epoch = load.startEpoch(2, SET_ASIDE);
    await load.waitForPlace(2);
    await load.publishStatement({ epoch: 2, process: 1, number: 2 }, { kind, text, tables: tables(...named) });
    expect(await epoch.result).toMatchObject({
      code: 'TARGET_DDL_LETTERS',
      details: { count: 1, transaction: `${SOURCE_UUID}:2`, statement: text },
    });
    expect([await states(), await names()]).toEqual([['open'], ['two']]);
    expect(JSON.parse(String((await load.checkpoint())?.['done']))).toEqual(doneUpTo(1).done);
  });

  it.each([
    ['retried', 'retryWanted'],
    ['discarded', 'discardWanted'],
  ] as const)('is run when the letter is %s, and its row does not come back', async (settled, wanted) => {
    const stopped = load.startEpoch(2, SET_ASIDE);
    await load.waitForPlace(2);
    await truncate(2);
    expect(await stopped.result).toMatchObject({ code: 'TARGET_DDL_LETTERS' });
    await load.run(`ALTER TABLE ${load.schema}.people MODIFY name varchar(60) NOT NULL`);
    await decide(wanted);
    const epoch = load.startEpoch(3, SET_ASIDE);
    await load.waitForPlace(3);
    await truncate(3);
    await load.waitForLoaded(3, 1);
    expect([await states(), await names()]).toEqual([[settled], []]);
    expect(await epoch.end()).toBeNull();
  });

  it('stops again when the retry is refused again, and goes on without the statement', async () => {
    await decide('retryWanted');
    const stopped = load.startEpoch(2, SET_ASIDE);
    await load.waitForPlace(2);
    await truncate(2);
    expect(await stopped.result).toMatchObject({ code: 'TARGET_DDL_LETTERS' });
    const ddlDecisions = { [`${SOURCE_UUID}:2`]: 'skip' } as const;
    const epoch = load.startEpoch(3, { ...SET_ASIDE, ddlDecisions });
    await load.waitForPlace(3);
    await truncate(3);
    expect(await load.waitForLoaded(3, 1)).toMatchObject({ statementsSkipped: 1 });
    expect([await states(), await names()]).toEqual([['open'], ['two']]);
    expect(await epoch.end()).toBeNull();
  });

  it('about another table, or one that takes no rows away, is run', async () => {
    const epoch = load.startEpoch(2, SET_ASIDE);
    await load.waitForPlace(2);
    const statements = [
      { kind: 'truncate', text: 'TRUNCATE TABLE other', tables: tables('other') },
      { kind: 'alter', text: 'ALTER TABLE people ADD COLUMN age int', tables: tables('people') },
    ] as const;
    for (const [index, ddl] of statements.entries())
      await load.publishStatement({ epoch: 2, process: index + 1, number: index + 2 }, ddl);
    expect(await load.waitForLoaded(2, 2)).not.toHaveProperty('statementsSkipped');
    expect(await states()).toEqual(['open']);
    expect(await epoch.end()).toBeNull();
  });
});
