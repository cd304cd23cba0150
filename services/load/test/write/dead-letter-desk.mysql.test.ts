/**
 * Goal: a person's decision about a dead letter is carried out once, in order, under the fence, and what follows it comes after.
 * Method: units put rows aside on real servers; decisions are written as the manager writes them; the desk is asked to look.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { REPAIRS, systemClock, WRITES_ALL } from '@lutra/model';
import type { Clock, ColumnDefinition, ConflictPolicy } from '@lutra/model';
import {
  claimCheckpoint,
  ensureCheckpointTable,
  insertOrigin,
  listDeadLetters,
  TargetCatalog,
  wantStatement,
} from '@lutra/sql';
import { DeadLetterDesk } from '../../src/write/dead-letter-desk.ts';
import type { ToldLetter } from '../../src/write/dead-letter-desk.ts';
import { Quarantine } from '../../src/write/quarantine.ts';
import { createPeople, insert, peopleTable, remove, unmapped, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 1 };
const SIGNAL = new AbortController().signal;
type DeskLanes = Parameters<typeof DeadLetterDesk.open>[0]['lanes'];
const TOO_LONG = 'x'.repeat(41);
const STOCK: ColumnDefinition = { name: 'stock', kind: 'integer', declared: 'int', nullable: true, bytes: 4 };
const PLACE = { done: { kind: 'mysqlGtid' as const, gtidSet: '' }, inside: null };

describe.each(TARGETS)('decisions on %s', (_name, server) => {
  let unit: UnitFixture;
  let desk: DeadLetterDesk;
  let told: ToldLetter[] = [];
  let policy: ConflictPolicy | undefined;
  const claim = () => ({ pipelineId: unit.pipelineId, epoch: 1, owner: 'load-1/a' });
  // Each look is later than the one before by more than a second.
  let nowMs = 0;
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonicMs: () => (nowMs += 2_000),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    callAfter: (ms, call) => systemClock.callAfter(ms, call),
  };
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };

  async function openDesk(): Promise<DeadLetterDesk> {
    const pipeline = {
      pipelineId: unit.pipelineId,
      latestDefinition: () => unit.definition(policy, SET_ASIDE),
      log,
    } as never;
    const lanes: DeskLanes = {
      ask: async (question) => {
        try {
          return await question(unit.session);
        } finally {
          await unit.session.rollback();
        }
      },
    };
    const tell = (letter: ToldLetter): Promise<void> => {
      told.push(letter);
      return Promise.resolve();
    };
    const warn = () => Promise.resolve();
    const { rules } = unit;
    const opened = await DeadLetterDesk.open(
      { clock, lanes, claim: claim(), pipeline, tell, catalog: new TargetCatalog(), rules, warn },
      unit.session,
    );
    // What an epoch before may have left is looked at once.
    await opened.tend(SIGNAL);
    return opened;
  }

  async function want(
    state: 'retryWanted' | 'discardWanted',
    index: number,
    image: Record<string, string | number> | null = null,
  ) {
    const page = { offset: 0, limit: 100, order: 'oldestFirst' as const };
    const letters = await listDeadLetters(unit.session, { pipelineIds: [unit.pipelineId] }, page);
    const id = letters[index]?.id ?? '';
    await unit.session.execute([wantStatement({ pipelineId: unit.pipelineId, id }, { state, by: 'ada', image })]);
    await unit.session.commit();
    await desk.tend(SIGNAL);
  }

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
    await ensureCheckpointTable(unit.session);
    await insertOrigin(unit.session, claim(), { place: PLACE, revision: 1, lanes: 2 });
  });
  afterAll(() => unit.close());
  beforeEach(async () => {
    await unit.reset();
    policy = undefined;
    told = [];
    desk = await openDesk();
  });

  const states = async (): Promise<readonly unknown[]> => (await unit.letters('state')).map(({ state }) => state);

  it('retries an edited row, then what follows it, in order', async () => {
    await unit.write(unit.plan([insert([1, TOO_LONG, 'a'])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, TOO_LONG, 'a'], [1, 'ann', 'b'])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, 'ann', 'b'], [1, 'ann', 'c'])]), undefined, SET_ASIDE);
    await want('retryWanted', 0, { id: 1, name: 'short', note: 'edited' });
    expect(await unit.people()).toEqual([[1, 'ann', 'c']]);
    expect(await states()).toEqual(['retried', 'retried', 'retried']);
    expect(told.map(({ change }) => change)).toEqual(['retried', 'retried', 'retried']);
    expect(unit.rules.quarantine.isEmpty).toBe(true);
    // Nothing is held any more.
    await unit.write(unit.plan([update([1, 'ann', 'c'], [1, 'ann', 'd'])]));
    expect(await unit.people()).toEqual([[1, 'ann', 'd']]);
  });

  it('opens a letter again that is refused again, and keeps what follows it waiting', async () => {
    await unit.write(unit.plan([insert([1, TOO_LONG, 'a'])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([remove([1, TOO_LONG, 'a'])]), undefined, SET_ASIDE);
    await want('retryWanted', 0);
    expect(await states()).toEqual(['open', 'open']);
    expect(told).toMatchObject([{ change: 'retry-failed', code: 'TARGET_VALUE_REFUSED' }]);
    const [first] = await unit.letters('attempts, last_error AS error');
    expect([first?.['attempts'], String(first?.['error'])]).toEqual([
      2,
      expect.stringContaining('TARGET_VALUE_REFUSED'),
    ]);
    // A follower cannot go before the one that it follows.
    await want('retryWanted', 1);
    expect(await states()).toEqual(['open', 'open']);
    expect(told.at(-1)).toMatchObject({ change: 'retry-failed', code: 'TARGET_ROW_HELD' });
    expect(unit.rules.quarantine.isEmpty).toBe(false);
  });

  it('discards a row as if it had never come, and then tries what followed', async () => {
    await unit.write(unit.plan([insert([1, TOO_LONG, 'a']), insert([2, 'bob', null])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, TOO_LONG, 'a'], [1, 'ann', 'b'])]), undefined, SET_ASIDE);
    await want('discardWanted', 0);
    expect(await states()).toEqual(['discarded', 'retried']);
    // The update found no row, and was whole.
    expect(await unit.people()).toEqual([
      [1, 'ann', 'b'],
      [2, 'bob', null],
    ]);
    expect(await unit.recorded()).toMatchObject([{ type: 'target-row-missing', decision: 'inserted' }]);
  });

  it('writes columns that came back to their first value in merged rows, as each of the rows would have', async () => {
    await unit.write(unit.plan([insert([1, 'ann', 'a'])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, 'ann', 'a'], [1, TOO_LONG, 'b'])]), undefined, SET_ASIDE);
    const merged = [update([1, TOO_LONG, 'b'], [1, 'bob', 'c']), update([1, 'bob', 'c'], [1, 'bob', 'b'])];
    await unit.write(unit.planMerged(merged, { kind: 'overwrite' }), undefined, SET_ASIDE);
    expect(await states()).toEqual(['open', 'open']);
    await want('discardWanted', 0);
    expect(await states()).toEqual(['discarded', 'retried']);
    expect(await unit.people()).toEqual([[1, 'bob', 'b']]);
  });

  it('finds the row of a letter that a change and its copy, sent once more, have become together', async () => {
    const people = peopleTable(unit.schema);
    await unit.reset(people, createPeople(unit.schema).replace(', UNIQUE KEY by_name (name)', ''));
    desk = await openDesk();
    await unit.write(unit.plan([insert([1, 'ann', 'a'])]), undefined, SET_ASIDE);
    const copy = { ...update([1, TOO_LONG, 'a'], [1, TOO_LONG, 'a']), flags: REPAIRS | WRITES_ALL };
    const merged = [update([1, 'ann', 'a'], [1, TOO_LONG, 'a']), copy];
    await unit.write(unit.planMerged(merged, { kind: 'overwrite' }), undefined, SET_ASIDE);
    expect(await states()).toEqual(['open']);
    // It holds back its own key, and nothing else.
    await unit.write(unit.plan([insert([2, 'bob', 'b'])]), undefined, SET_ASIDE);
    expect(await states()).toEqual(['open']);
    await want('retryWanted', 0, { name: 'short' });
    expect(await states()).toEqual(['retried']);
    expect(await unit.people()).toEqual([
      [1, 'short', 'a'],
      [2, 'bob', 'b'],
    ]);
  });

  it('opens a letter again that has no row to write, and goes on when it is discarded', async () => {
    const refused = unmapped(insert([1, 'ann', undefined]), [2]);
    await unit.write(unit.plan([refused]), undefined, SET_ASIDE);
    const later = [
      update([1, 'ann', 'a'], [1, 'ann', 'b']),
      unmapped(update([1, 'ann', 'b'], [1, 'bea', undefined]), [2]),
    ];
    for (const change of later) await unit.write(unit.plan([change]), undefined, SET_ASIDE);
    await want('retryWanted', 0);
    expect(await states()).toEqual(['open', 'open', 'open']);
    expect(told).toMatchObject([{ change: 'retry-failed', code: 'ROW_NOT_MAPPED' }]);
    await want('discardWanted', 0);
    expect(await states()).toEqual(['discarded', 'retried', 'open']);
    expect(await unit.people()).toEqual([[1, 'ann', 'b']]);
    // A new epoch knows it again.
    unit.rules.quarantine.replaceBy(new Quarantine());
    desk = await openDesk();
    await unit.write(unit.plan([remove([1, 'bea', null])]), undefined, SET_ASIDE);
    expect(await states()).toEqual(['discarded', 'retried', 'open', 'open']);
    await want('retryWanted', 2, { note: 'told' });
    expect(await states()).toEqual(['discarded', 'retried', 'retried', 'retried']);
    expect(await unit.people()).toEqual([]);
  });

  it('takes up what an epoch before has left', async () => {
    await unit.write(unit.plan([insert([1, TOO_LONG, 'a'])]), undefined, SET_ASIDE);
    await unit.write(unit.plan([update([1, TOO_LONG, 'a'], [1, 'ann', 'b'])]), undefined, SET_ASIDE);
    // The head was settled, and the loader died before it came to the follower.
    await unit.run(
      `UPDATE lutra.dead_letter SET state = 'discarded' WHERE pipeline_id = '${unit.pipelineId}' AND follows IS NULL`,
    );
    unit.rules.quarantine.replaceBy(new Quarantine());
    desk = await openDesk();
    expect(await unit.people()).toEqual([[1, 'ann', 'b']]);
    expect(await states()).toEqual(['discarded', 'retried']);
  });

  describe('an amount that is added up', () => {
    beforeEach(async () => {
      policy = { kind: 'merge', columns: [], deltaColumns: ['stock'] };
      const people = peopleTable(unit.schema);
      const create = createPeople(unit.schema).replace('200)', '200), stock int, CHECK (stock < 1011)');
      await unit.reset({ ...people, columns: [...people.columns, STOCK] }, create);
      await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ann', 'here', 1010)`);
      desk = await openDesk();
    });

    it.each([
      ['retried', null, [1, 'ann', 'here', 905]],
      ['edited elsewhere', { note: 'edited' }, [1, 'ann', 'edited', 905]],
      ['set by the person', { stock: 500 }, [1, 'ann', 'b', 503]],
      ['set by the person to what the source had', { stock: 12 }, [1, 'ann', 'b', 15]],
      ['set back by the person', { stock: 10 }, [1, 'ann', 'b', 13]],
    ])('moves by as much as at the source: %s', async (_how, image, row) => {
      await unit.write(unit.plan([update([1, 'ann', 'a', 10], [1, 'ann', 'b', 12])]), policy, SET_ASIDE);
      await unit.write(unit.plan([update([1, 'ann', 'b', 12], [1, 'ann', 'b', 15])]), policy, SET_ASIDE);
      await unit.run(`UPDATE ${unit.schema}.people SET stock = 900`);
      await want('retryWanted', 0, image);
      expect(await unit.people()).toEqual([row]);
      expect(await states()).toEqual(['retried', 'retried']);
    });

    it.each([1002, 12])(
      'is not guessed where the image does not say from where, until a person sets it to %d',
      async (stock) => {
        await unit.write(unit.plan([update([1], [1, undefined, undefined, 12])]), policy, SET_ASIDE);
        await want('retryWanted', 0);
        expect([await states(), await unit.people()]).toEqual([['open'], [[1, 'ann', 'here', 1010]]]);
        const [letter] = await unit.letters('last_error AS error');
        expect(String(letter?.['error'])).toMatch(/edit .* with what stock is to be at the target, or discard it/);
        await want('retryWanted', 0, { stock });
        expect([await states(), await unit.people()]).toEqual([['retried'], [[1, 'ann', 'here', stock]]]);
      },
    );

    it('lets a person order what a partial image does not tell', async () => {
      await unit.write(unit.plan([update([1], [1, undefined, 'new'])]), policy, SET_ASIDE);
      expect(await states()).toEqual(['open']);
      await want('retryWanted', 0);
      expect([await states(), await unit.people()]).toEqual([['retried'], [[1, 'ann', 'new', 1010]]]);
    });

    it('lets a person settle an insert in part that the target has already', async () => {
      await unit.write(unit.plan([insert([1, 'ann'])]), policy, SET_ASIDE);
      expect(await states()).toEqual(['open']);
      await want('retryWanted', 0);
      expect([await states(), await unit.people()]).toEqual([['retried'], [[1, 'ann', 'here', 1010]]]);
    });
  });

  describe('a row that comes again', () => {
    const REFUSED = [1, TOO_LONG, 'a'] as const;
    const write = (...changes: Parameters<UnitFixture['plan']>[0]) =>
      unit.write(unit.plan(changes), undefined, SET_ASIDE);
    /** The quarantine of the new epoch. */
    const reopen = async (): Promise<void> => {
      desk = await openDesk();
      await unit.rules.refresh(unit.session, [{ writer: unit.writer }]);
      await unit.session.rollback();
    };

    it('is discarded with its letter, whichever server sends it', async () => {
      await write(insert(REFUSED), insert([2, 'bob', null]));
      unit.again(2, 'b');
      await reopen();
      await write(insert(REFUSED), insert([2, 'bob', null]));
      expect(await unit.letters('state, follows IS NULL AS isHead')).toEqual([
        { state: 'open', isHead: 1 },
        { state: 'open', isHead: 0 },
      ]);
      await want('discardWanted', 0);
      await desk.tend(SIGNAL);
      expect(await unit.letters('state, wanted_by AS wantedBy')).toEqual([
        { state: 'discarded', wantedBy: 'ada' },
        { state: 'discarded', wantedBy: 'ada' },
      ]);
      expect(await unit.people()).toEqual([[2, 'bob', null]]);
    });

    it('is discarded by itself when its letter was before', async () => {
      await write(insert(REFUSED));
      await want('discardWanted', 0);
      unit.again(2, 'b');
      await reopen();
      await write(insert(REFUSED));
      await desk.tend(SIGNAL);
      expect(await states()).toEqual(['discarded', 'discarded']);
      expect(unit.rules.quarantine.isEmpty).toBe(true);
    });

    it('is written with the image of the person, after what came again before it', async () => {
      await write(insert([1, 'ann', 'a']), update([1, 'ann', 'a'], REFUSED));
      unit.again(2, 'b');
      await reopen();
      await write(insert([1, 'ann', 'a']), update([1, 'ann', 'a'], REFUSED));
      await want('retryWanted', 0, { id: 1, name: 'short', note: 'edited' });
      await desk.tend(SIGNAL);
      expect(await states()).toEqual(['retried', 'retried', 'retried']);
      expect(await unit.people()).toEqual([[1, 'short', 'edited']]);
    });

    it('is another one where the same server sends the same change at another place', async () => {
      const first = insert(REFUSED);
      await write(first);
      unit.again(2, 'a');
      await reopen();
      await write(first, { ...first, event: first.event + 1 });
      await want('discardWanted', 0);
      await desk.tend(SIGNAL);
      const letters = await unit.letters('state, event, epoch');
      expect(letters.map(({ state, event }) => [state, Number(event) - first.event])).toEqual([
        ['discarded', 0],
        ['discarded', 0],
        ['open', 1],
      ]);
    });
  });

  it('does nothing once another loader has claimed', async () => {
    await unit.write(unit.plan([insert([1, TOO_LONG, 'a'])]), undefined, SET_ASIDE);
    await claimCheckpoint(unit.session, { ...claim(), epoch: 2, owner: 'load-2/b' });
    await expect(want('retryWanted', 0, { id: 1, name: 'short', note: 'edited' })).rejects.toMatchObject({
      code: 'TARGET_FENCED',
    });
    expect([await unit.people(), await states()]).toEqual([[], ['retryWanted']]);
  });
});
