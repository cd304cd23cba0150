import type { Socket } from 'node:net';

/** Kinds of packets, as the fifth byte has them. */
export const PACKET = { connect: 1, accept: 2, refuse: 4, data: 6, marker: 12 } as const;
export const MARKER_RESET = 2;

const HEADER_BYTES = 8;
/** Below the 8 KiB that the accept packet allows. */
const DATA_BYTES_MAX = 8_000;
const LAST_OF_REQUEST = 0x800;
const GOODBYE = 0x40;

/** Packets of one client: cuts the stream into them, and puts the parts of a message together. */
export class TnsConnection {
  /** Once accepted, lengths have four bytes. */
  isAccepted = false;
  /** The next packet goes out by half, and the line is cut. */
  cutsNext = false;
  private unread: Buffer = Buffer.alloc(0);
  private request: Buffer[] = [];

  constructor(private readonly socket: Socket) {}

  /** Whole packets that are there after this piece of the stream. */
  take(piece: Buffer): Buffer[] {
    this.unread = Buffer.concat([this.unread, piece]);
    const packets: Buffer[] = [];
    while (this.unread.length >= HEADER_BYTES) {
      const length = this.isAccepted ? this.unread.readUInt32BE(0) : this.unread.readUInt16BE(0);
      if (this.unread.length < length) break;
      packets.push(this.unread.subarray(0, length));
      this.unread = this.unread.subarray(length);
    }
    return packets;
  }

  /** The message that a data packet completes; null = more packets follow, or the client has gone. */
  messageOf(packet: Buffer): Buffer | null {
    const flags = packet.readUInt16BE(HEADER_BYTES);
    if ((flags & GOODBYE) !== 0) {
      this.socket.end();
      return null;
    }
    this.request.push(packet.subarray(HEADER_BYTES + 2));
    if ((flags & LAST_OF_REQUEST) === 0) return null;
    const message = Buffer.concat(this.request);
    this.request = [];
    return message;
  }

  send(kind: number, body: Uint8Array): void {
    const packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), body]);
    if (this.isAccepted) packet.writeUInt32BE(packet.length, 0);
    else packet.writeUInt16BE(packet.length, 0);
    packet[4] = kind;
    if (!this.cutsNext) {
      this.socket.write(packet);
      return;
    }
    this.socket.end(packet.subarray(0, Math.ceil(packet.length / 2)));
  }

  sendMessage(message: Buffer): void {
    for (let at = 0; at < message.length; at += DATA_BYTES_MAX)
      this.send(PACKET.data, Buffer.concat([Buffer.alloc(2), message.subarray(at, at + DATA_BYTES_MAX)]));
  }

  /** What was sent of a request that is broken off is nothing. */
  forget(): void {
    this.request = [];
  }
}

/** What the listener says to a service that it does not know (12514), to anybody while the database is closed (12528), and so on. */
export function refusal(code: number): Uint8Array {
  const text = Buffer.from(
    `(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=${String(code)})(ERROR_STACK=(ERROR=(CODE=${String(code)})(EMFI=4))))`,
  );
  const head = Buffer.alloc(4);
  head[0] = 34;
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, text]);
}

/** Version 317 of the protocol: packets of 8 KiB, no native encryption, no login in one go. */
export function acceptance(): Uint8Array {
  const body = Buffer.alloc(33);
  body.writeUInt16BE(317, 0);
  body.writeUInt16BE(1, 2);
  body.writeUInt16BE(8192, 4);
  body.writeUInt16BE(65_535, 6);
  body.writeUInt16BE(1, 8);
  body.writeUInt16BE(41, 12);
  body[14] = 0x04;
  body[15] = 0x08;
  body.writeUInt32BE(8192, 24);
  body.writeUInt32BE(65_535, 28);
  return body;
}
