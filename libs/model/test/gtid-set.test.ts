import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { containsTransaction, intersectDone, MysqlGtidSet, parseDone, parseMariadbGtid, SyncError } from '@lutra/model';
import type { DonePlace } from '@lutra/model';

const UUIDS = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '0e11fa47-71ca-11e1-9e33-c80aa9429562'];
const key = fc.constantFrom(...UUIDS, `${UUIDS[0] ?? ''}:blue`, `${UUIDS[0] ?? ''}:_2`, `${UUIDS[1] ?? ''}:blue`);
const gtid = fc.tuple(key, fc.integer({ min: 1, max: 40 })).map(([source, number]) => `${source}:${String(number)}`);
const gtids = fc.array(gtid, { maxLength: 60 });

const setOf = (members: readonly string[]): MysqlGtidSet => {
  const set = new MysqlGtidSet();
  for (const member of members) set.add(member);
  return set;
};

/** All GTIDs that the generators can make. */
const UNIVERSE = [...UUIDS, `${UUIDS[0] ?? ''}:blue`, `${UUIDS[0] ?? ''}:_2`, `${UUIDS[1] ?? ''}:blue`].flatMap(
  (source) => Array.from({ length: 42 }, (_, index) => `${source}:${String(index + 1)}`),
);
const membersOf = (set: MysqlGtidSet): string[] => UNIVERSE.filter((member) => set.contains(member));

describe('MysqlGtidSet', () => {
  it.each([
    ['the empty set', '', ''],
    ['one transaction', `${UUIDS[0] ?? ''}:5`, `${UUIDS[0] ?? ''}:5`],
    ['intervals in any order', `${UUIDS[0] ?? ''}:7-9:1-3:4`, `${UUIDS[0] ?? ''}:1-4:7-9`],
    [
      'line breaks and capitals',
      `${(UUIDS[0] ?? '').toUpperCase()}:1-2,\n${UUIDS[1] ?? ''}:1`,
      `${UUIDS[1] ?? ''}:1,${UUIDS[0] ?? ''}:1-2`,
    ],
    ['tags', `${UUIDS[0] ?? ''}:1-2:blue:3:_2:1-4`, `${UUIDS[0] ?? ''}:1-2:_2:1-4:blue:3`],
    ['only a tag', `${UUIDS[0] ?? ''}:blue:3-3`, `${UUIDS[0] ?? ''}:blue:3`],
  ])('reads and prints %s', (_, text, printed) => {
    expect(MysqlGtidSet.parse(text).toString()).toBe(printed);
  });

  it.each(['x', 'x:1', UUIDS[0] ?? '', `${UUIDS[0] ?? ''}:0`, `${UUIDS[0] ?? ''}:5-4`, `${UUIDS[0] ?? ''}:1:Ä:1`])(
    'refuses %s',
    (text) => {
      expect(() => MysqlGtidSet.parse(text)).toThrow(SyncError);
    },
  );

  it('holds exactly what was added, in whatever order', () => {
    fc.assert(
      fc.property(gtids, (members) => {
        expect(membersOf(setOf(members))).toEqual(UNIVERSE.filter((member) => members.includes(member)));
      }),
    );
  });

  it('reads what it prints, and prints equal sets equally', () => {
    fc.assert(
      fc.property(gtids, (members) => {
        const text = setOf(members).toString();
        expect(MysqlGtidSet.parse(text).toString()).toBe(text);
        expect(setOf([...members].reverse()).toString()).toBe(text);
      }),
    );
  });

  it('intersects and subtracts like sets', () => {
    fc.assert(
      fc.property(gtids, gtids, (one, other) => {
        const [a, b] = [setOf(one), setOf(other)];
        expect(membersOf(a.intersect(b))).toEqual(membersOf(a).filter((member) => b.contains(member)));
        expect(membersOf(a.subtract(b))).toEqual(membersOf(a).filter((member) => !b.contains(member)));
        expect(a.subtract(a).isEmpty).toBe(true);
      }),
    );
  });
});

