import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { EVENT_TYPE, EventFramer, PayloadUnwrapper } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import { BinlogStreamBuilder, binlogEvent, blockFrame, payloadBody, repeatFrame } from '@lutra/testing';
import { readPayloadHeader } from '../src/transaction-payload.ts';

interface SeenEvent {
  readonly type: number;
  readonly fileBytes: number;
  readonly isLarge: boolean;
  readonly sha: string;
}

interface Read {
  readonly seen: SeenEvent[];
  /** Most bytes of events that came in one batch. */
  readonly batchBytesMax: number;
  readonly batches: number;
}

/** Frames and unwraps; joins pieces, so that the result does not depend on the cut. */
function unwrap(
  bytes: Buffer,
  sizes: readonly number[] = [65_536],
  onSeen: (event: SeenEvent) => void = () => undefined,
): Read {
  const framer = new EventFramer({ hasChecksum: true });
  const unwrapper = new PayloadUnwrapper();
  const seen: SeenEvent[] = [];
  let [batchBytesMax, batches] = [0, 0];
  let open: { first: FramedEvent; sha: ReturnType<typeof createHash>; bytes: number } | null = null;
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    const outer: FramedEvent[] = [];
    framer.push(bytes.subarray(at, at + size), outer);
    at += size;
    unwrapper.push(outer);
    for (let events = unwrapper.take(); events !== null; events = unwrapper.take()) {
      batches++;
      batchBytesMax = Math.max(
        batchBytesMax,
        events.reduce((sum, event) => sum + (event.end - event.start), 0),
      );
      for (const event of events) {
        if (event.kind === 'whole' || event.kind === 'begin')
          open = { first: event, sha: createHash('sha1'), bytes: 0 };
        if (open === null) throw new Error('a piece without a beginning');
        open.sha.update(event.bytes);
        open.bytes += event.end - event.start;
        if (event.kind === 'piece' || event.kind === 'begin') continue;
        const { type, fileBytes, length } = open.first;
        expect(open.bytes).toBe(length);
        seen.push({ type, fileBytes, isLarge: event.kind === 'end', sha: open.sha.digest('hex').slice(0, 8) });
        onSeen(seen.at(-1) as SeenEvent);
      }
    }
  }
  return { seen, batchBytesMax, batches };
}

const query = (statement: string): Buffer =>
  binlogEvent(EVENT_TYPE.QUERY, Buffer.concat([Buffer.alloc(13), Buffer.from(`\0${statement}`)]));
const rows = (content: Uint8Array): Buffer =>
  binlogEvent(EVENT_TYPE.WRITE_ROWS_V2, Buffer.concat([Buffer.from([7, 0, 0, 0, 0, 0, 1, 0, 2, 0]), content]));
const xid = binlogEvent(EVENT_TYPE.XID, Buffer.alloc(8));
const transaction = (...contents: Uint8Array[]): Buffer => Buffer.concat([query('BEGIN'), ...contents.map(rows), xid]);

const stream = (body: Buffer): BinlogStreamBuilder =>
  new BinlogStreamBuilder()
    .rotate('bin.000001')
    .formatDescription()
    .event({ type: EVENT_TYPE.TRANSACTION_PAYLOAD, body });
const types = ({ seen }: Read): number[] => seen.slice(2).map(({ type }) => type);

