/**
 * Goal: rows of a table without a key are written once each, also when their source transaction comes in several processes
 * and the loader dies between them: in applyMode merged too nothing of them is committed before the transaction ends.
 * Method: slices are published by hand; sessions are killed and connections cut between them, then all comes again from the
 * place that the next epoch names, as select would send it.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { Place, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { FaultProxy, testServers, waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable, remove, update } from './rows.ts';

const codeOf = (error: unknown): unknown => (SyncError.is(error) ? error.code : error);

const notesTable = (schema: string): TableDefinition => ({
  schema,
  table: 'notes',
  columns: [
    { name: 'body', kind: 'text', declared: 'varchar(40)', nullable: true, charset: 'utf8mb4' },
    { name: 'number', kind: 'integer', declared: 'int', nullable: true, bytes: 4 },
  ],
  primaryKey: [],
});

/** The same change, of the second table of the process. */
const ofNotes = (change: RowChange): RowChange => ({ ...change, table: 1 });
const note = (...image: RowImage): RowChange => ofNotes(insert(image));
const person = (id: number): RowChange => insert([id, `name ${String(id)}`, null]);

interface Slice {
  readonly number: number;
  readonly changes: readonly RowChange[];
  readonly goesOn: boolean;
}

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])(
  'slices with rows without a key on %s',
  (_name, server) => {
    let load: LoadFixture;
    let proxy: FaultProxy;

    beforeEach(async () => {
      proxy = await FaultProxy.open(testServers()[server]);
      load = await LoadFixture.open(server, { loaderPort: proxy.port });
      await load.run(
        createPeople(load.schema),
        `CREATE TABLE ${load.schema}.notes (body varchar(40), number int)`,
        `INSERT INTO ${load.schema}.notes VALUES ('old', 1), ('old', 1), ('old', 1)`,
      );
    });
    afterEach(async () => {
      await load.close();
      await proxy.close();
    });

    const insideOf = ({ number, changes }: Slice): Place => ({
      done: doneUpTo(number - 1).done,
      inside: {
        gtid: `${SOURCE_UUID}:${String(number)}`,
        event: (changes.at(-1)?.event ?? 0) + 1,
        row: 0,
        part: 0,
        serverUuid: SOURCE_UUID,
      },
    });
    const publish = (epoch: number, process: number, slice: Slice): Promise<void> =>
      load.publish({
        epoch,
        process,
        tables: [peopleTable(load.schema), notesTable(load.schema)],
        transactions: [{ number: slice.number, changes: slice.changes }],
        end: slice.goesOn ? insideOf(slice) : doneUpTo(slice.number),
      });
    const staged = (epoch: number, process: number): Promise<unknown> =>
      waitUntil(
        () =>
          load.events.some((event) => event.kind === 'staged' && event.epoch === epoch && event.process === process),
        { what: `process ${String(process)} to be staged`, timeoutMs: 60_000, everyMs: 20 },
      );
    const notes = async (): Promise<unknown[]> =>
      (await load.rows(`SELECT body, number FROM ${load.schema}.notes ORDER BY body, number`)).map((row) =>
        Object.values(row),
      );
    const people = async (): Promise<unknown[]> =>
      (await load.rows(`SELECT id FROM ${load.schema}.people ORDER BY id`)).map(({ id }) => id);

    const old = ['old', 1];
    /** One transaction, which takes one of three equal rows away, changes another, and adds equal ones. */
    const slices = (): readonly [Slice, Slice, Slice] => [
      { number: 1, changes: [note('new', 2), person(1)], goesOn: true },
      { number: 1, changes: [ofNotes(remove(old)), note('new', 2)], goesOn: true },
      { number: 1, changes: [ofNotes(update(old, ['changed', null])), person(2)], goesOn: false },
    ];
    const BEFORE = [old, old, old];
    const AFTER = [['changed', null], ['new', 2], ['new', 2], old];

    it.each([1, 4])('are staged until their transaction ends (lanes: %i)', async (lanes) => {
      const [one, two, three] = slices();
      const epoch = load.startEpoch(1, { lanes });
      await load.giveOrigin(1);
      await publish(1, 1, one);
      await staged(1, 1);
      await publish(1, 2, two);
      await staged(1, 2);
      expect(await notes()).toEqual(BEFORE);
      expect((await load.waitForPlace(1)).place).toEqual(doneUpTo(0));
      await publish(1, 3, three);
      expect(await load.waitForLoaded(1, 3)).toMatchObject({ conflicts: 0, end: doneUpTo(1) });
      expect(await notes()).toEqual(AFTER);
      expect(await people()).toEqual([1, 2]);
      expect(await epoch.end()).toBeNull();
    });

    it.each(['the session is killed', 'the loader dies'] as const)(
      'come again from the start of their transaction when %s, and nothing is doubled',
      async (how) => {
        const [one, two, three] = slices();
        const first = load.startEpoch(1);
        await load.giveOrigin(1);
        await publish(1, 1, one);
        await publish(1, 2, two);
        await staged(1, 2);
        if (how === 'the session is killed') {
          await load.run(`KILL ${String((await load.checkpoint())?.['sessionId'])}`);
          await publish(1, 3, three).catch(() => undefined);
          expect(codeOf(await first.result)).toBe('TARGET_TRANSACTION_LOST');
        } else await first.end();
        const second = load.startEpoch(2);
        expect((await load.waitForPlace(2)).place).toEqual(doneUpTo(0));
        expect(await notes()).toEqual(BEFORE);
        for (const [index, slice] of [one, two, three].entries()) await publish(2, index + 1, slice);
        expect(await load.waitForLoaded(2, 3)).toMatchObject({ conflicts: 0 });
        expect(await notes()).toEqual(AFTER);
        expect(await people()).toEqual([1, 2]);
        expect(await second.end()).toBeNull();
      },
    );

    it.each(['before', 'after'] as const)(
      'cut %s the COMMIT of their transaction: each is written once',
      async (cut) => {
        const [one, two, three] = slices();
        const first = load.startEpoch(1);
        await load.giveOrigin(1);
        await publish(1, 1, one);
        await publish(1, 2, two);
        await staged(1, 2);
        proxy.cutAt({ includes: 'COMMIT', when: cut });
        await publish(1, 3, three);
        if (cut === 'before') {
          expect(codeOf(await first.result)).toBe('TARGET_TRANSACTION_LOST');
          expect(await notes()).toEqual(BEFORE);
        } else {
          await load.waitForLoaded(1, 3);
          await first.end();
        }
        const second = load.startEpoch(2);
        expect((await load.waitForPlace(2)).place).toEqual(doneUpTo(cut === 'before' ? 0 : 1));
        // Select sends from the place on; what is done already may come once more all the same.
        for (const [index, slice] of [one, two, three].entries()) await publish(2, index + 1, slice);
        const loaded = await load.waitForLoaded(2, 3);
        expect(loaded.skipped).toBe(cut === 'before' ? 0 : 2);
        expect(await notes()).toEqual(AFTER);
        expect(await second.end()).toBeNull();
      },
    );

    it('behind slices that may be repeated are held from the first of them on, and come again with what is not done', async () => {
      const parts: readonly [Slice, Slice, Slice, Slice] = [
        { number: 1, changes: [person(1)], goesOn: true },
        { number: 1, changes: [note('new', 2), person(2)], goesOn: true },
        { number: 1, changes: [person(3)], goesOn: true },
        { number: 1, changes: [note('new', 2)], goesOn: false },
      ];
      const [one, ...behind] = parts;
      const first = load.startEpoch(1);
      await load.giveOrigin(1);
      await publish(1, 1, one);
      await load.waitForLoaded(1, 1);
      for (const [index, slice] of behind.slice(0, 2).entries()) await publish(1, index + 2, slice);
      await staged(1, 3);
      expect(await people()).toEqual([1]);
      expect(await notes()).toEqual(BEFORE);
      await load.run(`KILL ${String((await load.checkpoint())?.['sessionId'])}`);
      await publish(1, 4, parts[3]).catch(() => undefined);
      expect(codeOf(await first.result)).toBe('TARGET_TRANSACTION_LOST');
      const second = load.startEpoch(2);
      expect((await load.waitForPlace(2)).place).toEqual(insideOf(one));
      for (const [index, slice] of behind.entries()) await publish(2, index + 1, slice);
      await load.waitForLoaded(2, 3);
      expect(await people()).toEqual([1, 2, 3]);
      expect(await notes()).toEqual([['new', 2], ['new', 2], ...BEFORE]);
      expect(await second.end()).toBeNull();
    });
  },
);
