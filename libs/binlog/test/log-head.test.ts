import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MysqlGtidSet } from '@lutra/model';
import { FramedEvent } from '@lutra/binlog';
import { encodeGtidSet } from '../src/encode-dump.ts';
import { readLogHead } from '../src/log-head.ts';

const event = (type: number, body: Buffer): FramedEvent => {
  const bytes = Buffer.concat([Buffer.alloc(19), body]);
  return new FramedEvent('whole', type, bytes, 0, bytes.length, bytes.length, bytes.length);
};

const gtidSet = fc
  .array(
    fc.record({
      uuid: fc.uuid(),
      tag: fc.constantFrom('', '', 'red', 'a_tag_of_thirty_two_characters__'),
      first: fc.integer({ min: 1, max: 2 ** 48 }),
      more: fc.integer({ min: 0, max: 1000 }),
    }),
    { maxLength: 6 },
  )
  .map((parts) =>
    MysqlGtidSet.parse(
      parts
        .map(({ uuid, tag, first, more }) => `${uuid}${tag && `:${tag}`}:${String(first)}-${String(first + more)}`)
        .join(','),
    ),
  );

describe('readLogHead', () => {
  it('reads the set that a dump command would send', () => {
    fc.assert(
      fc.property(gtidSet, (set) => {
        const done = readLogHead(event(35, encodeGtidSet(set)));
        expect(done).toEqual({ kind: 'mysqlGtid', gtidSet: set.toString() });
      }),
    );
  });

  it('reads the list of MariaDB: of a domain the newest counts, flags of the count do not', () => {
    const body = Buffer.alloc(4 + 3 * 16);
    body.writeUInt32LE(0x80000003, 0);
    [
      [0, 101, 7],
      [0, 102, 9],
      [5, 101, 2],
    ].forEach(([domain = 0, server = 0, sequence = 0], index) => {
      body.writeUInt32LE(domain, 4 + index * 16);
      body.writeUInt32LE(server, 8 + index * 16);
      body.writeBigUInt64LE(BigInt(sequence), 12 + index * 16);
    });
    // The bits above the 28 of the count are flags.
    expect(readLogHead(event(163, body))).toEqual({ kind: 'mariadbGtid', gtidList: '0-102-9,5-101-2' });
  });

  it.each([
    [
      'a set that is cut short',
      35,
      encodeGtidSet(MysqlGtidSet.parse(`${'a'.repeat(8)}-1111-1111-1111-111111111111:1-5`)).subarray(0, -1),
    ],
    ['a set with bytes left', 35, Buffer.alloc(9)],
    ['a list that is cut short', 163, Buffer.from([2, 0, 0, 0, 1])],
    ['no bytes', 163, Buffer.alloc(0)],
  ])('refuses %s', (_, type, body) => {
    expect(() => readLogHead(event(type, body))).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });
});
