const BLOCK_BYTES_MAX = 128 * 1024;

/** An event without packet and checksum, as it stands inside a compressed transaction. */
export function binlogEvent(type: number, body: Uint8Array, size = 19 + body.length): Buffer {
  const bytes = Buffer.alloc(19 + body.length);
  bytes.writeUInt32LE(1_700_000_000, 0);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt32LE(1, 5);
  bytes.writeUInt32LE(size, 9);
  bytes.set(body, 19);
  return bytes;
}

/**
 * The body of a TRANSACTION_PAYLOAD over these events, in zstd frames that compress nothing (Node 20 cannot compress with
 * zstd): what decompressing makes of real compression is seen with real servers.
 */
export function payloadBody(
  events: Buffer,
  options: {
    readonly compression?: number;
    readonly frames?: number;
    readonly fields?: readonly Buffer[];
    readonly packed?: Buffer;
    readonly uncompressed?: number;
  } = {},
): Buffer {
  const { compression = 0, frames = 1, fields = [], uncompressed = events.length } = options;
  const step = Math.ceil(events.length / frames) || 1;
  const parts = Array.from({ length: frames }, (_, index) =>
    blockFrame(events.subarray(index * step, (index + 1) * step)),
  );
  const packed = options.packed ?? (compression === 0 ? Buffer.concat(parts) : events);
  return Buffer.concat([
    field(2, lengthEncoded(compression)),
    ...fields,
    field(3, lengthEncoded(uncompressed)),
    field(1, lengthEncoded(packed.length)),
    Buffer.from([0]),
    packed,
  ]);
}

/** A frame of raw blocks with this window descriptor (RFC 8878, 3.1.1.1.2); the default is a window of 1 MiB. */
export function blockFrame(bytes: Buffer, window = 10 << 3): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK_BYTES_MAX) {
    const part = bytes.subarray(at, at + BLOCK_BYTES_MAX);
    blocks.push(blockHead({ type: 0, size: part.length, isLast: at + BLOCK_BYTES_MAX >= bytes.length }), part);
  }
  return Buffer.concat([FRAME_HEAD, Buffer.from([window]), ...blocks]);
}

/** A frame of `head`, then `count` zero bytes in blocks of four bytes for each 128 KiB, then `tail`. */
export function repeatFrame(head: Buffer, count: number, tail: Buffer): Buffer {
  const blocks = [blockHead({ type: 0, size: head.length, isLast: false }), head];
  for (let left = count; left > 0; left -= BLOCK_BYTES_MAX)
    blocks.push(blockHead({ type: 1, size: Math.min(left, BLOCK_BYTES_MAX), isLast: false }), Buffer.from([0]));
  blocks.push(blockHead({ type: 0, size: tail.length, isLast: true }), tail);
  return Buffer.concat([FRAME_HEAD, Buffer.from([10 << 3]), ...blocks]);
}

/** Magic number, and a descriptor: no content size, no checksum, no dictionary. */
const FRAME_HEAD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]);

function blockHead(block: { readonly type: 0 | 1; readonly size: number; readonly isLast: boolean }): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((block.size << 3) | (block.type << 1) | (block.isLast ? 1 : 0), 0, 3);
  return head;
}

const field = (type: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([type, value.length]), value]);

function lengthEncoded(value: number): Buffer {
  if (value < 251) return Buffer.from([value]);
  const bytes = Buffer.alloc(9, 0xfe);
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}
