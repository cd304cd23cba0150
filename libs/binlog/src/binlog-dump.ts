import type { Socket } from 'node:net';
import { SyncError } from '@lutra/model';
import { CompressedPackets, wrapCommand } from './compressed-packets.ts';
import { EventFramer } from './event-framer.ts';
import type { FramedEvent } from './framed-event.ts';
import { PayloadUnwrapper } from './payload-unwrapper.ts';
import { ServerPacketError } from './server-packet-error.ts';
import type { SkipToOffset } from './skip-to-offset.ts';
import { attemptOf } from './source-session.ts';
import type { SourceOptions } from './source-session.ts';
import { translateSourceError } from './source-failure.ts';

export interface DumpOptions {
  readonly source: SourceOptions;
  readonly hasChecksum: boolean;
  /** The register command and the dump command. */
  readonly commands: readonly [Buffer, Buffer];
  /** Both ways go through the compressed protocol. */
  readonly isCompressed: boolean;
  /** Where the dump begins, for messages. */
  readonly place: string;
  /** Silence that means a dead connection: several heartbeats. */
  readonly livenessMs: number;
  /** Called when {@link BinlogDump.take} has something to say: events, or an error. */
  readonly onReady: () => void;
  /** Passes over what the server sends before the place; null when it begins there. */
  readonly skip: SkipToOffset | null;
}

/** Chunks come in rows: a pause after each costs more than its framing. */
const WAITING_BYTES_MAX = 1024 * 1024;

/**
 * A running dump. The reader takes batches when it wants them; the socket is paused as soon as 1 MiB waits here, whatever
 * the lag. One batch is what one chunk of the socket completes, or about 1 MiB of what is compressed in it.
 */
export class BinlogDump {
  private framer: EventFramer;
  private readonly compressed: CompressedPackets | null;
  private readonly unwrapper = new PayloadUnwrapper();
  private chunks: Buffer[] = [];
  private waitingBytes = 0;
  private isRegistered = false;
  private failure: Error | null = null;
  private lastDataMs: number;
  private isClosed = false;
  /** Bytes that came from the server so far. */
  bytesRead = 0;
  /** True when `take` threw because the log ended, in a dump that was to end there: everything before was taken. */
  isAtEndOfLog = false;

  constructor(
    private readonly socket: Socket,
    private readonly options: DumpOptions,
  ) {
    // In the compressed protocol the outer packets are counted, the inner ones follow them by leaps.
    this.framer = new EventFramer({ hasChecksum: options.hasChecksum, isSequenceChecked: !options.isCompressed });
    this.lastDataMs = options.source.clock.monotonicMs();
    const fail = (problem: string): void => {
      this.failure ??= new Error(problem);
      options.onReady();
    };
    socket.on('data', (chunk: Buffer) => {
      this.lastDataMs = options.source.clock.monotonicMs();
      this.bytesRead += chunk.length;
      this.waitingBytes += chunk.length;
      if (this.waitingBytes >= WAITING_BYTES_MAX) socket.pause();
      this.chunks.push(chunk);
      options.onReady();
    });
    socket.on('error', (error) => {
      fail(error.message);
    });
    for (const name of ['end', 'close'])
      socket.on(name, () => {
        fail('the server closed the connection');
      });
    const { commands, isCompressed } = options;
    this.compressed = isCompressed ? new CompressedPackets() : null;
    socket.write(Buffer.concat(isCompressed ? commands.map(wrapCommand) : commands));
    socket.resume();
  }

  /**
   * The next events, or null when none are there yet (then `onReady` will call). The socket goes on reading after that.
   * Throws SyncError when the dump is over: the server's refusal, a damaged event, or SOURCE_CONNECTION_LOST, also after
   * a silence of `livenessMs`.
   */
  take(): readonly FramedEvent[] | null {
    try {
      const isRest = !this.isClosed && !this.unwrapper.isEmpty;
      const events = isRest ? this.unwrapper.take() : this.takeChunk();
      // A chunk of compressed transactions gives several batches: the socket waits until the last of them is taken.
      if (this.unwrapper.isEmpty && this.chunks.length === 0 && this.failure === null) this.resume();
      return events;
    } catch (error) {
      this.isAtEndOfLog = this.framer.isEnded && SyncError.is(error) && error.code === 'SOURCE_CONNECTION_LOST';
      this.close();
      throw translateSourceError(
        error,
        attemptOf(this.options.source, { isConnected: true, place: this.options.place }),
      );
    }
  }

  /** Port of our end: finds the connection in the server's process list. */
  get localPort(): number {
    return this.socket.localPort ?? 0;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.chunks = [];
    this.failure ??= new Error('the dump is closed');
    this.socket.destroy();
  }

  private takeChunk(): readonly FramedEvent[] | null {
    const chunk = this.chunks.shift();
    if (chunk === undefined) {
      if (this.failure !== null) throw this.failure;
      this.assertAlive();
      return null;
    }
    this.waitingBytes -= chunk.length;
    // While chunks wait, it is the reader that is late: the server's silence counts from here.
    this.lastDataMs = this.options.source.clock.monotonicMs();
    const framed = this.frame(chunk);
    const { skip } = this.options;
    this.unwrapper.push(skip?.isSkipping === true ? skip.pass(framed) : framed);
    return this.unwrapper.take() ?? NOTHING;
  }

  /** What is right in front of an end or of damage is handed on first; the failure comes with the next `take`. */
  private frame(chunk: Buffer): FramedEvent[] {
    const events: FramedEvent[] = [];
    const plain: Buffer[] = [];
    try {
      if (this.compressed === null) plain.push(chunk);
      else this.compressed.push(chunk, plain);
      for (const bytes of plain) this.framer.push(this.isRegistered ? bytes : this.takeRegistration(bytes), events);
    } catch (error) {
      if (events.length === 0) throw error;
      this.failure = SyncError.is(error) || error instanceof Error ? error : new Error(String(error));
      this.chunks = [];
    }
    return events;
  }

  /** Swallows the answer to the register command; returns what follows it. */
  private takeRegistration(chunk: Buffer): Buffer {
    const bytes = this.waiting.length === 0 ? chunk : Buffer.concat([this.waiting, chunk]);
    const end = bytes.length < 4 ? Infinity : 4 + bytes.readUIntLE(0, 3);
    if (bytes.length < end) {
      this.waiting = bytes;
      return EMPTY;
    }
    this.isRegistered = true;
    if (bytes[4] === 0xff) throw ServerPacketError.parse(bytes.subarray(4, end));
    return bytes.subarray(end);
  }
  private waiting: Buffer = Buffer.alloc(0);

  /** A paused socket is silent because we asked for it: the silence counts from here. */
  private resume(): void {
    if (!this.socket.isPaused()) return;
    this.lastDataMs = this.options.source.clock.monotonicMs();
    this.socket.resume();
  }

  private assertAlive(): void {
    const silentMs = this.options.source.clock.monotonicMs() - this.lastDataMs;
    if (!this.socket.isPaused() && silentMs > this.options.livenessMs)
      throw new SyncError('SOURCE_CONNECTION_LOST', {
        problem: `The source has not sent anything for ${String(Math.round(silentMs / 1000))} s, not even a heartbeat`,
      });
  }
}

const EMPTY = Buffer.alloc(0);
const NOTHING: readonly FramedEvent[] = [];
