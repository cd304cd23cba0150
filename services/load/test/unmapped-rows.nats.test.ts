/**
 * Goal: one row of thousands that a mapping has refused neither stops nor slows the others, however they are written.
 * Method: processes with such a row on a real bus and real targets, with one lane and several, whole transactions, a dry run.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DryRunEvent, PipelineParameters, RowChange } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable, unmapped } from './rows.ts';

const ROWS = 2_000;
const SET_ASIDE = { onPoison: 'deadLetter' as const };

describe.each([
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const)('rows that could not be mapped, at %s', (_name, server) => {
  let load: LoadFixture;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    await load.run(createPeople(load.schema));
  });
  afterEach(() => load.close());

  const row = (id: number): RowChange => insert([id, `name ${String(id)}`, null]);
  const publish = (epoch: number, process: number, number: number, changes: readonly RowChange[]): Promise<void> =>
    load.publish({ epoch, process, tables: [peopleTable(load.schema)], transactions: [{ number, changes }] });
  const begin = async (parameters: Partial<PipelineParameters>) => {
    const epoch = load.startEpoch(1, parameters);
    await load.giveOrigin(1);
    await publish(1, 1, 1, [row(-1)]);
    await load.waitForLoaded(1, 1);
    return epoch;
  };
  const count = async (where = '1 = 1'): Promise<number> =>
    Number((await load.rows(`SELECT COUNT(*) AS n FROM ${load.schema}.people WHERE ${where}`))[0]?.['n']);
  const letters = () =>
    load.rows(
      `SELECT error_code AS code, gtid, event, \`row\` AS at FROM lutra.dead_letter WHERE pipeline_id = '${load.pipelineId}'`,
    );
  /** One in the middle is refused. */
  const many = (columns: readonly number[]) =>
    Array.from({ length: ROWS }, (_, index) => {
      const change = { ...row(index), event: 1, row: index };
      return index === ROWS / 2
        ? unmapped({ ...change, kind: 'insert', after: [index, `name ${String(index)}`] }, columns)
        : change;
    });

  it.each<[string, Partial<PipelineParameters>]>([
    ['one lane', { lanes: 1 }],
    ['several lanes', { lanes: 4 }],
    ['whole transactions', { applyMode: 'transactional' }],
  ])(
    'become a letter, and all others are written: %s',
    async (_how, parameters) => {
      const epoch = await begin({ ...SET_ASIDE, ...parameters });
      await publish(1, 2, 2, many([2]));
      await load.waitForLoaded(1, 2);
      expect(await count('id >= 0')).toBe(ROWS - 1);
      const place = { gtid: `${SOURCE_UUID}:2`, event: 1, at: ROWS / 2 };
      expect(await letters()).toEqual([{ code: 'ROW_VALUE_LOST', ...place }]);
      const told = () => load.events.find((event) => event.kind === 'dead-letter');
      expect(await waitUntil(told, { what: 'the letter', timeoutMs: 60_000, everyMs: 20 })).toMatchObject({
        ...{ change: 'added', count: 1, code: 'ROW_VALUE_LOST' },
      });
      expect(await epoch.end()).toBeNull();
    },
    180_000,
  );

  it('hold every later row of the table when their key is not known, also over lanes', async () => {
    const epoch = await begin({ ...SET_ASIDE, lanes: 4 });
    await publish(1, 2, 2, [...many([2]).slice(0, ROWS / 2), unmapped(insert([undefined, 'x', null]), [0])]);
    await load.waitForLoaded(1, 2);
    await publish(1, 3, 3, [row(5_000)]);
    await load.waitForLoaded(1, 3);
    expect(await count('id >= 0')).toBe(ROWS / 2);
    expect((await letters()).map(({ code }) => code)).toEqual(['ROW_VALUE_LOST', 'TARGET_ROW_HELD']);
    expect(await epoch.end()).toBeNull();
  });

  it('stop the pipeline by default at the place before them, with their name', async () => {
    const epoch = await begin({ lanes: 1 });
    await publish(1, 2, 2, many([2]));
    expect(await epoch.result).toMatchObject({
      code: 'ROW_VALUE_LOST',
      message: expect.stringContaining(
        `source transaction ${SOURCE_UUID}:2, event 1, row ${String(ROWS / 2)}`,
      ) as unknown,
    });
    expect([await count('id >= 0'), (await letters()).length]).toEqual([0, 0]);
    expect(JSON.parse(String((await load.checkpoint())?.['done']))).toEqual(doneUpTo(1).done);
  });

  it('are said to be refused by a dry run, which goes on', async () => {
    const epoch = load.startEpoch(1, { dryRun: true });
    await load.giveOrigin(1);
    await publish(1, 1, 1, [row(1), unmapped(insert([2, 'two', undefined]), [2]), row(3)]);
    await load.waitForLoaded(1, 1);
    const reported = () =>
      load.events.filter((event): event is DryRunEvent => event.kind === 'dry-run').flatMap(({ sample }) => sample);
    const said = () => (reported().some((text) => text.startsWith('refused: ROW_VALUE_LOST')) ? true : undefined);
    await waitUntil(said, { what: 'the refused row to be reported', timeoutMs: 60_000, everyMs: 50 });
    expect(await epoch.end()).toBeNull();
    expect(await count()).toBe(0);
  });
});
