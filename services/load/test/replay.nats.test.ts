/**
 * Goal: every process that was ever loaded may come again under a new epoch, and the target does not change. Where the place
 * has been set back, rows that may be repeated are written a second time; where it is right, the done filter drops them all,
 * which alone keeps tables without a key and delta columns from being doubled.
 * Method: a history by hand, loaded, then sent again from its first process on, cut as before and in another way. Some rows
 * are spoiled at the target before: they tell whether a row was written once more or left alone.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PipelineParameters, Place, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import type { RunningEpoch } from './load-fixture.ts';
import { createPeople, insert, peopleTable, remove, update } from './rows.ts';

/** A transaction of the source; its number is its place in the history. */
type History = readonly (readonly RowChange[])[];

/** What one process holds: these transactions, by number; `goesOn`: the last of them has more than the process. */
interface Cut {
  readonly transactions: readonly { readonly number: number; readonly changes: readonly RowChange[] }[];
  readonly goesOn?: boolean;
}

const OFFSET = 1_000;
const MODES: readonly (readonly [string, Partial<PipelineParameters>])[] = [
  ['merged by four lanes', { applyMode: 'merged', lanes: 4 }],
  ['merged by one lane', { applyMode: 'merged', lanes: 1 }],
  ['in whole transactions', { applyMode: 'transactional', lanes: 4 }],
];
const TARGETS = [['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const];

const ids = (count: number, first = 1): readonly number[] => Array.from({ length: count }, (_, n) => first + n);
const person = (id: number, note: string | null = null) => [id, `name ${String(id)}`, note];
const bag = (change: RowChange): RowChange => ({ ...change, table: 1 });
const stock = (id: number, before: readonly [string, number], after: readonly [string, number]): RowChange => ({
  ...update([id, ...before], [id, ...after]),
  table: 2,
});

const away = (id: number, note: string) => [id + 5_000, `name ${String(id)}`, note];
const renamed = (id: number, note: string) => [id, `free ${String(id)}`, note];

/**
 * What may happen to rows with a key, several times to the same ones. Keys and unique values that move come back or end
 * with their row: where another row has them at the end, the target is ahead, and the next test says what becomes of that.
 */
const keyedHistory = (): History => [
  ids(900).map((id) => insert(person(id))),
  ids(900).map((id) => update(person(id), person(id, 'first'))),
  ids(300).map((id) => remove(person(id * 3, 'first'))),
  ids(200).flatMap((id) => [insert(person(id * 3, 'again')), update(person(id * 3, 'again'), person(id * 3, 'twice'))]),
  ids(90).flatMap((n) => [
    update(person(n * 9 + 1, 'first'), away(n * 9 + 1, 'away')),
    update(person(n * 9 + 2, 'first'), renamed(n * 9 + 2, 'renamed')),
  ]),
  ids(90).flatMap((n) => [
    update(away(n * 9 + 1, 'away'), person(n * 9 + 1, 'back')),
    update(renamed(n * 9 + 2, 'renamed'), person(n * 9 + 2, 'back')),
  ]),
  ids(300, 2_000).flatMap((id) => [insert(person(id)), update(person(id), away(id, '')), remove(away(id, ''))]),
  ids(450, 2_100).map((id) => insert(person(id, 'last'))),
];

/** What rows that come to a group add; what rows that leave it take away, with the extreme that was read then. */
const came = (...amounts: RowImage): RowChange => ({ ...insert(amounts), table: 3 });
const left = (...amounts: RowImage): RowChange => ({
  ...update([amounts[0], undefined, undefined, undefined], amounts),
  table: 4,
});

/**
 * Rows that must be written once: equal ones without a key, differences that are added to what the target has, and what is
 * added to groups.
 */
const countingHistory = (): History => [
  [
    ...[came('eu', 5n, '10.00', '3.00'), came('us', 1n, '1.00', null)],
    ...[...ids(60).map((id) => insert(person(id))), ...ids(20).map(() => bag(insert(['old', 1])))],
  ],
  [...ids(40).map((id) => stock(id, ['a', 0], ['b', id])), bag(remove(['old', 1])), bag(insert(['new', 2]))],
  [...ids(7).map(() => bag(update(['old', 1], ['new', 1]))), left('eu', -2n, '-4.50', '2.50')],
  [...ids(60).map((id) => update(person(id), person(id, 'seen'))), left('us', -1n, '-1.00', null)],
  [
    came('eu', 1n, '0.50', '2.75'),
    ...ids(40).flatMap((id) => [stock(id, ['b', id], ['c', id + 5]), stock(id, ['c', id + 5], ['c', id + 3])]),
    came('new', 2n, '1.25', null),
  ],
];

const bagTable = (schema: string): TableDefinition => ({
  schema,
  table: 'bag',
  columns: [
    { name: 'body', kind: 'text', declared: 'varchar(40)', nullable: true, charset: 'utf8mb4' },
    { name: 'number', kind: 'integer', declared: 'int', nullable: true, bytes: 4 },
  ],
  primaryKey: [],
});
const stockTable = (schema: string): TableDefinition => ({
  schema,
  table: 'stock',
  columns: [
    { name: 'id', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    { name: 'note', kind: 'text', declared: 'varchar(40)', nullable: true, charset: 'utf8mb4' },
    { name: 'pieces', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
  ],
  primaryKey: [0],
});

/** `extreme`: how it is written. */
const totalTable = (schema: string, extreme: 'greatest' | 'set'): TableDefinition => ({
  schema,
  table: 'total',
  columns: [
    { name: 'region', kind: 'text', declared: 'varchar(9)', nullable: false, charset: 'utf8mb4' },
    { name: 'n', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8, unsigned: false, amount: 'count' },
    { name: 'price', kind: 'decimal', declared: 'decimal(65,2)', nullable: false, length: 65, scale: 2, amount: 'sum' },
    { name: 'most', kind: 'decimal', declared: 'decimal(9,2)', nullable: true, length: 9, scale: 2, amount: extreme },
  ],
  primaryKey: [0],
});

const numbered = (history: History) => history.map((changes, index) => ({ number: index + 1, changes }));
/** As many transactions to a process. */
const cutBy = (size: number, history: History): readonly Cut[] => {
  const all = numbered(history);
  return ids(Math.ceil(all.length / size), 0).map((n) => ({ transactions: all.slice(n * size, (n + 1) * size) }));
};
const keysOf = (change: RowChange): readonly unknown[] => [
  ...(change.kind === 'insert' ? [] : [change.before[0]]),
  ...(change.kind === 'delete' ? [] : [change.after[0]]),
];
const rowCount = (history: History): number => history.reduce((sum, { length }) => sum + length, 0);

describe.each(TARGETS)('replay at %s', (_name, server) => {
  let load: LoadFixture;
  let epochs: number;

  beforeEach(async () => {
    epochs = 0;
    load = await LoadFixture.open(server, {
      mapped: {
        'people|bag|total': {},
        stock: { onConflict: { kind: 'merge', columns: ['note'], deltaColumns: ['pieces'] } },
      },
    });
    await load.run(
      createPeople(load.schema),
      `CREATE TABLE ${load.schema}.bag (body varchar(40), number int)`,
      `CREATE TABLE ${load.schema}.stock (id int NOT NULL PRIMARY KEY, note varchar(40), pieces int NOT NULL)`,
      `CREATE TABLE ${load.schema}.total (region varchar(9) NOT NULL PRIMARY KEY, n int NOT NULL, price decimal(20,2) NOT NULL, most decimal(9,2))`,
    );
  });
  afterEach(async () => {
    for (const table of ['lane_shape', 'conflict'])
      await load.run(`DELETE FROM lutra.${table} WHERE pipeline_id = '${load.pipelineId}'`).catch(() => undefined);
    await load.close();
  });

  const tables = () => [
    ...[peopleTable(load.schema), bagTable(load.schema), stockTable(load.schema)],
    ...[totalTable(load.schema, 'greatest'), totalTable(load.schema, 'set')],
  ];
  const people = async (): Promise<readonly (readonly unknown[])[]> =>
    (await load.rows(`SELECT * FROM ${load.schema}.people ORDER BY id`)).map((row) => Object.values(row));
  const everything = async (): Promise<readonly (readonly (readonly unknown[])[])[]> => {
    const found = [await people()];
    for (const table of ['bag', 'stock', 'total'])
      found.push(
        (await load.rows(`SELECT * FROM ${load.schema}.${table} ORDER BY 1, 2`)).map((row) => Object.values(row)),
      );
    return found;
  };
  const endOf = ({ transactions, goesOn }: Cut): Place => {
    const last = transactions.at(-1) ?? { number: 0, changes: [] };
    if (goesOn !== true) return doneUpTo(last.number);
    const event = (last.changes.at(-1)?.event ?? 0) + 1;
    const gtid = `${SOURCE_UUID}:${String(last.number)}`;
    return { ...doneUpTo(last.number - 1), inside: { gtid, event, row: 0, part: 0, serverUuid: SOURCE_UUID } };
  };
  const start = async (parameters: Partial<PipelineParameters>): Promise<RunningEpoch> => {
    epochs += 1;
    const epoch = load.startEpoch(epochs, parameters);
    await (epochs === 1 ? load.giveOrigin(1) : load.waitForPlace(epochs));
    return epoch;
  };
  const publish = async (cuts: readonly Cut[]): Promise<void> => {
    for (const [index, cut] of cuts.entries())
      await load.publish({ epoch: epochs, process: index + 1, tables: tables(), ...cut, end: endOf(cut) });
  };
  /** Has everything loaded in an epoch of its own; gives how many rows were skipped. */
  const loadAll = async (parameters: Partial<PipelineParameters>, cuts: readonly Cut[]): Promise<number> => {
    const epoch = await start(parameters);
    await publish(cuts);
    const loaded = Promise.all(ids(cuts.length).map((process) => load.waitForLoaded(epochs, process)));
    // An epoch that fails says why; what it has not loaded is nobody's business then.
    loaded.catch(() => undefined);
    expect(await Promise.race([loaded.then(() => null), epoch.result])).toBeNull();
    expect(await epoch.end()).toBeNull();
    return (await loaded).reduce((sum, { skipped }) => sum + skipped, 0);
  };
  const setBack = ({ done, inside }: Place): Promise<void> =>
    load.run(
      `UPDATE lutra.checkpoint SET done = '${JSON.stringify(done)}', ` +
        `inside = ${inside === null ? 'NULL' : `'${JSON.stringify(inside)}'`} WHERE pipeline_id = '${load.pipelineId}'`,
    );

  describe.each(MODES)('%s', (_mode, parameters) => {
    it('writes everything once more from a place that was set back, and the target is as before', async () => {
      const history = keyedHistory();
      expect(await loadAll(parameters, cutBy(1, history))).toBe(0);
      const before = await everything();
      for (const transactionsPerProcess of [3, 1]) {
        await load.run(`UPDATE ${load.schema}.people SET note = 'spoiled'`);
        await setBack(doneUpTo(0));
        expect(await loadAll(parameters, cutBy(transactionsPerProcess, history))).toBe(0);
        expect(await everything()).toEqual(before);
      }
    });

    it('writes what is behind a place in the middle of a transaction once more, and nothing before it', async () => {
      const history = keyedHistory();
      await loadAll(parameters, cutBy(1, history));
      const before = await people();
      const [done, behind] = [history.slice(0, 4), history.slice(4)];
      const fourth = done.pop() ?? [];
      const half = { transactions: [{ number: 4, changes: fourth.slice(0, 100) }], goesOn: true };
      const touched = new Set([...fourth.slice(100), ...behind.flat()].flatMap(keysOf));
      await load.run(`UPDATE ${load.schema}.people SET note = 'spoiled'`);
      await setBack(endOf(half));
      expect(await loadAll(parameters, cutBy(2, history))).toBe(rowCount(done) + 100);
      const wanted = before.map(([id, name, note]) => [id, name, touched.has(id) ? note : 'spoiled']);
      expect(await people()).toEqual(wanted);
    });

    it('stops by name at a key that has gone to another row since, and writes nothing of its process', async () => {
      const history: History = [[insert(person(1))], [update(person(1), away(1, 'there'))], [insert(person(2))]];
      await loadAll(parameters, cutBy(1, history));
      await setBack(doneUpTo(0));
      const epoch = await start(parameters);
      await publish(cutBy(1, history).slice(0, 1));
      // The row has its old key again, but its name is the moved one's.
      expect(await epoch.result).toMatchObject({
        code: 'TARGET_ROW_REFUSED',
        details: { index: 'by_name', process: 1 },
      });
      expect(await people()).toEqual([person(2), away(1, 'there')]);
    });

    it('drops what the place holds, however often and however it comes, and doubles nothing', async () => {
      const history = countingHistory();
      await load.run(
        `INSERT INTO ${load.schema}.stock VALUES ${ids(40)
          .map((id) => `(${String(id)}, 'a', ${String(OFFSET)})`)
          .join(',')}`,
      );
      const first = await start(parameters);
      // The last transaction comes in two parts; the loader dies when it has the first of them in hand.
      const last = history.at(-1) ?? [];
      const whole = cutBy(1, history.slice(0, -1));
      const number = history.length;
      const parts: readonly Cut[] = [
        { transactions: [{ number, changes: last.slice(0, 33) }], goesOn: true },
        { transactions: [{ number, changes: last.slice(33) }] },
      ];
      await publish([...whole, ...parts.slice(0, 1)]);
      await load.waitForLoaded(1, whole.length);
      const isStaged = () => load.events.some(({ kind, process }) => kind === 'staged' && process === whole.length + 1);
      await waitUntil(isStaged, { what: 'the first part to be staged', timeoutMs: 60_000, everyMs: 20 });
      expect(await first.end()).toBeNull();
      expect(await loadAll(parameters, [...whole, ...parts])).toBe(rowCount(history) - last.length);
      const before = await everything();
      expect(before).toEqual([
        ids(60).map((id) => person(id, 'seen')),
        [...ids(7).map(() => ['new', 1]), ['new', 2], ...ids(12).map(() => ['old', 1])],
        ids(40).map((id) => [id, 'c', OFFSET + id + 3]),
        [
          ['eu', 4, '6.00', '2.75'],
          ['new', 2, '1.25', null],
        ],
      ]);

      expect(await loadAll(parameters, [...whole, ...parts])).toBe(rowCount(history));
      expect(await everything()).toEqual(before);

      // Processes that hold both: what is done, and what is not.
      const longer: History = [...history, [bag(insert(['more', 1])), stock(1, ['c', 4], ['d', 5])]];
      expect(await loadAll(parameters, cutBy(3, longer))).toBe(rowCount(history));
      const [, bagged, stocked, totals] = await everything();
      expect(totals).toEqual(before[3]);
      expect([bagged?.[0], bagged?.length, stocked?.[0]]).toEqual([['more', 1], 21, [1, 'd', OFFSET + 5]]);
      expect(await loadAll(parameters, cutBy(4, longer))).toBe(rowCount(longer));
      expect((await everything()).slice(1)).toEqual([bagged, stocked, totals]);
    });
  });

  it('counts once what some lanes had written when another one was given up, however often it comes', async () => {
    const parameters = { applyMode: 'merged', lanes: 4 } as const;
    const small = (id: number) => stock(id, ['a', 0], ['b', 1]);
    const history: History = [
      // By what its tables are spread is stored with the first process: lanes write what comes behind it.
      [small(1), bag(insert(['old', 1]))],
      [...ids(999, 2).map((id) => small(id)), stock(1, ['b', 1], ['much too long', 2]), bag(insert(['new', 2]))],
    ];
    await load.run(
      `ALTER TABLE ${load.schema}.stock MODIFY note varchar(5)`,
      `INSERT INTO ${load.schema}.stock VALUES ${ids(1_000)
        .map((id) => `(${String(id)}, 'a', ${String(OFFSET)})`)
        .join(',')}`,
    );
    const epoch = await start(parameters);
    await publish(cutBy(1, history).slice(0, 1));
    await load.waitForLoaded(1, 1);
    await publish(cutBy(1, history));
    expect(await epoch.result).toMatchObject({ code: 'TARGET_VALUE_REFUSED' });
    const written = (await everything())[2]?.filter(([, note]) => note === 'b').length ?? 0;
    expect([written > 250, written < 1_000]).toEqual([true, true]);

    await load.run(`ALTER TABLE ${load.schema}.stock MODIFY note varchar(40)`);
    for (const skipped of [written + 1, rowCount(history)]) {
      expect(await loadAll(parameters, cutBy(1, history))).toBeGreaterThanOrEqual(skipped);
      const [, bagged, stocked] = await everything();
      expect(bagged).toEqual([
        ['new', 2],
        ['old', 1],
      ]);
      expect(stocked).toEqual(
        ids(1_000).map((id) => [id, id === 1 ? 'much too long' : 'b', OFFSET + (id === 1 ? 2 : 1)]),
      );
    }
  });
});