describe('parseDone', () => {
  it.each<[string, DonePlace, string, DonePlace]>([
    [
      'MySQL',
      { kind: 'mysqlGtid', gtidSet: `${UUIDS[0] ?? ''}:1-4` },
      `${UUIDS[0] ?? ''}:5`,
      { kind: 'mysqlGtid', gtidSet: `${UUIDS[0] ?? ''}:1-5` },
    ],
    [
      'MariaDB',
      { kind: 'mariadbGtid', gtidList: '1-7-3,0-1-9' },
      '0-2-10',
      { kind: 'mariadbGtid', gtidList: '0-2-10,1-7-3' },
    ],
    [
      'MariaDB with a new domain',
      { kind: 'mariadbGtid', gtidList: '' },
      '2-1-1',
      { kind: 'mariadbGtid', gtidList: '2-1-1' },
    ],
    [
      'file positions across the millionth file',
      { kind: 'file', serverUuid: 'u', file: 'bin.999999', offset: 900 },
      'bin.1000000:4',
      { kind: 'file', serverUuid: 'u', file: 'bin.1000000', offset: 4 },
    ],
  ])('adds a transaction: %s', (_, done, added, after) => {
    const set = parseDone(done);
    expect(set.contains(added)).toBe(false);
    set.add(added);
    expect(set.contains(added)).toBe(true);
    expect(set.toDone()).toEqual(after);
    expect(containsTransaction(done, added)).toBe(false);
    expect(containsTransaction(after, added)).toBe(true);
  });

  it('knows everything up to the sequence of a MariaDB domain', () => {
    const done: DonePlace = { kind: 'mariadbGtid', gtidList: '0-1-9' };
    expect(['0-5-8', '0-1-9', '0-1-10', '1-1-1'].map((one) => containsTransaction(done, one))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('intersectDone', () => {
  it.each<[string, DonePlace[], DonePlace]>([
    ['one place', [{ kind: 'mariadbGtid', gtidList: '0-1-9' }], { kind: 'mariadbGtid', gtidList: '0-1-9' }],
    [
      'MySQL sets',
      [
        { kind: 'mysqlGtid', gtidSet: `${UUIDS[0] ?? ''}:1-9` },
        { kind: 'mysqlGtid', gtidSet: `${UUIDS[0] ?? ''}:2-4:8-12` },
      ],
      { kind: 'mysqlGtid', gtidSet: `${UUIDS[0] ?? ''}:2-4:8-9` },
    ],
    [
      'MariaDB lists',
      [
        { kind: 'mariadbGtid', gtidList: '0-1-9,1-1-4' },
        { kind: 'mariadbGtid', gtidList: '0-2-7' },
      ],
      { kind: 'mariadbGtid', gtidList: '0-2-7' },
    ],
    [
      'file positions',
      [
        { kind: 'file', serverUuid: 'u', file: 'b.000010', offset: 4 },
        { kind: 'file', serverUuid: 'u', file: 'b.000009', offset: 99 },
      ],
      { kind: 'file', serverUuid: 'u', file: 'b.000009', offset: 99 },
    ],
  ])('keeps what is done everywhere: %s', (_, places, both) => {
    expect(intersectDone(places)).toEqual(both);
  });

  it('refuses file positions of two servers', () => {
    const places: DonePlace[] = ['a', 'b'].map((serverUuid) => ({
      kind: 'file',
      serverUuid,
      file: 'b.000001',
      offset: 4,
    }));
    expect(() => intersectDone(places)).toThrow('SOURCE_SERVER_CHANGED');
  });
});

describe('parseMariadbGtid', () => {
  it('reads what it is printed as', () => {
    const part = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(part, part, fc.maxSafeNat(), (domain, server, sequence) => {
        const text = [domain, server, sequence].join('-');
        expect(parseMariadbGtid(text)).toEqual({ domain, server, sequence });
      }),
    );
  });

  it.each([
    '',
    '-',
    '0-1',
    '0-1-',
    '-1-2',
    '0--2',
    '0-1-2-3',
    '0-1-2 ',
    '0-1-x',
    '4294967296-1-1',
    '0-1-9007199254740992',
  ])('refuses %p', (text) => {
    expect(() => parseMariadbGtid(text)).toThrow('SOURCE_POSITION_UNKNOWN');
  });
});
