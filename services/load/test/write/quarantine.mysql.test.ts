/**
 * Goal: rows that a mapping refuses stop the pipeline before they are more than can be held, and nothing is lost.
 * Method: letters up to the limit, then units with refused rows on real servers.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConflictPolicy } from '@lutra/model';
import { insert, unmapped } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const OVERWRITE: ConflictPolicy = { kind: 'overwrite' };
const SET_ASIDE = { onPoison: 'deadLetter' as const };
const VALUES_MAX = 200_000;
/** Of a row of people: its key and its name. */
const VALUES_PER_ROW = 2;
const OTHER = 'other.table';

describe.each(TARGETS)('rows that could not be mapped, very many of them, on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());
  beforeEach(() => unit.reset());

  const refused = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) =>
      unmapped(insert([first + index, `n${String(first + index)}`, undefined]), [2]),
    );
  const write = (changes: ReturnType<typeof refused>) =>
    unit.write(unit.planMerged([...changes, insert([0, 'whole', null])], OVERWRITE), OVERWRITE, SET_ASIDE);
  const holdAllBut = (values: number): void => {
    const touched = { target: null, form: '', values: Array.from({ length: VALUES_MAX - values }, String) };
    unit.rules.quarantine.replaceTable(OTHER, [{ id: 'others', table: OTHER, touched }]);
  };

  it('stop it before anything of the unit is written, and go on when letters were discarded', async () => {
    holdAllBut(10 * VALUES_PER_ROW);
    await write(refused(1, 5));
    expect([await unit.people(), (await unit.letters()).length]).toEqual([[[0, 'whole', null]], 5]);
    const more = refused(10, 6);
    await expect(write(more)).rejects.toMatchObject({ code: 'TARGET_QUARANTINE_FULL' });
    expect([await unit.people(), (await unit.letters()).length]).toEqual([[[0, 'whole', null]], 5]);
    unit.rules.quarantine.replaceTable(OTHER, []);
    await write(more);
    expect((await unit.letters()).length).toBe(11);
  });
});
