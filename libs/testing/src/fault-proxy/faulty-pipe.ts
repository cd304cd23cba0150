import type { Socket } from 'node:net';
import { assertNever } from '@lutra/model';
import { PASS } from './link-fault.ts';
import type { LinkFault } from './link-fault.ts';

/** Held back at most; beyond it the sender feels it, as with a real line that is full. */
const HELD_BYTES_MAX = 256 * 1024;
/** A narrow line delivers in pieces of so much of a second. */
const PIECE_SECONDS = 0.05;

/** Held bytes; null = FIN. */
interface Held {
  readonly bytes: Buffer | null;
  dueMs: number;
}

export interface PipeOptions {
  /** From 0 to 1: for jitter. */
  readonly random: () => number;
  /** The pipe wants its connection to be reset. */
  readonly onReset: () => void;
  /** Sees bytes before they are forwarded; true = they are not, the connection is over. */
  readonly inspect: (bytes: Buffer) => boolean;
}

/** One direction of a proxied connection: what comes from one socket goes to the other one as the fault says, in order. */
export class FaultyPipe {
  /** Bytes that were handed on. */
  forwarded = 0;
  /** FIN was handed on, or waits for its turn. */
  isEnded = false;
  /** Bytes that were swallowed or held back since the fault began. */
  affected = 0;
  /** Bytes or the end went into a hole: the connection cannot go on as if nothing had been. */
  isTorn = false;
  private fault: LinkFault = PASS;
  private resetIn = Number.POSITIVE_INFINITY;
  private readonly held: Held[] = [];
  private heldBytes = 0;
  private timer: NodeJS.Timeout | null = null;
  private isBlocked = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly options: PipeOptions,
  ) {
    from.on('data', (bytes: Buffer) => {
      this.take(bytes);
    });
    from.on('end', () => {
      this.takeEnd();
    });
    to.on('drain', () => {
      this.isBlocked = false;
      this.adjust();
    });
  }

  get isHole(): boolean {
    return this.fault.kind === 'hole';
  }

  /** Changes the fault; what is held back by the old one goes on its way at once. */
  set(fault: LinkFault): void {
    this.fault = fault;
    this.affected = 0;
    this.resetIn = fault.kind === 'reset-after' ? fault.bytes : Number.POSITIVE_INFINITY;
    for (const held of this.held) held.dueMs = 0;
    this.deliver();
  }

  /** Forgets what is held; nothing is forwarded any more. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.held.length = 0;
  }

  private take(bytes: Buffer): void {
    if (this.options.inspect(bytes)) return;
    const { fault } = this;
    switch (fault.kind) {
      case 'hole':
        this.isTorn = true;
        this.affected += bytes.length;
        return;
      case 'delay':
        this.affected += bytes.length;
        this.hold(bytes, performance.now() + fault.ms + fault.jitterMs * this.options.random());
        return;
      case 'slow':
        this.affected += bytes.length;
        this.narrow(bytes, fault.bytesPerSecond);
        return;
      case 'reset-after':
        this.countDown(bytes);
        return;
      case 'pass':
        this.hold(bytes, 0);
        return;
      default:
        assertNever(fault);
    }
  }

  private takeEnd(): void {
    this.isTorn ||= this.isHole;
    if (this.isHole) return;
    this.isEnded = true;
    this.hold(null, 0);
  }

  private narrow(bytes: Buffer, bytesPerSecond: number): void {
    const pieceBytes = Math.max(1, Math.floor(bytesPerSecond * PIECE_SECONDS));
    let dueMs = Math.max(performance.now(), this.held.at(-1)?.dueMs ?? 0);
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      const piece = bytes.subarray(start, start + pieceBytes);
      dueMs += (piece.length * 1000) / bytesPerSecond;
      this.hold(piece, dueMs);
    }
  }

  private countDown(bytes: Buffer): void {
    if (this.resetIn === 0) return;
    const passing = bytes.subarray(0, this.resetIn);
    this.resetIn -= passing.length;
    if (this.resetIn > 0) {
      this.hold(passing, 0);
      return;
    }
    this.affected += bytes.length;
    this.forwarded += passing.length;
    this.to.write(passing, this.options.onReset);
  }

  private hold(bytes: Buffer | null, dueMs: number): void {
    this.held.push({ bytes, dueMs: Math.max(dueMs, this.held.at(-1)?.dueMs ?? 0) });
    this.heldBytes += bytes?.length ?? 0;
    this.deliver();
  }

  /** Hands on what is due and asks to be woken for the rest. */
  private deliver(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (let next = this.held[0]; next !== undefined; next = this.held[0]) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => {
          this.deliver();
        }, Math.ceil(waitMs));
        break;
      }
      this.held.shift();
      this.forward(next.bytes);
    }
    this.adjust();
  }

  private forward(bytes: Buffer | null): void {
    if (bytes === null) {
      this.to.end();
      return;
    }
    this.heldBytes -= bytes.length;
    this.forwarded += bytes.length;
    if (!this.to.write(bytes)) this.isBlocked = true;
  }

  /** Back-pressure: the sender is read only as fast as the receiver takes it. */
  private adjust(): void {
    const isFull = this.isBlocked || this.heldBytes >= HELD_BYTES_MAX;
    if (isFull && !this.isHole) this.from.pause();
    else this.from.resume();
  }
}
