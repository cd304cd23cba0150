import { describe, expect, it } from '@jest/globals';
import { deflateSync } from 'node:zlib';
import {
  classifyEvent,
  EVENT_TYPE,
  EventFramer,
  FramedEvent,
  readGtidEvent,
  readIncident,
  readPreparedXid,
  readQuery,
} from '@lutra/binlog';
import { BinlogStreamBuilder } from '@lutra/testing';

/** An event as the framer gives it. */
function eventOf(type: number, body: Uint8Array, flags = 0): FramedEvent {
  const bytes = Buffer.alloc(19 + body.length);
  bytes.writeUInt32LE(1_700_000_000, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(1, 5);
  bytes.writeUInt32LE(bytes.length, 9);
  bytes.writeUInt16LE(flags, 17);
  bytes.set(body, 19);
  return new FramedEvent('whole', type, bytes, 0, bytes.length, bytes.length, bytes.length);
}

const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('readGtidEvent', () => {
  const uuid = '8fa87a6be59911f1887602fc00000001';
  it.each([
    [
      'of MySQL 9.7, with commit time, transaction length and server version',
      EVENT_TYPE.GTID,
      `00 ${uuid} a700000000000000 02 3400000000000000 3500000000000000 51efbf62c76006 fc3d01 50620100`,
      { gtid: '8fa87a6b-e599-11f1-8876-02fc00000001:167', commitMs: 1795259331768.145, xid: null },
    ],
    [
      'of MySQL 5.7, which knows no commit time',
      EVENT_TYPE.GTID,
      `01 ${uuid} a700000000000000 02 3400000000000000 3500000000000000`,
      { gtid: '8fa87a6b-e599-11f1-8876-02fc00000001:167', commitMs: 1_700_000_000_000 },
    ],
    [
      'of MariaDB, padded',
      EVENT_TYPE.MARIADB_GTID,
      '7d00000000000000 01000000 29 000000000000',
      { gtid: '1-1-125', isStandalone: true, isXaPrepare: false, isXaEnd: false, xid: null },
    ],
    [
      'of MariaDB, an XA transaction is prepared',
      EVENT_TYPE.MARIADB_GTID,
      '7b00000000000000 00000000 4c 07000000 03 03 616263646566 01ff',
      { gtid: '0-1-123', isXaPrepare: true, isXaEnd: false, xid: "X'616263',X'646566',7" },
    ],
    [
      'of MariaDB, an XA transaction is decided in a group commit',
      EVENT_TYPE.MARIADB_GTID,
      '7c00000000000000 00000000 8f 0102030405060708 07000000 03 03 616263646566',
      { gtid: '0-1-124', isXaPrepare: false, isXaEnd: true, xid: "X'616263',X'646566',7" },
    ],
  ])('reads a GTID event %s', (_, type, hex, expected) => {
    expect(readGtidEvent(eventOf(type, fromHex(hex)))).toMatchObject(expected);
  });

  it.each([
    ['cut short', EVENT_TYPE.GTID, `00 ${uuid} a7`],
    ['with a name that goes beyond its end', EVENT_TYPE.MARIADB_GTID, '7b00000000000000 00000000 40 07000000 ff 03 61'],
  ])('refuses a GTID event %s', (_, type, hex) => {
    expect(() => readGtidEvent(eventOf(type, fromHex(hex)))).toThrow('SOURCE_EVENT_CORRUPT');
  });
});

describe('readQuery', () => {
  /** flags, sql_mode, catalog, auto_increment, then the client's character set and what follows. */
  const variables = (charset: number) =>
    Buffer.concat([
      fromHex('00 00000000 01 2000205500000000 06 03 737464 03 0100 0100 04'),
      Buffer.from([charset, 0, 8, 0, 8, 0, 8, 45, 0]),
    ]);
  const queryEvent = (statement: Buffer, status: Buffer): FramedEvent => {
    const head = Buffer.alloc(13);
    head.writeUInt8(4, 8);
    head.writeUInt16LE(status.length, 11);
    return eventOf(EVENT_TYPE.QUERY, Buffer.concat([head, status, Buffer.from('shop\0'), statement]));
  };

  it.each([
    ['latin1', 8, Buffer.from('DROP TABLE caf\xe9', 'latin1'), 'DROP TABLE café'],
    ['gbk, which could be UTF-8', 28, fromHex('44524f50205441424c4520 d2bb'), 'DROP TABLE 一'],
    ['sjis, where a character ends in a backslash', 13, fromHex('44524f50205441424c4520 60835c60'), 'DROP TABLE `ソ`'],
    ['UTF-8', 45, Buffer.from('DROP TABLE 名'), 'DROP TABLE 名'],
    ['the UTF-8 of the server, a savepoint', 8, Buffer.from('SAVEPOINT `é`'), 'SAVEPOINT `é`'],
    ['the UTF-8 of the server, a table', 8, Buffer.from('CREATE TABLE `é` (\n  `a`'), 'CREATE TABLE `é` (\n  `a`'],
    ['a charset that it is not text of', 1, Buffer.from('x \xff', 'latin1'), 'x \ufffd'],
  ])('reads a statement in %s', (_, charset, statement, expected) => {
    expect(readQuery(queryEvent(statement, variables(charset)))).toEqual({ schema: 'shop', statement: expected });
  });

  it('reads UTF-8 where the event does not name a character set', () => {
    const statement = Buffer.from('DROP TABLE é');
    for (const status of [Buffer.alloc(0), fromHex('63 01 04 08'), variables(8).subarray(0, 26), fromHex('06 ff 04')])
      expect(readQuery(queryEvent(statement, status)).statement).toBe('DROP TABLE é');
  });
});

describe('readPreparedXid', () => {
  it('reads the name that a GTID event of the same transaction has', () => {
    const body = fromHex('00 07000000 03000000 03000000 616263646566');
    expect(readPreparedXid(eventOf(EVENT_TYPE.XA_PREPARE, body))).toBe("X'616263',X'646566',7");
    expect(() => readPreparedXid(eventOf(EVENT_TYPE.XA_PREPARE, body.subarray(0, -1)))).toThrow('SOURCE_EVENT_CORRUPT');
  });
});

describe('readQuery of a compressed statement', () => {
  const head = Buffer.concat([Buffer.alloc(8), Buffer.from([4, 0, 0, 0, 0]), Buffer.from('shop\0')]);
  const query = (...parts: Uint8Array[]): FramedEvent =>
    eventOf(EVENT_TYPE.MARIADB_QUERY_COMPRESSED, Buffer.concat([head, ...parts]));
  const statement = 'CREATE TABLE item (id INT) -- a comment that makes it worth while';
  const packed = deflateSync(statement);

  it('gives the statement, with its length in one byte or four', () => {
    const lengths = [Buffer.from([0x81, statement.length]), Buffer.from([0x84, 0, 0, 0, statement.length])];
    for (const length of lengths) expect(readQuery(query(length, packed))).toEqual({ schema: 'shop', statement });
  });

  it('gives the beginning of one that says that it has more than 16 MiB', () => {
    const long = `INSERT INTO item VALUES ${'(1)'.repeat(6_000_000)}`;
    const length = Buffer.alloc(5, 0x84);
    length.writeUInt32BE(long.length, 1);
    const read = readQuery(query(length, deflateSync(long)));
    expect(long.startsWith(read.statement)).toBe(true);
    expect(read.statement.length).toBeGreaterThan(20);
    expect(read.statement.length).toBeLessThan(8_000_000);
  });

  it.each([
    ['another length than it says', () => query(Buffer.from([0x81, statement.length - 1]), packed), 'CORRUPT'],
    ['damaged bytes', () => query(Buffer.from([0x81, statement.length]), packed.subarray(0, -9)), 'CORRUPT'],
    ['no head', () => query(), 'CORRUPT'],
    ['a head that is not one', () => query(Buffer.from([0x01, 5]), packed), 'CORRUPT'],
    ['an unknown algorithm', () => query(Buffer.from([0xa1, 5]), packed), 'UNSUPPORTED'],
  ])('refuses %s', (_, event, code) => {
    expect(() => readQuery(event())).toThrow(`SOURCE_EVENT_${code}`);
  });
});

describe('classifyEvent', () => {
  it('refuses what may change rows and cannot be read, whatever its flags say', () => {
    for (const type of [1, 6, 8, 9, 10, 11, 12, 17, 18, 20, 21, 22, 172])
      expect(() => classifyEvent(eventOf(type, Buffer.alloc(9), 0x80))).toThrow('SOURCE_EVENT_UNSUPPORTED');
  });

  it('skips an unknown event only when it is flagged as ignorable', () => {
    expect(classifyEvent(eventOf(200, Buffer.alloc(9), 0x80))).toBe('skip');
    expect(() => classifyEvent(eventOf(200, Buffer.alloc(9)))).toThrow('event type 200');
  });

  it('knows an incident, and its words', () => {
    const event = eventOf(EVENT_TYPE.INCIDENT, Buffer.from('\x01\0\x04lost', 'latin1'));
    expect(classifyEvent(event)).toBe('incident');
    expect(readIncident(event)).toEqual({ kind: 1, message: 'lost' });
  });
});

describe('events that announce more than they may have', () => {
  it.each([
    ['a table map of 17 MiB', EVENT_TYPE.TABLE_MAP],
    ['a GTID of 17 MiB', EVENT_TYPE.GTID],
    ['a format description of 17 MiB', EVENT_TYPE.FORMAT_DESCRIPTION],
  ])('refuses %s at its head', (_, type) => {
    const bytes = new BinlogStreamBuilder().formatDescription().event({ type, body: Buffer.alloc(17 * 1024 * 1024) });
    const framer = new EventFramer({ hasChecksum: true });
    expect(() => {
      framer.push(bytes.bytes.subarray(0, 8192), []);
    }).toThrow('SOURCE_EVENT_TOO_LARGE');
  });

  it('gives the head of a statement of 1 GiB, without waiting for the rest', () => {
    const head = Buffer.alloc(4096);
    head.writeUInt8(EVENT_TYPE.QUERY, 4);
    head.writeUInt32LE(1024 * 1024 * 1024, 9);
    head.write('SELECT 1 /* long', 19 + 13 + 1);
    const framer = new EventFramer({ hasChecksum: false });
    const events: FramedEvent[] = [];
    framer.push(Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 1, 0]), head]), events);
    expect(events.map(({ kind, length }) => [kind, length])).toEqual([['begin', 1024 * 1024 * 1024]]);
    expect(events.map(readQuery)[0]?.statement).toContain('SELECT 1');
  });
});
