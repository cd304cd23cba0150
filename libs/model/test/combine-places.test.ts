/**
 * Goal: what several lanes have done is put together without a row that none of them has, and without forgetting one.
 * Method: places of all kinds at random, compared row by row with what the single places say.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { containsTransaction, intersectPlaces, isSamePlace, parseDone, unionPlaces } from '@lutra/model';
import type { DonePlace, InsidePlace, Place } from '@lutra/model';

const UUIDS = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '0e11fa47-71ca-11e1-9e33-c80aa9429562'] as const;
const SERVERS = ['server-a', 'server-b'] as const;

/** A kind of place: all its transactions in order of the source, and how a set of them is written. */
interface PlaceKind {
  readonly name: string;
  readonly transactions: readonly string[];
  readonly empty: DonePlace;
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const KINDS: readonly PlaceKind[] = [
  {
    name: 'MySQL sets',
    transactions: [UUIDS[0], UUIDS[1]].flatMap((uuid) => numbers(6).map((number) => `${uuid}:${String(number)}`)),
    empty: { kind: 'mysqlGtid', gtidSet: '' },
  },
  {
    name: 'MySQL sets with tags',
    transactions: [UUIDS[0], `${UUIDS[0]}:blue`, `${UUIDS[0]}:_2`].flatMap((source) =>
      numbers(4).map((number) => `${source}:${String(number)}`),
    ),
    empty: { kind: 'mysqlGtid', gtidSet: '' },
  },
  {
    name: 'MariaDB lists',
    transactions: [0, 1, 7].flatMap((domain) => numbers(4).map((number) => `${String(domain)}-1-${String(number)}`)),
    empty: { kind: 'mariadbGtid', gtidList: '' },
  },
  {
    name: 'files',
    transactions: ['bin.000009', 'bin.000010'].flatMap((file) =>
      numbers(5).map((offset) => `${file}:${String(offset)}`),
    ),
    empty: { kind: 'file', serverUuid: 'u', file: 'bin.000001', offset: 4 },
  },
];

function placeOf(kind: PlaceKind, { members, inside }: RandomPlace): Place {
  const set = parseDone(kind.empty);
  for (const index of members) set.add(kind.transactions[index % kind.transactions.length] ?? '');
  const done = set.toDone();
  const gtid = kind.transactions[(inside?.transaction ?? 0) % kind.transactions.length] ?? '';
  if (inside === null || containsTransaction(done, gtid)) return { done, inside: null };
  const { event, row, serverUuid } = inside;
  return { done, inside: { gtid, event, row, part: 0, serverUuid } };
}

interface RandomPlace {
  readonly members: readonly number[];
  readonly inside: {
    readonly transaction: number;
    readonly event: number;
    readonly row: number;
    readonly serverUuid: string;
  } | null;
}

const randomPlace = fc.record({
  members: fc.array(fc.nat(20), { maxLength: 8 }),
  inside: fc.option(
    fc.record({
      transaction: fc.nat(20),
      event: fc.nat(2),
      row: fc.nat(2),
      serverUuid: fc.constantFrom(...SERVERS),
    }),
  ),
});

const ROWS = [0, 1, 2].flatMap((event) => [0, 1, 2].map((row) => ({ event, row })));
type Row = (typeof ROWS)[number];

const holds = ({ done, inside }: Place, gtid: string, serverUuid: string, { event, row }: Row): boolean =>
  containsTransaction(done, gtid) ||
  (inside?.gtid === gtid &&
    inside.serverUuid === serverUuid &&
    (event < inside.event || (event === inside.event && row < inside.row)));

/** Rows, as each server counts them, of which the claim is false; one `expect` each would take minutes. */
function rowsAgainst(kind: PlaceKind, claim: (holdsRow: (place: Place) => boolean) => boolean): readonly string[] {
  return kind.transactions.flatMap((gtid) =>
    SERVERS.flatMap((serverUuid) =>
      ROWS.filter((row) => !claim((place) => holds(place, gtid, serverUuid, row))).map(
        ({ event, row }) => `${gtid} ${serverUuid} ${String(event)}.${String(row)}`,
      ),
    ),
  );
}

const membersOf = (kind: PlaceKind, isMember: (gtid: string) => boolean): readonly string[] =>
  kind.transactions.filter(isMember);

describe.each(KINDS)('places of lanes: $name', (kind) => {
  it('the union holds every transaction of either, and no row that neither holds', () => {
    fc.assert(
      fc.property(randomPlace, randomPlace, (one, other) => {
        const [before, reached] = [placeOf(kind, one), placeOf(kind, other)];
        const union = unionPlaces(before, reached);
        expect(membersOf(kind, (gtid) => containsTransaction(union.done, gtid))).toEqual(
          membersOf(kind, (gtid) => [before, reached].some(({ done }) => containsTransaction(done, gtid))),
        );
        expect(rowsAgainst(kind, (has) => !has(union) || has(before) || has(reached))).toEqual([]);
        // What has just been written stays written.
        expect(rowsAgainst(kind, (has) => !has(reached) || has(union))).toEqual([]);
        if (union.inside !== null) expect(containsTransaction(union.done, union.inside.gtid)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('the union forgets no row where one transaction at most stands open', () => {
    fc.assert(
      fc.property(randomPlace, randomPlace, (one, other) => {
        const [before, reached] = [placeOf(kind, one), placeOf(kind, other)];
        if (before.inside !== null && reached.inside !== null && !isSameOpen(before.inside, reached.inside)) return;
        const union = unionPlaces(before, reached);
        expect(rowsAgainst(kind, (has) => has(union) === (has(before) || has(reached)))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('the intersection holds no row that one of the places lacks, and every transaction of all', () => {
    fc.assert(
      fc.property(fc.array(randomPlace, { minLength: 1, maxLength: 4 }), (randoms) => {
        const places = randoms.map((random) => placeOf(kind, random));
        const both = intersectPlaces(places);
        expect(membersOf(kind, (gtid) => containsTransaction(both.done, gtid))).toEqual(
          membersOf(kind, (gtid) => places.every(({ done }) => containsTransaction(done, gtid))),
        );
        expect(rowsAgainst(kind, (has) => !has(both) || places.every(has))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a place that covers another one takes its part without a change', () => {
    fc.assert(
      fc.property(randomPlace, randomPlace, (one, other) => {
        const [before, reached] = [placeOf(kind, one), placeOf(kind, other)];
        const union = unionPlaces(before, reached);
        expect(unionPlaces(before, union)).toBe(union);
        expect(unionPlaces(reached, reached)).toBe(reached);
        expect(isSamePlace(intersectPlaces([before, before]), before)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

const isSameOpen = (one: InsidePlace, other: InsidePlace): boolean =>
  one.gtid === other.gtid && one.serverUuid === other.serverUuid;

describe('the rows of one transaction', () => {
  const done: DonePlace = { kind: 'mysqlGtid', gtidSet: `${UUIDS[0]}:1-4` };
  const inside = (event: number, serverUuid = 'server-a'): Place => ({
    done,
    inside: { gtid: `${UUIDS[0]}:5`, event, row: 0, part: 0, serverUuid },
  });

  it.each([
    ['two lanes inside one transaction: the smaller one', [inside(7), inside(3)], inside(3)],
    [
      'a lane that has all of it',
      [inside(3), { done: { ...done, gtidSet: `${UUIDS[0]}:1-5` }, inside: null }],
      inside(3),
    ],
    ['a lane that has none of it', [inside(3), { done, inside: null }], { done, inside: null }],
    ['counted on two servers', [inside(3), inside(3, 'server-b')], { done, inside: null }],
  ] as const)('all have of %s', (_what, places, both) => {
    expect(intersectPlaces(places)).toEqual(both);
  });

  it('refuses files of two servers', () => {
    const file = (serverUuid: string): Place => ({
      done: { kind: 'file', serverUuid, file: 'bin.000001', offset: 4 },
      inside: null,
    });
    expect(() => unionPlaces(file('a'), file('b'))).toThrow('SOURCE_SERVER_CHANGED');
    expect(() => intersectPlaces([file('a'), file('b')])).toThrow('SOURCE_SERVER_CHANGED');
  });
});
