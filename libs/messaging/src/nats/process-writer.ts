import { createHash, randomBytes } from 'node:crypto';
import { describeProcess, SyncError } from '@lutra/model';
import type { ProcessHeader, ProcessIdentity } from '@lutra/model';
import { headers as newHeaders } from '@nats-io/transport-node';
import type { ProcessQueue, ProcessSchema, ProcessWriter } from '../bus.ts';
import { encodeEnvelope } from '../wire/envelope-v1.ts';
import type { EnvelopeBody } from '../wire/envelope-v1.ts';
import { PART_BYTES, PARTS_IN_FLIGHT_MAX } from './body-store.ts';
import type { NatsLink } from './nats-link.ts';
import { ANY_TARGET } from './subjects.ts';
import { injectTrace } from './trace-headers.ts';

/** Up to this size a body travels inside the queue message. */
const BODY_INLINE_MAX = 512 * 1024;
/** A writer is full from here on: what lies beyond is waiting memory, not speed. */
const UNSENT_BYTES_MAX = PARTS_IN_FLIGHT_MAX * PART_BYTES;
const STAGE_OF_QUEUE: Readonly<Record<ProcessQueue, string>> = {
  selected: 'select',
  extracted: 'extract',
  transformed: 'transform',
};

interface Part {
  readonly number: number;
  readonly bytes: Uint8Array;
}

export interface WriteTarget {
  readonly queue: ProcessQueue;
  readonly target?: string;
  readonly identity: ProcessIdentity;
  readonly schema: ProcessSchema;
}

/** Cuts a body into parts as it comes and sends up to four at a time. A part that failed is kept and sent again by the next drain or finish. */
export class NatsProcessWriter implements ProcessWriter {
  private readonly stage: string;
  private readonly attempt = randomBytes(8).toString('hex');
  private readonly hash = createHash('sha256');
  private chunks: Uint8Array[] = [];
  private chunkBytes = 0;
  private totalBytes = 0;
  private partCount = 0;
  /** Parts that were refused or lost on their way; sent before new ones. */
  private readonly failed: Part[] = [];
  private failure: SyncError | null = null;
  private readonly inFlight = new Set<Promise<void>>();
  private inFlightBytes = 0;
  private isClosed = false;
  private isFinishing = false;

  constructor(
    private readonly link: NatsLink,
    private readonly to: WriteTarget,
  ) {
    this.stage = STAGE_OF_QUEUE[to.queue];
  }

  write(bytes: Uint8Array): void {
    if (this.isClosed || this.isFinishing)
      throw new SyncError('INTERNAL', { problem: 'A process was written to after its end' });
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.chunkBytes += bytes.length;
    this.totalBytes += bytes.length;
    if (this.chunkBytes >= PART_BYTES) this.send();
  }

  get isFull(): boolean {
    return this.unsentBytes > UNSENT_BYTES_MAX || this.failure !== null;
  }

  /** Resolves when there is room again. Rejects with the failure of a part; the next call tries that part again. */
  async drain(): Promise<void> {
    this.retry();
    while (this.unsentBytes > UNSENT_BYTES_MAX) await this.settleOne();
    if (this.failure !== null) throw this.failure;
  }

  async finish(header: ProcessHeader, target = this.to.target ?? ANY_TARGET): Promise<void> {
    if (this.isClosed) throw new SyncError('INTERNAL', { problem: 'A process was finished twice or after its end' });
    this.isFinishing = true;
    await this.publish(await this.finishBody(), header, target);
    this.isClosed = true;
    this.chunks = [];
  }

  async abort(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.chunks = [];
    this.chunkBytes = 0;
    await Promise.allSettled(this.inFlight);
    if (this.partCount === 0) return;
    const filter = `${this.partPrefix}>`;
    // Parts that stay are removed with the process or by their age.
    await this.link.jsm.streams.purge(this.link.subjects.streams.bodies, { filter }).catch(() => undefined);
  }

  private get unsentBytes(): number {
    return this.chunkBytes + this.inFlightBytes + this.failed.reduce((sum, part) => sum + part.bytes.length, 0);
  }

  private get partPrefix(): string {
    return this.link.subjects.bodyParts(this.to.identity, this.stage, this.attempt);
  }

  private async finishBody(): Promise<EnvelopeBody> {
    if (this.partCount === 0 && this.totalBytes <= BODY_INLINE_MAX)
      return {
        kind: 'inline',
        bytes: this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks),
      };
    this.retry();
    while (this.unsentBytes > 0 || this.inFlight.size > 0) {
      if (this.failure !== null && this.inFlight.size === 0) throw this.failure;
      await this.settleOne();
    }
    const { stage, attempt, partCount: count, totalBytes: length } = this;
    return { kind: 'manifest', manifest: { stage, attempt, count, length, sha256: this.hash.copy().digest() } };
  }

  private async publish(body: EnvelopeBody, header: ProcessHeader, target: string): Promise<void> {
    const { identity, queue, schema } = this.to;
    const headers = newHeaders();
    headers.set('Lutra-Pipeline', header.pipelineId);
    headers.set('Lutra-Process', String(header.process));
    headers.set('Lutra-Epoch', String(header.epoch));
    headers.set('Lutra-Config', String(header.revision));
    headers.set('Lutra-Schema', schema);
    injectTrace(headers);
    const subject = this.link.subjects.queue({ queue, target, identity });
    const id = `${describeProcess(identity)}.${this.stage}`;
    await this.link.publish(subject, encodeEnvelope({ schema, header, body }), { id, headers });
  }

  private retry(): void {
    this.failure = null;
    this.send();
  }

  private send(): void {
    while (this.failure === null && this.inFlight.size < PARTS_IN_FLIGHT_MAX) {
      const part = this.failed.shift() ?? this.cutPart();
      if (part === null) return;
      const sending = this.sendPart(part).finally(() => {
        this.inFlight.delete(sending);
        this.inFlightBytes -= part.bytes.length;
        this.send();
      });
      this.inFlight.add(sending);
      this.inFlightBytes += part.bytes.length;
    }
  }

  /** Never rejects: a failure is kept for drain and finish. */
  private async sendPart(part: Part): Promise<void> {
    try {
      const id = `${describeProcess(this.to.identity)}.${this.stage}.${this.attempt}.${String(part.number)}`;
      await this.link.publish(`${this.partPrefix}${String(part.number)}`, part.bytes, { id });
    } catch (error) {
      this.failure = SyncError.of(error);
      if (!this.isClosed) this.failed.push(part);
    }
  }

  /** The next part, when there is a whole one or nothing will follow. */
  private cutPart(): Part | null {
    const length = Math.min(PART_BYTES, this.chunkBytes);
    if (length === 0 || (length < PART_BYTES && !this.isFinishing)) return null;
    const bytes = this.takeBytes(length);
    this.hash.update(bytes);
    return { number: this.partCount++, bytes };
  }

  private takeBytes(length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    let at = 0;
    let used = 0;
    while (at < length) {
      const chunk = this.chunks[used];
      if (chunk === undefined) break;
      const piece = chunk.subarray(0, length - at);
      bytes.set(piece, at);
      at += piece.length;
      if (piece.length < chunk.length) this.chunks[used] = chunk.subarray(piece.length);
      else used++;
    }
    this.chunks.splice(0, used);
    this.chunkBytes -= length;
    return bytes;
  }

  private async settleOne(): Promise<void> {
    if (this.inFlight.size === 0) {
      if (this.failure !== null) throw this.failure;
      this.send();
      if (this.inFlight.size === 0) return;
    }
    await Promise.race(this.inFlight);
  }
}
