import { crc32 } from 'node:zlib';

const HEADER_BYTES = 19;
const PACKET_BYTES_MAX = 0xffffff;
const FLAG_ARTIFICIAL = 0x20;

export interface EventToBuild {
  readonly type: number;
  readonly body: Uint8Array;
  readonly timestamp?: number;
  readonly serverId?: number;
  readonly flags?: number;
}

/**
 * Builds what a server sends after a dump command, byte by byte, so that tests and benchmarks of framing and select need
 * no server: events with header, position and checksum, cut into packets with sequence ids.
 */
export class BinlogStreamBuilder {
  private readonly packets: Buffer[] = [];
  private sequence = 1;
  private position = 4;

  constructor(private readonly options: { readonly hasChecksum: boolean } = { hasChecksum: true }) {}

  /** Everything so far, in one piece. */
  get bytes(): Buffer {
    return Buffer.concat(this.packets);
  }

  /** Offset in the log file behind the last event. */
  get endOffset(): number {
    return this.position;
  }

  event(event: EventToBuild): this {
    const isArtificial = ((event.flags ?? 0) & FLAG_ARTIFICIAL) !== 0;
    const size = HEADER_BYTES + event.body.length + (this.options.hasChecksum ? 4 : 0);
    if (!isArtificial) this.position += size;
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(event.timestamp ?? 1_700_000_000, 0);
    bytes.writeUInt8(event.type, 4);
    bytes.writeUInt32LE(event.serverId ?? 1, 5);
    bytes.writeUInt32LE(size, 9);
    bytes.writeUInt32LE(isArtificial ? 0 : this.position % 2 ** 32, 13);
    bytes.writeUInt16LE(event.flags ?? 0, 17);
    bytes.set(event.body, HEADER_BYTES);
    if (this.options.hasChecksum) bytes.writeUInt32LE(crc32(bytes.subarray(0, size - 4)), size - 4);
    return this.packet(Buffer.concat([Buffer.from([0]), bytes]));
  }

  /** A payload as it is, split at 16 MiB like the server does. */
  packet(payload: Uint8Array): this {
    for (let at = 0; ; at += PACKET_BYTES_MAX) {
      const part = payload.subarray(at, at + PACKET_BYTES_MAX);
      const header = Buffer.from([part.length & 0xff, (part.length >> 8) & 0xff, part.length >> 16, this.sequence]);
      this.sequence = (this.sequence + 1) & 0xff;
      this.packets.push(header, Buffer.from(part));
      if (part.length < PACKET_BYTES_MAX) return this;
    }
  }

  formatDescription(): this {
    const body = Buffer.alloc(2 + 50 + 4 + 1 + 38 + 1);
    body.writeUInt16LE(4, 0);
    body.write('10.11.0-MariaDB', 2);
    body.writeUInt8(HEADER_BYTES, 56);
    body.writeUInt8(this.options.hasChecksum ? 1 : 0, body.length - 1);
    // Without checksums the event still carries the four bytes of one.
    return this.event({ type: 15, body: this.options.hasChecksum ? body : Buffer.concat([body, Buffer.alloc(4)]) });
  }

  rotate(file: string, offset = 4): this {
    const body = Buffer.alloc(8 + file.length);
    body.writeBigUInt64LE(BigInt(offset), 0);
    body.write(file, 8);
    this.event({ type: 4, body, timestamp: 0, flags: FLAG_ARTIFICIAL });
    this.position = offset;
    return this;
  }

  mariadbGtid(sequence: number, options: { readonly flags?: number; readonly timestamp?: number } = {}): this {
    const body = Buffer.alloc(19);
    body.writeBigUInt64LE(BigInt(sequence), 0);
    body.writeUInt8(options.flags ?? 0, 12);
    return this.event({
      type: 162,
      body,
      ...(options.timestamp === undefined ? {} : { timestamp: options.timestamp }),
    });
  }

  query(statement: string, schema = ''): this {
    const head = Buffer.alloc(13);
    head.writeUInt8(schema.length, 8);
    return this.event({ type: 2, body: Buffer.concat([head, Buffer.from(`${schema}\0${statement}`)]) });
  }

  /** A table of one BIGINT column, without optional metadata. */
  tableMap(tableId: number, schema: string, table: string): this {
    const names = Buffer.from(`..${schema}\0.${table}\0`);
    names[1] = schema.length;
    names[0] = 0;
    names[3 + schema.length] = table.length;
    const body = Buffer.concat([
      tableIdBytes(tableId),
      Buffer.from([1, 0]),
      names.subarray(1),
      Buffer.from([1, 8, 0, 0]),
    ]);
    return this.event({ type: 19, body });
  }

  /** Rows events, version 2; `content` stands where column count, bitmaps and rows are. */
  rows(tableId: number, content: Uint8Array, type: 30 | 31 | 32 = 30): this {
    return this.event({ type, body: Buffer.concat([tableIdBytes(tableId), Buffer.from([1, 0, 2, 0]), content]) });
  }

  xid(): this {
    return this.event({ type: 16, body: Buffer.alloc(8) });
  }
}

function tableIdBytes(tableId: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntLE(tableId, 0, 6);
  return bytes;
}
