import { checkPlace, checkSource, openDump, SourceSession } from '@lutra/binlog';
import type { BinlogDump, FramedEvent, SourceOptions } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { Clock, Place } from '@lutra/model';
import type { XaSource } from './xa-replay.ts';

/** A chunk of the socket, framed, and how far it has been consumed. */
export interface ReadBatch {
  readonly events: readonly FramedEvent[];
  next: number;
}

/** The dump of one pipeline: opens, breaks, opens again at another place. */
export class SourceReader {
  /** The server of this epoch: another one needs a new epoch. Null before the first dump. */
  serverUuid: string | null = null;
  /** Add it to our wall clock to get the source's. */
  clockOffsetMs = 0;
  batch: ReadBatch | null = null;
  private dump: BinlogDump | null = null;
  private bytesBefore = 0;

  constructor(
    private readonly options: {
      readonly source: SourceOptions;
      readonly clock: Clock;
      readonly heartbeatMs: number;
      readonly onReady: () => void;
    },
  ) {}

  /** The server of this epoch, for further connections. */
  current(): XaSource {
    const { source, heartbeatMs } = this.options;
    return { source, heartbeatMs, serverUuid: must(this.serverUuid, 'a dump was opened') };
  }

  get isOpen(): boolean {
    return this.dump !== null;
  }

  get bytesRead(): number {
    return this.bytesBefore + (this.dump?.bytesRead ?? 0);
  }

  /** Looks whether the source can be read at all: the errors that a person has to repair come before anything else. */
  async check(schemas: readonly string[]): Promise<void> {
    const session = await SourceSession.open(this.options.source);
    try {
      await checkSource(session, { schemas });
    } finally {
      session.close();
    }
  }

  /** Starts the dump after the place. SOURCE_CONNECTION_LOST when another server answers than before in this epoch. */
  async open(place: Place): Promise<void> {
    const session = await SourceSession.open(this.options.source);
    try {
      const { uuid, clockOffsetMs } = session.server;
      if (this.serverUuid !== null && this.serverUuid !== uuid)
        throw new SyncError('SOURCE_CONNECTION_LOST', {
          problem: `Another server (${uuid}) answers at ${session.address} than before (${this.serverUuid}): a new epoch begins`,
        });
      await checkPlace(session, place);
      this.dump = await openDump(session, place.done, this.options);
      this.serverUuid = uuid;
      this.clockOffsetMs = clockOffsetMs;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Makes sure that a batch is in hand when there is one; false when the source has nothing more at the moment. */
  read(): boolean {
    if (this.batch !== null) return true;
    const events = this.dump?.take() ?? null;
    this.batch = events === null ? null : { events, next: 0 };
    return this.batch !== null;
  }

  /** Ends the dump; what was read and not consumed is forgotten, it comes again. */
  close(): void {
    this.bytesBefore = this.bytesRead;
    this.dump?.close();
    this.dump = null;
    this.batch = null;
  }

  /** The source's wall clock now, ms. */
  sourceNowMs(): number {
    return this.options.clock.now().getTime() + this.clockOffsetMs;
  }
}
