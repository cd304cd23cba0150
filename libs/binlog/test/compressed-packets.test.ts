import { describe, expect, it } from '@jest/globals';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { CompressedPackets, wrapCommand } from '../src/compressed-packets.ts';

/** What a server sends: the answer to the register command, then packets whose sequence begins anew. */
function compress(payloads: readonly { readonly bytes: Uint8Array; readonly isCompressed: boolean }[]): Buffer {
  return Buffer.concat(
    payloads.map(({ bytes, isCompressed }, index) => {
      const body = isCompressed ? deflateSync(bytes) : bytes;
      const header = Buffer.alloc(7);
      header.writeUIntLE(body.length, 0, 3);
      header.writeUInt8(index === 0 ? 1 : index & 0xff, 3);
      header.writeUIntLE(isCompressed ? bytes.length : 0, 4, 3);
      return Buffer.concat([header, body]);
    }),
  );
}

function unwrap(bytes: Buffer, cuts: readonly number[]): Buffer {
  const packets = new CompressedPackets();
  const plain: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts].map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other)) {
    packets.push(bytes.subarray(from, cut), plain);
    from = cut;
  }
  packets.push(bytes.subarray(from), plain);
  return Buffer.concat(plain);
}

const payload = fc
  .record({ bytes: fc.uint8Array({ maxLength: 400 }), isCompressed: fc.boolean() })
  .map(({ bytes, isCompressed }) => ({ bytes, isCompressed: isCompressed && bytes.length > 0 }));

describe('CompressedPackets', () => {
  it('gives the same bytes for any cut', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 30 }), (payloads, cuts) => {
        const plain = Buffer.concat(payloads.map(({ bytes }) => bytes));
        expect(unwrap(compress(payloads), cuts).equals(plain)).toBe(true);
      }),
    );
  });

  it('counts beyond 255', () => {
    const payloads = Array.from({ length: 600 }, (_, index) => ({
      bytes: Buffer.from([index & 0xff]),
      isCompressed: false,
    }));
    expect(unwrap(compress(payloads), [])).toHaveLength(600);
  });

  const two = [
    { bytes: Buffer.from('answer'), isCompressed: false },
    { bytes: Buffer.alloc(300, 1), isCompressed: true },
  ];
  it.each<[string, (bytes: Buffer) => void]>([
    ['a packet out of order', (bytes) => bytes.writeUInt8(9, 13 + 3)],
    ['a length below the real one', (bytes) => bytes.writeUIntLE(299, 13 + 4, 3)],
    ['a length above the real one', (bytes) => bytes.writeUIntLE(301, 13 + 4, 3)],
    ['bytes that are not compressed', (bytes) => bytes.fill(0xff, 13 + 7)],
  ])('refuses %s', (_, damage) => {
    const bytes = compress(two);
    damage(bytes);
    expect(() => unwrap(bytes, [])).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_CORRUPT' }));
  });

  it('wraps a command as the first packet of its sequence', () => {
    expect([...wrapCommand(Buffer.from([1, 2, 3]))]).toEqual([3, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
  });
});
