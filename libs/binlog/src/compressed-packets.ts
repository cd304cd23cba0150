import { inflateSync } from 'node:zlib';
import { SyncError } from '@lutra/model';

/** Length of the payload (3), sequence (1), length before compression (3; 0 = it is not compressed). */
const HEADER_BYTES = 7;
/** The answer to the register command is one packet; with the dump command the sequence begins anew. */
const FIRST_SEQUENCE = 1;

/** Puts a command into a packet of the compressed protocol, uncompressed: all commands here are short. */
export function wrapCommand(command: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(command.length, 0, 3);
  return Buffer.concat([header, command]);
}

/**
 * Unwraps the compressed protocol (MySQL internals, "Compression": zlib): what comes out is the plain packets' bytes, the
 * same for any cut of what goes in. Holds one compressed packet at most (16 MiB, and 16 MiB inflated). Begins with the
 * answer to the register command. Throws SOURCE_EVENT_CORRUPT for a wrong sequence number, for bytes that cannot be
 * inflated and for a length that is not the announced one; it is of no use after that.
 */
export class CompressedPackets {
  private sequence = FIRST_SEQUENCE;
  private isFirst = true;
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerFilled = 0;
  private payload: Buffer | null = null;
  private payloadFilled = 0;

  /** Adds to `plain` what `chunk` completes. */
  push(chunk: Buffer, plain: Buffer[]): void {
    for (let at = 0; at < chunk.length;) {
      if (this.payload === null) {
        const taken = Math.min(HEADER_BYTES - this.headerFilled, chunk.length - at);
        chunk.copy(this.header, this.headerFilled, at, at + taken);
        this.headerFilled += taken;
        at += taken;
        if (this.headerFilled < HEADER_BYTES) return;
        this.begin();
      }
      at = this.fill(chunk, at, plain);
    }
  }

  private begin(): void {
    const sequence = this.header.readUInt8(3);
    if (sequence !== this.sequence)
      throw corrupt(`compressed packet ${String(sequence)} where ${String(this.sequence)} was expected`);
    this.sequence = this.isFirst ? FIRST_SEQUENCE : (sequence + 1) & 0xff;
    this.isFirst = false;
    this.payload = Buffer.allocUnsafeSlow(this.header.readUIntLE(0, 3));
    this.payloadFilled = 0;
  }

  private fill(chunk: Buffer, from: number, plain: Buffer[]): number {
    const { payload } = this;
    if (payload === null) return from;
    const taken = Math.min(payload.length - this.payloadFilled, chunk.length - from);
    chunk.copy(payload, this.payloadFilled, from, from + taken);
    this.payloadFilled += taken;
    if (this.payloadFilled === payload.length) {
      this.payload = null;
      this.headerFilled = 0;
      plain.push(inflate(payload, this.header.readUIntLE(4, 3)));
    }
    return from + taken;
  }
}

function inflate(payload: Buffer, plainBytes: number): Buffer {
  if (plainBytes === 0) return payload;
  let plain: Buffer;
  try {
    plain = inflateSync(payload, { maxOutputLength: plainBytes });
  } catch (cause) {
    throw corrupt('a compressed packet cannot be inflated to the length that it announces', cause);
  }
  if (plain.length !== plainBytes) throw corrupt('a compressed packet is shorter than it announces');
  return plain;
}

const corrupt = (problem: string, cause?: unknown): SyncError =>
  new SyncError('SOURCE_EVENT_CORRUPT', { problem: `The binary log cannot be read: ${problem}` }, { cause });
