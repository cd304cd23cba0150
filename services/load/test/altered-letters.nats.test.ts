/**
 * Goal: while a dead letter is unsettled no later change of its key or unique values overtakes it, however the table at the
 * target was altered meanwhile, and whoever has taken the pipeline over.
 * Method: whole epochs on real servers; a row is refused, the table altered, the row changed again; then a person retries.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ColumnDefinition, RowChange, WarningEvent } from '@lutra/model';
import { wantStatement } from '@lutra/sql';
import { waitUntil } from '@lutra/testing';
import { LoadFixture } from './load-fixture.ts';
import type { RunningEpoch } from './load-fixture.ts';
import { insert, update } from './rows.ts';

const SET_ASIDE = { onPoison: 'deadLetter', poisonTries: 1 } as const;
const KEY: ColumnDefinition = {
  name: 'id',
  kind: 'text',
  declared: 'varchar(20)',
  charset: 'utf8mb4',
  nullable: false,
};
const NOTE: ColumnDefinition = { ...KEY, name: 'note', nullable: true };
const NUMBER: ColumnDefinition = { name: 'n', kind: 'integer', declared: 'int', bytes: 4, nullable: true };
const OTHER: ColumnDefinition = { ...NUMBER, name: 'm' };
const TOO_LONG = 'far too long';

describe.each([
  ['MariaDB', 'mariadbTarget'],
  ['MySQL', 'mysql'],
] as const)('a dead letter of a table that is altered on %s', (_name, server) => {
  let load: LoadFixture;
  let running: RunningEpoch;
  let epoch = 0;
  let process = 0;
  let number = 0;

  beforeEach(async () => {
    load = await LoadFixture.open(server);
    [epoch, process, number] = [0, 0, 0];
    await load.run(
      `CREATE TABLE ${load.schema}.t (id varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, ` +
        'note varchar(5) CHARACTER SET utf8mb4, n int, m int, UNIQUE KEY b_m (m), UNIQUE KEY c_n (n))',
    );
    await start();
  });
  afterEach(async () => {
    await load.run(`DELETE FROM lutra.dead_letter WHERE pipeline_id = '${load.pipelineId}'`);
    await load.close();
  });

  async function start(): Promise<void> {
    epoch += 1;
    process = 0;
    running = load.startEpoch(epoch, SET_ASIDE);
    await (epoch === 1 ? load.giveOrigin(1) : load.waitForPlace(epoch));
  }
  async function send(
    change: RowChange,
    columns: readonly ColumnDefinition[] = [KEY, NOTE, NUMBER, OTHER],
  ): Promise<void> {
    process += 1;
    number += 1;
    const table = { schema: load.schema, table: 't', columns, primaryKey: [0] };
    await load.publish({ epoch, process, tables: [table], transactions: [{ number, changes: [change] }] });
    await load.waitForLoaded(epoch, process);
  }
  const alter = (how: string): Promise<void> => load.run(`ALTER TABLE ${load.schema}.t ${how}`);
  const letters = () =>
    load.rows(
      `SELECT epoch, seq, event, \`row\`, part, state FROM lutra.dead_letter ` +
        `WHERE pipeline_id = '${load.pipelineId}' ORDER BY epoch, seq, event, \`row\`, part`,
    );
  const states = async () => (await letters()).map(({ state }) => state);
  const rowsThere = async () =>
    (await load.rows(`SELECT * FROM ${load.schema}.t ORDER BY 1`)).map((row) => ({ ...row }));

  /** A person retries the oldest letter; what follows it goes on by itself. */
  async function retry(): Promise<void> {
    const [first] = await letters();
    const id = ['epoch', 'seq', 'event', 'row', 'part'].map((name) => String(first?.[name])).join('-');
    const wanted = { state: 'retryWanted', by: 'ada', image: null } as const;
    await load.admin.execute([wantStatement({ pipelineId: load.pipelineId, id }, wanted)]);
    await load.admin.commit();
    const isSettled = async () => (await states()).every((state) => state === 'retried');
    await waitUntil(isSettled, { what: 'settled letters', timeoutMs: 60_000, everyMs: 50 });
  }

  it.each(['in the same epoch', 'in the next one'])('holds its key under another collation, %s', async (when) => {
    await send(insert(['ABC', TOO_LONG, null, null]));
    await alter('MODIFY id varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, MODIFY note varchar(20)');
    if (when === 'in the next one') {
      await running.end();
      await start();
    }
    await send(update(['ABC', TOO_LONG, null, null], ['ABC', 'newer', null, null]));
    expect([await states(), await rowsThere()]).toEqual([['open', 'open'], []]);
    await retry();
    expect(await rowsThere()).toEqual([{ id: 'ABC', note: 'newer', n: null, m: null }]);
  });

  it.each([
    ['dropped', 'DROP KEY b_m'],
    ['added', 'ADD UNIQUE KEY a_new (id, n)'],
  ])('holds its unique values when another index is %s', async (_what, how) => {
    await send(insert(['a', TOO_LONG, 7, null]));
    await alter(`${how}, MODIFY note varchar(20)`);
    await running.end();
    await start();
    await send(insert(['b', 'free', 7, null]));
    await send(insert(['c', 'other', 9, null]));
    expect([await states(), await rowsThere()]).toMatchObject([['open', 'open'], [{ id: 'c' }]]);
  });

  it('holds the whole table, and says so, when its row no longer fits the table', async () => {
    await send(insert(['a', TOO_LONG, 7, null]));
    await alter('DROP PRIMARY KEY, ADD COLUMN c int NOT NULL, ADD PRIMARY KEY (c)');
    const added: ColumnDefinition = { ...NUMBER, name: 'c', nullable: false };
    await send(insert(['b', 'free', 8, null, 1]), [KEY, NOTE, NUMBER, OTHER, added]);
    expect([await states(), await rowsThere()]).toEqual([['open', 'open'], []]);
    const told = () =>
      load.events.find(
        (event): event is WarningEvent => event.kind === 'warning' && event.code === 'DEAD_LETTER_UNFIT',
      );
    const warning = await waitUntil(told, { what: 'the warning', timeoutMs: 60_000, everyMs: 20 });
    expect(warning.message).toContain(`${load.schema}.t`);
  });
});