describe('PayloadUnwrapper', () => {
  it('gives the frame of a payload, then its events, which take no bytes of the file', () => {
    const body = payloadBody(transaction(Buffer.alloc(100, 1)));
    const { seen } = unwrap(stream(body).xid().bytes);
    expect(seen.map(({ type, fileBytes }) => [type, fileBytes]).slice(2)).toEqual([
      [40, 19 + body.length + 4],
      [2, 0],
      [30, 0],
      [16, 0],
      [16, 31],
    ]);
  });

  it.each([
    ['zstd', {}],
    ['no compression', { compression: 255 }],
    ['several frames', { frames: 3 }],
    ['a field of its header that nobody knows', { fields: [Buffer.from([9, 2, 1, 1])] }],
  ])('gives the same events for any cut of the bytes: %s', (_, options) => {
    const contents = Array.from({ length: 30 }, (_unused, index) => Buffer.alloc(index * 97, index));
    const large = Buffer.alloc(3_000_000, 'lutra');
    const inner = Buffer.concat([transaction(...contents, large, Buffer.alloc(7)), query('x'.repeat(1_500_000)), xid]);
    const other = payloadBody(transaction(Buffer.alloc(10)));
    const bytes = stream(payloadBody(inner, options))
      .rotate('bin.000002')
      .formatDescription()
      .event({ type: EVENT_TYPE.TRANSACTION_PAYLOAD, body: other })
      .event({ type: EVENT_TYPE.HEARTBEAT, flags: 0x20, body: Buffer.from('bin.000002') }).bytes;
    const all = unwrap(bytes);
    expect(all.seen.filter(({ isLarge }) => isLarge).map(({ type }) => type)).toEqual([30]);
    expect(all.seen).toHaveLength(2 + 1 + 1 + 32 + 1 + 2 + 2 + 4 + 1);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(unwrap(bytes, sizes).seen).toEqual(all.seen);
      }),
      { numRuns: 20 },
    );
  });

  it('hands on batches of about 1 MiB, however little they were before', () => {
    const total = 64 * 1024 * 1024;
    const event = rows(Buffer.alloc(total - 29 - 27));
    const frame = repeatFrame(Buffer.concat([event.subarray(0, 29)]), event.length - 29, xid);
    const body = payloadBody(Buffer.alloc(0), { packed: frame, uncompressed: event.length + xid.length });
    expect(body.length).toBeLessThan(3000);
    const read = unwrap(stream(body).bytes);
    expect(types(read)).toEqual([40, 30, 16]);
    expect(read.batches).toBeGreaterThan(50);
    expect(read.batchBytesMax).toBeLessThan(2 * 1024 * 1024);
  });

  it('takes a payload of more than 16 MiB in pieces, and does not give its commit when its checksum is wrong', () => {
    const content = Buffer.alloc(1_000_000, 1);
    const bytes = stream(payloadBody(transaction(...Array<Buffer>(20).fill(content)), { compression: 255 })).bytes;
    expect(types(unwrap(bytes))).toEqual([40, 2, ...Array<number>(20).fill(30), 16]);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const seen: number[] = [];
    // The checksum comes alone: everything else has been unwrapped before it is seen.
    expect(() => unwrap(bytes, [bytes.length - 4], ({ type }) => seen.push(type))).toThrow('SOURCE_EVENT_CORRUPT');
    expect(seen).toContain(30);
    expect(seen).not.toContain(16);
  });

  it('gives nothing of a payload below 16 MiB when its checksum is wrong', () => {
    const bytes = stream(payloadBody(transaction(Buffer.alloc(3_000_000)), { compression: 255 })).bytes;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const seen: number[] = [];
    expect(() => unwrap(bytes, [65_536], ({ type }) => seen.push(type))).toThrow('SOURCE_EVENT_CORRUPT');
    expect(seen).toEqual([4, 15]);
  });

  const inner = transaction(Buffer.alloc(500, 3));
  it.each([
    ['that holds more than it says', payloadBody(inner, { uncompressed: inner.length - 1 }), 'CORRUPT'],
    ['that holds less than it says', payloadBody(inner, { uncompressed: inner.length + 1 }), 'CORRUPT'],
    ['whose last event is cut short', payloadBody(inner.subarray(0, -1)), 'CORRUPT'],
    ['whose frame is cut short', payloadBody(inner, { packed: blockFrame(inner).subarray(0, -1) }), 'CORRUPT'],
    ['whose bytes are not zstd', payloadBody(inner, { packed: Buffer.from('not zstd at all') }), 'CORRUPT'],
    ['of no bytes', payloadBody(inner, { packed: Buffer.alloc(0) }), 'CORRUPT'],
    ['that holds a payload', payloadBody(binlogEvent(40, payloadBody(inner))), 'CORRUPT'],
    ['that holds a ROTATE', payloadBody(binlogEvent(4, Buffer.alloc(20))), 'CORRUPT'],
    ['whose event says that it has 4 GiB', payloadBody(binlogEvent(30, Buffer.alloc(9), 0xffff_ffff)), 'CORRUPT'],
    ['whose event says that it has 3 bytes', payloadBody(binlogEvent(30, Buffer.alloc(9), 3)), 'CORRUPT'],
    ['of an unknown compression', payloadBody(inner, { compression: 7 }), 'UNSUPPORTED'],
    ['of a window of 256 MiB', payloadBody(inner, { packed: blockFrame(inner, 18 << 3) }), 'UNSUPPORTED'],
    ['without a size', Buffer.from([2, 1, 0, 0]), 'CORRUPT'],
    ['whose header has no end', Buffer.from([2, 1, 0]), 'CORRUPT'],
    ['of another size than it says', Buffer.concat([payloadBody(inner), Buffer.alloc(1)]), 'CORRUPT'],
    ['with a field beyond the event', Buffer.from([9, 0xfd, 255, 255, 255, 0]), 'CORRUPT'],
  ])('refuses a payload %s', (_, body, code) => {
    expect(() => unwrap(stream(body).bytes)).toThrow(`SOURCE_EVENT_${code}`);
  });

  it('never gives a wrong event for flipped bits, whatever becomes of the rest', () => {
    const body = payloadBody(transaction(Buffer.alloc(200, 'ab'), Buffer.alloc(300, 'c')));
    const good = unwrap(stream(body).bytes).seen;
    fc.assert(
      fc.property(fc.nat({ max: body.length * 8 - 1 }), (bit) => {
        const damaged = Buffer.from(body);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let thrown: Error | null = null;
        let seen: SeenEvent[] = [];
        try {
          ({ seen } = unwrap(stream(damaged).bytes));
        } catch (error) {
          thrown = error as Error;
        }
        // The checksum was made anew over the damage: content may differ, structure may not break anything.
        if (thrown === null) expect(seen.length).toBeGreaterThan(2);
        else expect(thrown.message).toMatch(/SOURCE_EVENT_(CORRUPT|UNSUPPORTED|TOO_LARGE)/);
      }),
      { numRuns: 300 },
    );
    expect(good).toHaveLength(2 + 5);
  });
});

describe('readPayloadHeader', () => {
  it('reads what MySQL 9.7 writes', () => {
    const bytes = Buffer.from('02010003 03fc8e01 0101cb00'.replaceAll(' ', ''), 'hex');
    expect(readPayloadHeader(bytes, 0, bytes.length)).toEqual({
      compression: 'zstd',
      bytes: 203,
      uncompressedBytes: 398,
      dataAt: bytes.length,
    });
  });
});
