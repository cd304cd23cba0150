/**
 * Goal: a table of groups holds what all changes add up to, however they are cut into units and merged; groups that nothing is
 * left of are gone; a table that was not filled is found out, and nothing of its unit stays.
 * Method: random deltas on real servers, compared with sums in memory; single units for what is refused and set aside.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must, systemClock } from '@lutra/model';
import type { ConflictPolicy, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { compileTableWriter, readDeadLetters } from '@lutra/sql';
import { applyLetter } from '../../src/write/apply-letter.ts';
import { insert, unmapped, update } from '../rows.ts';
import { TARGETS, UnitFixture } from './unit-fixture.ts';

const OVERWRITE: ConflictPolicy = { kind: 'overwrite' };
const SET_ASIDE = { onPoison: 'deadLetter' as const, poisonTries: 2 };

const sum = { kind: 'decimal', nullable: false, length: 65, amount: 'sum' } as const;
const definitionIn = (schema: string): TableDefinition => ({
  schema,
  table: 'totals',
  columns: [
    { name: 'region', kind: 'text', declared: 'varchar(20)', nullable: false, charset: 'utf8mb4' },
    { name: 'year', kind: 'integer', declared: 'int', nullable: false, bytes: 4 },
    { name: 'n', kind: 'integer', declared: 'bigint', nullable: false, bytes: 8, unsigned: false, amount: 'count' },
    { name: 'price', ...sum, declared: 'decimal(65,2)', scale: 2 },
    { name: 'pieces', ...sum, declared: 'decimal(65,0)', scale: 0 },
    { name: 'first', kind: 'datetime', declared: 'datetime', nullable: true, length: 0, amount: 'least' },
    {
      name: 'most',
      kind: 'decimal',
      declared: 'decimal(12,2)',
      nullable: true,
      length: 12,
      scale: 2,
      amount: 'greatest',
    },
  ],
  primaryKey: [0, 1],
});
const createIn = (schema: string, key = 'region, year'): string =>
  `CREATE TABLE ${schema}.totals (region varchar(20) COLLATE utf8mb4_bin NOT NULL, year int NOT NULL, n bigint unsigned NOT NULL,
    price decimal(30,2) NOT NULL, pieces bigint NOT NULL, first datetime, most decimal(12,2), PRIMARY KEY (${key}))`;

type Key = readonly [string, number];
const came = (key: Key, n: bigint, ...rest: RowImage): RowChange => insert([...key, n, ...rest]);
const left = (key: Key, n: bigint, ...rest: RowImage): RowChange =>
  update([...key, undefined, undefined, undefined, undefined, undefined], [...key, n, ...rest]);

/** What one source row has: price in cents, pieces, a day. */
interface Source {
  readonly key: Key;
  readonly cents: number;
  readonly pieces: number;
}

const source: fc.Arbitrary<Source> = fc.record({
  key: fc.tuple(fc.constantFrom('eu', 'us', "d'oc"), fc.constantFrom(2024, 2025)),
  cents: fc.integer({ min: -5_000, max: 5_000 }),
  pieces: fc.integer({ min: -9, max: 9 }),
});
/** Each row comes, and some leave later; cut into units. */
const history = fc.array(fc.record({ source, leaves: fc.boolean() }), { minLength: 1, maxLength: 40, size: 'max' });

const price = (cents: number): string => `${cents < 0 ? '-' : ''}${(Math.abs(cents) / 100).toFixed(2)}`;

