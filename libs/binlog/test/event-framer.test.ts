import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { crc32 as nativeCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { EventFramer } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { BinlogStreamBuilder } from '@lutra/testing';
import { Crc32 } from '../src/crc32.ts';

interface SeenEvent {
  readonly type: number;
  readonly length: number;
  readonly isLarge: boolean;
  readonly sha: string;
}

/** Joins pieces, so that the result does not depend on the cut. */
function frame(chunks: readonly Buffer[], hasChecksum = true): SeenEvent[] {
  const framer = new EventFramer({ hasChecksum });
  const seen: SeenEvent[] = [];
  let open: { type: number; length: number; bytes: Buffer[] } | null = null;
  for (const chunk of chunks) {
    const events: FramedEvent[] = [];
    framer.push(chunk, events);
    for (const event of events) {
      if (event.kind === 'begin') open = { type: event.type, length: event.length, bytes: [event.bytes] };
      else if (event.kind === 'piece') open?.bytes.push(event.bytes);
      else {
        const bytes = open === null ? event.bytes : Buffer.concat(open.bytes);
        const { type, length } = open ?? event;
        expect(bytes.length).toBe(length);
        seen.push({ type, length, isLarge: open !== null, sha: createHash('sha1').update(bytes).digest('hex') });
        open = null;
      }
    }
  }
  return seen;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const transaction = (stream: BinlogStreamBuilder, number: number, content: Uint8Array): BinlogStreamBuilder =>
  stream.mariadbGtid(number).tableMap(7, 'shop', 'item').rows(7, content).xid();

const standard = (hasChecksum: boolean): Buffer => {
  const stream = new BinlogStreamBuilder({ hasChecksum }).rotate('bin.000001').formatDescription();
  for (let number = 1; number < 90; number++) transaction(stream, number, Buffer.alloc(number * 13, number));
  return stream.rotate('bin.000002').formatDescription().query('CREATE TABLE x (a int)', 'shop').bytes;
};

describe('EventFramer', () => {
  it.each([true, false])('gives the same events for any cut of the bytes (checksum: %s)', (hasChecksum) => {
    const bytes = standard(hasChecksum);
    const whole = frame([bytes], hasChecksum);
    expect(whole).toHaveLength(2 + 89 * 4 + 3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        expect(frame(cut(bytes, sizes), hasChecksum)).toEqual(whole);
      }),
    );
  });

  it.each([
    ['just above the limit', 1024 * 1024 + 1],
    ['as large as one packet', 0xffffff - 1 - 19 - 10 - 4],
    ['one byte more than a packet', 0xffffff - 19 - 10 - 4],
    ['of several packets', 40 * 1024 * 1024],
  ])('joins a rows event %s from pieces', (_, size) => {
    const content = Buffer.alloc(size, 'lutra');
    const bytes = transaction(new BinlogStreamBuilder().formatDescription(), 1, content).bytes;
    const expected = frame(cut(bytes, [65_536]));
    expect(expected.map(({ type, isLarge }) => [type, isLarge])).toEqual([
      [15, false],
      [162, false],
      [19, false],
      [30, true],
      [16, false],
    ]);
    expect(frame(cut(bytes, [1_000_003]))).toEqual(expected);
  });

  it('hands a large event on without holding it', () => {
    const bytes = transaction(new BinlogStreamBuilder().formatDescription(), 1, Buffer.alloc(20_000_000)).bytes;
    const framer = new EventFramer({ hasChecksum: true });
    for (const chunk of cut(bytes, [65_536])) {
      const events: FramedEvent[] = [];
      framer.push(chunk, events);
      for (const event of events.filter(({ kind }) => kind === 'piece')) expect(event.buffer).toBe(chunk);
    }
  });

  it('gathers a statement of 2 MiB whole', () => {
    const bytes = new BinlogStreamBuilder()
      .formatDescription()
      .query(`CREATE TABLE x (a int) /* ${'x'.repeat(2_000_000)} */`).bytes;
    expect(frame(cut(bytes, [65_536])).map(({ type, isLarge }) => [type, isLarge])).toEqual([
      [15, false],
      [2, false],
    ]);
  });

  it('refuses every flipped bit of a checked stream', () => {
    const bytes = transaction(new BinlogStreamBuilder().formatDescription(), 1, Buffer.alloc(50, 1)).bytes;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), fc.integer({ min: 1, max: 400 }), (bit, size) => {
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let seen: SeenEvent[] = [];
        try {
          seen = frame(cut(damaged, [size]));
        } catch {
          return;
        }
        // A longer packet size leaves the framer waiting: nothing wrong was handed on all the same.
        expect(frame([bytes]).slice(0, seen.length)).toEqual(seen);
        expect(seen.length).toBeLessThan(5);
      }),
    );
  });

  it('refuses a wrong checksum at the end of a large event', () => {
    const bytes = new BinlogStreamBuilder().formatDescription().rows(7, Buffer.alloc(3_000_000)).bytes;
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    expect(() => frame(cut(bytes, [65_536]))).toThrow('SOURCE_EVENT_CORRUPT');
  });

  it.each([
    [
      'an error packet',
      Buffer.from('\xff\xd4\x04#HY000Could not find first log file', 'latin1'),
      'Could not find first log file',
    ],
    ['an end packet', Buffer.from([0xfe, 0, 0, 2, 0]), 'SOURCE_CONNECTION_LOST'],
    ['an unknown packet', Buffer.from([7, 0, 0]), 'SOURCE_EVENT_CORRUPT'],
    ['an empty packet', Buffer.alloc(0), 'SOURCE_EVENT_CORRUPT'],
  ])('says what %s means', (_, payload, message) => {
    const bytes = new BinlogStreamBuilder().formatDescription().packet(payload).bytes;
    for (const size of [3, 1000]) expect(() => frame(cut(bytes, [size]))).toThrow(message);
  });

  it.each([7, 100, 100_000])('says where a damaged event is, for chunks of %d bytes', (size) => {
    const stream = new BinlogStreamBuilder().rotate('bin.000007').formatDescription();
    const offset = stream.mariadbGtid(1).xid().endOffset;
    const streamByte = stream.bytes.length;
    const bytes = stream.query('CREATE TABLE x (a int)').xid().bytes;
    bytes[streamByte + 30] = 1 ^ (bytes[streamByte + 30] ?? 0);
    const reading = (): unknown => frame(cut(bytes, [size]));
    expect(reading).toThrow(`behind bin.000007:${String(offset)} (byte ${String(streamByte)} of the stream)`);
    expect(reading).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ file: 'bin.000007', offset, streamByte }) as unknown,
      }),
    );
  });

  it.each([
    ['switches checksums off', -5, 1],
    ['names an unknown algorithm', -5, 7],
  ])('refuses a damaged format description that %s', (_, at, flip) => {
    const bytes = new BinlogStreamBuilder().formatDescription().bytes;
    const damagedAt = bytes.length + at;
    const all = new BinlogStreamBuilder().formatDescription().xid().bytes;
    all[damagedAt] = flip ^ (all[damagedAt] ?? 0);
    expect(() => frame([all])).toThrow(/SOURCE_EVENT_(CORRUPT|UNSUPPORTED).* byte \d+ of the stream/);
  });

  it('refuses a damaged ROTATE that the server made up', () => {
    const bytes = new BinlogStreamBuilder().rotate('bin.000007').bytes;
    for (let at = 5; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = 1 ^ (damaged[at] ?? 0);
      expect(() => frame([damaged])).toThrow('SOURCE_EVENT_CORRUPT');
    }
  });

  it('refuses a lost packet', () => {
    const stream = new BinlogStreamBuilder().formatDescription();
    const before = stream.bytes.length;
    stream.xid();
    const lost = stream.bytes.length;
    const bytes = stream.xid().bytes;
    expect(() => frame([bytes.subarray(0, before), bytes.subarray(lost)])).toThrow('SOURCE_EVENT_CORRUPT');
  });
});

describe('crc32', () => {
  it('is what zlib says, in one go and continued', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700, size: 'max' }), fc.nat({ max: 700 }), (array, middle) => {
        const bytes = Buffer.from(array);
        const split = Math.min(middle, bytes.length);
        const crc = new Crc32(bytes);
        expect(crc.of(0, bytes.length)).toBe(nativeCrc32(bytes));
        expect(crc.of(split, bytes.length, crc.of(0, split))).toBe(nativeCrc32(bytes));
        expect(crc.of(split, bytes.length)).toBe(nativeCrc32(bytes.subarray(split)));
      }),
    );
  });
});

it('does not read the next packet as the content of an empty one', () => {
  const framer = new EventFramer({ hasChecksum: true });
  // The next packet's length begins with 0xfe, which inside a packet would be the end of the log.
  const bytes = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from([0xfe, 0, 0, 2]), Buffer.alloc(0xfe)]);
  expect(() => {
    framer.push(bytes, []);
  }).toThrow('SOURCE_EVENT_CORRUPT');
  expect(framer.isEnded).toBe(false);
});
