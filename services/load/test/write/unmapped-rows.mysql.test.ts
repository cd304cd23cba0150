/**
 * Goal: a row that a mapping has refused meets the poison policy as one that the target refuses, and no other row suffers.
 * Method: units with such rows on real servers, under policies that compare and one that does not; letters are then decided.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '@lutra/model';
import type { ConflictPolicy } from '@lutra/model';
import { readDeadLetters } from '@lutra/sql';
import { applyLetter } from '../../src/write/apply-letter.ts';
import { insert, peopleTable, remove, unmapped, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 3 };
const OVERWRITE: ConflictPolicy = { kind: 'overwrite' };
const CODE = 'ROW_VALUE_LOST';
const HELD = 'TARGET_ROW_HELD';

describe.each(TARGETS)('rows that could not be mapped, on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());
  beforeEach(() => unit.reset());

  const codes = async (): Promise<readonly unknown[]> =>
    (await unit.letters('error_code AS code')).map(({ code }) => code);

  it('stop the unit by default, with the code, the row and what to do, and nothing of it stays', async () => {
    const planned = unit.plan([insert([1, 'ada', null]), unmapped(insert([2, 'bob', undefined]), [2])]);
    await expect(unit.write(planned)).rejects.toMatchObject({
      code: CODE,
      class: 'poison',
      message: expect.stringMatching(/: A value is lost \(source transaction 0-1-\d+, event \d+, row 1\)$/) as unknown,
    });
    expect([await unit.people(), await unit.letters()]).toEqual([[], []]);
  });

  it.each<ConflictPolicy>([OVERWRITE, { kind: 'sourceWins' }])(
    'become letters, exactly they, and all others are written: %j',
    async (policy) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (refused) => {
          await unit.reset();
          const changes = refused.map((isRefused, id) =>
            isRefused ? unmapped(insert([id, `n${String(id)}`, undefined]), [2]) : insert([id, `n${String(id)}`, 'v']),
          );
          const conflicts = await unit.write(unit.planMerged(changes, policy), policy, SET_ASIDE);
          const ids = (wanted: boolean): number[] => refused.flatMap((isBad, id) => (isBad === wanted ? [id] : []));
          expect((await unit.people()).map(([id]) => id)).toEqual(ids(false));
          const letters = await unit.letters(
            '`row` AS id, state, error_code AS code, error_message AS message, attempts',
          );
          const letter = { state: 'open', code: CODE, message: 'A value is lost', attempts: 1 };
          expect(letters).toEqual(ids(true).map((id) => ({ id, ...letter })));
          expect(conflicts.map(({ type, letter: held }) => [type, held?.code])).toEqual(
            ids(true).map(() => [null, CODE]),
          );
        }),
        { numRuns: 5 },
      );
    },
    180_000,
  );

  it('hold back what comes to their key or their unique values, and nothing else', async () => {
    await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL), (2, 'bob', NULL), (3, 'cyd', NULL)`);
    const changes = [
      unmapped(update([1, 'ada', null], [1, 'ann', undefined]), [2]),
      ...[update([1, 'ann', 'x'], [1, 'ann', 'y']), update([2, 'bob', null], [2, 'ada', null])],
      ...[update([3, 'cyd', null], [3, 'cyd', 'z']), insert([4, 'dan', null])],
    ];
    await unit.write(unit.planMerged(changes, OVERWRITE), OVERWRITE, SET_ASIDE);
    expect(await codes()).toEqual([CODE, HELD, HELD]);
    await unit.write(unit.plan([remove([1, 'ann', 'y']), remove([3, 'cyd', 'z'])]), OVERWRITE, SET_ASIDE);
    expect(await codes()).toEqual([CODE, HELD, HELD, HELD]);
    expect(await unit.people()).toEqual([
      [1, 'ada', null],
      [2, 'bob', null],
      [4, 'dan', null],
    ]);
  });

  it.each([
    ['part of the key', [0], [undefined, 'ann', null]],
    ['part of another unique index', [1], [1, undefined, null]],
  ])('hold back the whole table when they lack %s', async (_what, columns, image) => {
    const changes = [insert([5, 'eve', null]), unmapped(insert(image), columns), insert([6, 'fay', null])];
    await unit.write(unit.planMerged(changes, OVERWRITE), OVERWRITE, SET_ASIDE);
    expect([await unit.people(), await codes()]).toEqual([[[5, 'eve', null]], [CODE, HELD]]);
  });

  it('hold back the whole table when it has no key', async () => {
    const create = `CREATE TABLE ${unit.schema}.people (id int NOT NULL, name varchar(40) NOT NULL, note varchar(200))`;
    await unit.reset({ ...peopleTable(unit.schema), primaryKey: [] }, create);
    const changes = [insert([1, 'ada', null]), unmapped(remove([1, 'ada', undefined]), [2]), insert([2, 'bob', null])];
    await unit.write(unit.planMerged(changes, OVERWRITE), OVERWRITE, SET_ASIDE);
    expect([await unit.people(), await codes()]).toEqual([[[1, 'ada', null]], [CODE, HELD]]);
  });

  it('say so themselves when they follow another letter', async () => {
    await unit.write(unit.plan([unmapped(insert([1, 'ada', undefined]), [2])]), OVERWRITE, SET_ASIDE);
    await unit.write(unit.plan([unmapped(update([1, 'ada', 'a'], [1, 'ada', undefined]), [2])]), OVERWRITE, SET_ASIDE);
    expect(await unit.letters('error_code AS code, follows IS NULL AS head, attempts')).toMatchObject([
      { code: CODE, head: 1, attempts: 1 },
      { code: CODE, head: 0, attempts: 0 },
    ]);
  });

  describe('whose letters are decided', () => {
    const definition = () => unit.definition(OVERWRITE, SET_ASIDE);
    const apply = async (edited: readonly unknown[] | null): Promise<void> => {
      const page = { states: ['open'], after: null, limit: 1 } as const;
      const [letter] = await readDeadLetters(unit.session, unit.pipelineId, page);
      if (letter === undefined || letter.change.kind === 'delete') throw new Error('there is no row');
      const image = edited as typeof letter.edited;
      const wantedImage = image === null ? null : letter.change.after.map((value, index) => image[index] ?? value);
      const wanted = { ...letter, state: 'retryWanted', edited: image, wantedImage } as const;
      try {
        await applyLetter(unit.session, wanted, { definition: definition(), epoch: 1, clock: systemClock });
        await unit.session.commit();
      } finally {
        await unit.session.rollback();
      }
    };

    it('are written once a person has said what could not be made, and not before', async () => {
      await unit.write(unit.plan([unmapped(insert([1, undefined, undefined]), [1, 2])]), OVERWRITE, SET_ASIDE);
      await expect(apply(null)).rejects.toMatchObject({ code: 'ROW_NOT_MAPPED', details: { columns: 'name, note' } });
      const half = [undefined, 'ada', undefined];
      await expect(apply(half)).rejects.toMatchObject({ code: 'ROW_NOT_MAPPED', details: { columns: 'note' } });
      expect(await unit.people()).toEqual([]);
      await apply([undefined, 'ada', 'told']);
      expect(await unit.people()).toEqual([[1, 'ada', 'told']]);
    });

    it('need a word of the person also where all columns could be made', async () => {
      await unit.run(`INSERT INTO ${unit.schema}.people VALUES (1, 'ada', NULL)`);
      await unit.write(unit.plan([unmapped(update([1, 'ada', null], [1, 'ada', 'b']), [])]), OVERWRITE, SET_ASIDE);
      await expect(apply(null)).rejects.toMatchObject({ code: 'ROW_NOT_MAPPED' });
      await apply([undefined, undefined, 'told']);
      expect(await unit.people()).toEqual([[1, 'ada', 'told']]);
    });
  });
});