describe.each(TARGETS)('groups, on %s', (_name, server) => {
  let unit: UnitFixture;

  beforeAll(async () => {
    unit = await UnitFixture.open(server);
  });
  afterAll(() => unit.close());
  beforeEach(() => unit.reset(definitionIn(unit.schema), createIn(unit.schema)));

  const totals = async (): Promise<readonly (readonly unknown[])[]> => {
    const rows = await unit.rows(
      `SELECT region, year, n, price, pieces, first, most FROM ${unit.schema}.totals ORDER BY region, year`,
    );
    return rows.map((row) => Object.values(row).map((value) => (typeof value === 'number' ? String(value) : value)));
  };
  const write = (changes: readonly RowChange[], parameters = {}) =>
    unit.write(unit.planMerged(changes, OVERWRITE), OVERWRITE, parameters);

  it('add up, merged or not', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.boolean(), fc.integer({ min: 1, max: 10 }), async (rows, isMerged, size) => {
        await unit.reset(definitionIn(unit.schema), createIn(unit.schema));
        const changes: RowChange[] = [];
        const sums = new Map<string, readonly [Key, number, number, number]>();
        const add = ({ key, cents, pieces }: Source, by: 1 | -1): void => {
          const [, n, oldCents, oldPieces] = sums.get(JSON.stringify(key)) ?? [key, 0, 0, 0];
          const now = [key, n + by, oldCents + by * cents, oldPieces + by * pieces] as const;
          if (now[1] === 0) sums.delete(JSON.stringify(key));
          else sums.set(JSON.stringify(key), now);
          const amounts: RowImage = [price(by * cents), String(by * pieces), null, null];
          changes.push(by === 1 ? came(key, 1n, ...amounts) : left(key, -1n, ...amounts));
        };
        for (const [index, { source: row }] of rows.entries()) {
          add(row, 1);
          // One that came some rows before.
          const earlier = rows[index - 3];
          if (earlier?.leaves === true) add(earlier.source, -1);
        }
        for (let at = 0; at < changes.length; at += size) {
          const part = changes.slice(at, at + size);
          await unit.write(isMerged ? unit.planMerged(part, OVERWRITE) : unit.plan(part), OVERWRITE);
        }
        const wanted = [...sums.values()]
          .map(([[region, year], n, cents, pieces]) => [
            region,
            String(year),
            String(n),
            price(cents),
            String(pieces),
            null,
            null,
          ])
          .sort(([a = '', b = ''], [c = '', d = '']) => (`${a} ${b}` < `${c} ${d}` ? -1 : 1));
        expect(await totals()).toEqual(wanted);
      }),
      { numRuns: 25 },
    );
  }, 240_000);

  it('keep the least and the greatest of what they are given', async () => {
    const eu: Key = ['eu', 2024];
    await write([came(eu, 1n, '1.00', '1', '2024-05-01 10:00:00', null)]);
    await write([
      came(eu, 1n, '1.00', '1', null, '9.50'),
      left(eu, 0n, '0.00', '0', '2024-05-01 09:59:59', '10.25'),
      came(eu, 1n, '1.00', '1', '2024-06-01 00:00:00', '-3.00'),
    ]);
    await write([left(eu, 0n, '0.00', '0', '2024-05-02 00:00:00', '10.24')]);
    await write([
      left(eu, 0n, '0.00', '0', '2024-04-02 00:00:00', null),
      came(['us', 1], 1n, '0.00', '0', null, '-1.00'),
    ]);
    expect(await totals()).toEqual([
      ['eu', '2024', '3', '3.00', '3', '2024-04-02 00:00:00', '10.25'],
      ['us', '1', '1', '0.00', '0', null, '-1.00'],
    ]);
  });

  it.each([
    ['is not there', []],
    ['counts fewer rows', [came(['eu', 2024], 1n, '5.00', '1', null, null)]],
  ])('stop where a group %s, and nothing of the unit stays', async (_what, before) => {
    if (before.length > 0) await write(before);
    const there = await totals();
    const changes = [came(['us', 1], 1n, '1.00', '1', null, null), left(['eu', 2024], -2n, '-1.00', '-1', null, null)];
    await expect(write(changes)).rejects.toMatchObject({ code: 'TARGET_GROUP_MISSING', class: 'poison' });
    expect(await totals()).toEqual(there);
  });

  it('set aside what their group refuses, and what follows it; a retry adds it', async () => {
    const [eu, us]: readonly Key[] = [
      ['eu', 2024],
      ['us', 2024],
    ];
    const one: RowImage = ['1.00', '1', null, null];
    const changes = [
      came(must(us, 'two'), 2n, ...one),
      left(must(eu, 'two'), -1n, '-1.00', '-1', null, null),
      left(must(us, 'two'), -1n, '-1.00', '-1', null, null),
    ];
    await write(changes, SET_ASIDE);
    await write([came(must(eu, 'two'), 1n, ...one)], SET_ASIDE);
    expect((await unit.letters()).map(({ code }) => code)).toEqual(['TARGET_GROUP_MISSING', 'TARGET_ROW_HELD']);
    expect(await totals()).toEqual([['us', '2024', '1', '0.00', '0', null, null]]);
    await unit.run(`INSERT INTO ${unit.schema}.totals VALUES ('eu', 2024, 3, 3, 3, NULL, NULL)`);
    const definition = unit.definition(OVERWRITE, SET_ASIDE);
    const letters = await readDeadLetters(unit.session, unit.pipelineId, { states: ['open'], after: null, limit: 10 });
    for (const letter of letters) {
      await applyLetter(
        unit.session,
        { ...letter, state: 'retryWanted' },
        { definition, epoch: 1, clock: systemClock },
      );
      await unit.session.commit();
    }
    expect((await totals())[0]).toEqual(['eu', '2024', '3', '3.00', '3', null, null]);
  });

  it('stand beside a row of theirs that its mapping refused', async () => {
    const refused = unmapped(
      insert(['eu', 2024, undefined, undefined, undefined, undefined, undefined]),
      [2, 3, 4, 5, 6],
    );
    await write([refused, came(['us', 1], 1n, '1.00', '1', null, null)], SET_ASIDE);
    expect((await unit.letters()).map(({ code }) => code)).toEqual(['ROW_VALUE_LOST']);
    expect(await totals()).toEqual([['us', '1', '1', '1.00', '1', null, null]]);
  });

  it('need a key of just their columns, and may never be written twice', async () => {
    expect(unit.writer.isIdempotent).toBe(false);
    await unit.run(`DROP TABLE ${unit.schema}.totals`, createIn(unit.schema, 'region'));
    const table = must(
      await unit.session.describeTable({ schema: unit.schema, table: 'totals' }),
      'it was just created',
    );
    expect(() => compileTableWriter(definitionIn(unit.schema), table)).toThrow(/^TARGET_GROUP_KEY/);
  });
});
