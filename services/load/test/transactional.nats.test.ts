/**
 * Goal: in applyMode transactional the target never shows a part of a source transaction, however many slices it comes in.
 * Method: slices are published by hand one by one; another session looks at the table after each, and breaks things between.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError } from '@lutra/model';
import type { Place, RowChange } from '@lutra/model';
import { FaultProxy, testServers, waitUntil } from '@lutra/testing';
import { doneUpTo, LoadFixture, SOURCE_UUID } from './load-fixture.ts';
import { createPeople, insert, peopleTable, update } from './rows.ts';

const codeOf = (error: unknown): unknown => (SyncError.is(error) ? error.code : error);
const WHOLE = { applyMode: 'transactional', retryInPlaceMs: 5_000 } as const;

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])(
  'whole transactions on %s',
  (_name, server) => {
    let load: LoadFixture;
    let proxy: FaultProxy;
    let process = 0;

    beforeEach(async () => {
      proxy = await FaultProxy.open(testServers()[server]);
      load = await LoadFixture.open(server, { loaderPort: proxy.port });
      process = 0;
      await load.run(createPeople(load.schema));
    });
    afterEach(async () => {
      await load.close();
      await proxy.close();
    });

    const ids = async (): Promise<unknown[]> =>
      (await load.rows(`SELECT id FROM ${load.schema}.people ORDER BY id`)).map(({ id }) => id);
    const storedPlace = async (): Promise<unknown> => {
      const row = await load.checkpoint();
      const inside = row?.['inside'];
      return {
        done: JSON.parse(String(row?.['done'])) as unknown,
        inside: typeof inside === 'string' ? (JSON.parse(inside) as unknown) : null,
      };
    };
    const insideOf = (number: number, event: number): Place => ({
      done: doneUpTo(number - 1).done,
      inside: { gtid: `${SOURCE_UUID}:${String(number)}`, event, row: 0, part: 0, serverUuid: SOURCE_UUID },
    });
    /** Publishes the next process; `goesOn`: its last transaction is cut there. */
    const publish = async (
      epoch: number,
      transactions: readonly { readonly number: number; readonly changes: readonly RowChange[] }[],
      goesOn = false,
    ): Promise<number> => {
      process += 1;
      const last = transactions.at(-1);
      const number = last?.number ?? 0;
      const end = goesOn ? insideOf(number, (last?.changes.at(-1)?.event ?? 0) + 1) : doneUpTo(number);
      await load.publish({ epoch, process, tables: [peopleTable(load.schema)], transactions, end });
      return process;
    };
    const row = (id: number): RowChange => insert([id, `name ${String(id)}`, null]);
    const staged = (epoch: number, upTo: number): Promise<unknown> =>
      waitUntil(
        () => load.events.some((event) => event.kind === 'staged' && event.epoch === epoch && event.process === upTo),
        {
          what: `process ${String(upTo)} to be staged`,
          timeoutMs: 60_000,
          everyMs: 20,
        },
      );
    const loadedOf = (epoch: number): readonly (number | null)[] =>
      load.events.filter((event) => event.kind === 'loaded' && event.epoch === epoch).map((event) => event.process);

    it('shows a transaction at its commit, and frees each slice when it is staged', async () => {
      const epoch = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1)] }]);
      await load.waitForLoaded(1, 1);
      await publish(1, [{ number: 2, changes: [row(2), row(3)] }], true);
      await staged(1, 2);
      await publish(1, [{ number: 2, changes: [row(4)] }], true);
      await staged(1, 3);
      expect(await ids()).toEqual([1]);
      expect(await storedPlace()).toEqual(doneUpTo(1));
      await waitUntil(async () => (await load.bus.queuedProcesses(load.pipelineId, 1)).transformed === 0, {
        what: 'staged slices to be acknowledged',
        timeoutMs: 60_000,
      });
      await waitUntil(async () => (await load.waitForPlace(1, 1)).staged === 3, {
        what: 'the cursor to repeat what is staged',
        timeoutMs: 60_000,
      });
      expect(loadedOf(1)).toEqual([1]);
      await publish(1, [{ number: 2, changes: [row(5)] }]);
      expect(await load.waitForLoaded(1, 4)).toMatchObject({ inserted: 1, end: doneUpTo(2) });
      expect(loadedOf(1)).toEqual([1, 2, 3, 4]);
      expect(await load.waitForLoaded(1, 2)).toMatchObject({ inserted: 2 });
      expect(await ids()).toEqual([1, 2, 3, 4, 5]);
      expect(await storedPlace()).toEqual(doneUpTo(2));
      expect((await load.waitForPlace(1, 4)).staged).toBeUndefined();
      expect(await epoch.end()).toBeNull();
    });

    it('commits what ends before a slice that goes on, at the border between them', async () => {
      const epoch = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1)] }], true);
      await staged(1, 1);
      const mixed = [
        { number: 1, changes: [row(2)] },
        { number: 2, changes: [row(3)] },
        { number: 3, changes: [row(4)] },
      ];
      await publish(1, mixed, true);
      await staged(1, 2);
      expect(await ids()).toEqual([1, 2, 3]);
      expect(await storedPlace()).toEqual(doneUpTo(2));
      expect((await load.waitForPlace(1, 1)).place).toEqual(doneUpTo(2));
      expect(loadedOf(1)).toEqual([1]);
      await publish(1, [{ number: 3, changes: [row(5)] }]);
      expect(await load.waitForLoaded(1, 3)).toMatchObject({ inserted: 1 });
      expect(await load.waitForLoaded(1, 2)).toMatchObject({ inserted: 3 });
      expect(await ids()).toEqual([1, 2, 3, 4, 5]);
      expect(await epoch.end()).toBeNull();
    });

    it('settles a missing row inside a slice without losing the slices before it', async () => {
      const epoch = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1), row(2)] }], true);
      await staged(1, 1);
      await publish(1, [{ number: 1, changes: [row(3), update([9, 'x', null], [9, 'missing', null])] }], true);
      await staged(1, 2);
      expect(await ids()).toEqual([]);
      await publish(1, [{ number: 1, changes: [update([1, 'name 1', null], [1, 'name 1', 'last'])] }]);
      expect(await load.waitForLoaded(1, 2)).toMatchObject({ inserted: 1, updated: 1, conflicts: 1 });
      expect(await ids()).toEqual([1, 2, 3, 9]);
      expect(await epoch.end()).toBeNull();
    });

    it('is told of no place when the row of a later slice is refused, and nothing stays', async () => {
      await load.run(`INSERT INTO ${load.schema}.people VALUES (50, 'taken', NULL)`);
      const epoch = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1)] }], true);
      await staged(1, 1);
      await publish(1, [{ number: 1, changes: [row(2), insert([3, 'taken', null])] }]);
      expect(codeOf(await epoch.result)).toBe('TARGET_ROW_REFUSED');
      expect(await ids()).toEqual([50]);
      expect(await storedPlace()).toEqual(doneUpTo(0));
    });

    it('ends the epoch when the target rolls staged slices back; the next one reads them again', async () => {
      const first = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1)] }], true);
      await staged(1, 1);
      await load.run(`KILL ${String((await load.checkpoint())?.['sessionId'])}`);
      await publish(1, [{ number: 1, changes: [row(2)] }]).catch(() => undefined);
      expect(codeOf(await first.result)).toBe('TARGET_TRANSACTION_LOST');
      expect(await ids()).toEqual([]);
      expect(loadedOf(1)).toEqual([]);
      process = 0;
      const second = load.startEpoch(2, WHOLE);
      expect((await load.waitForPlace(2)).place).toEqual(doneUpTo(0));
      await publish(2, [{ number: 1, changes: [row(1)] }], true);
      await publish(2, [{ number: 1, changes: [row(2)] }]);
      await load.waitForLoaded(2, 2);
      expect(await ids()).toEqual([1, 2]);
      expect(await second.end()).toBeNull();
    });

    it.each(['before', 'after'] as const)('cut %s the COMMIT of staged slices: all of it or nothing', async (cut) => {
      const epoch = load.startEpoch(1, WHOLE);
      await load.giveOrigin(1);
      await publish(1, [{ number: 1, changes: [row(1)] }], true);
      await staged(1, 1);
      proxy.cutAt({ includes: 'COMMIT', when: cut });
      await publish(1, [{ number: 1, changes: [row(2)] }]);
      if (cut === 'before') {
        expect(codeOf(await epoch.result)).toBe('TARGET_TRANSACTION_LOST');
        expect(await ids()).toEqual([]);
        expect(await storedPlace()).toEqual(doneUpTo(0));
        return;
      }
      await load.waitForLoaded(1, 2);
      expect(loadedOf(1)).toEqual([1, 2]);
      expect(await ids()).toEqual([1, 2]);
      await publish(1, [{ number: 2, changes: [row(3)] }]);
      await load.waitForLoaded(1, 3);
      expect(await ids()).toEqual([1, 2, 3]);
      expect(await epoch.end()).toBeNull();
    });

    it('finishes as one what merged mode left half done, and ends whole what was begun whole', async () => {
      const merged = load.startEpoch(1);
      await load.giveOrigin(1);
      const [one, two, three, four] = [row(1), row(2), row(3), row(4)];
      await publish(1, [{ number: 1, changes: [one] }], true);
      await load.waitForLoaded(1, 1);
      expect(await ids()).toEqual([1]);
      await merged.end();
      process = 0;
      const parameters: { applyMode: 'merged' | 'transactional' } = { applyMode: 'transactional' };
      const epoch = load.startEpoch(2, parameters, () => parameters);
      expect((await load.waitForPlace(2)).place).toEqual(insideOf(1, one.event + 1));
      await publish(2, [{ number: 1, changes: [one, two] }], true);
      await staged(2, 1);
      parameters.applyMode = 'merged';
      await publish(2, [{ number: 1, changes: [three] }], true);
      await staged(2, 2);
      expect(await ids()).toEqual([1]);
      expect(await storedPlace()).toEqual(insideOf(1, one.event + 1));
      await publish(2, [{ number: 1, changes: [four] }]);
      expect(await load.waitForLoaded(2, 1)).toMatchObject({ inserted: 1, skipped: 1 });
      await load.waitForLoaded(2, 3);
      expect(await ids()).toEqual([1, 2, 3, 4]);
      await publish(2, [{ number: 2, changes: [row(5)] }], true);
      await load.waitForLoaded(2, 4);
      expect(await ids()).toEqual([1, 2, 3, 4, 5]);
      expect(await epoch.end()).toBeNull();
    });
  },
);
