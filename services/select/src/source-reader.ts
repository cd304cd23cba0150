import { checkPlace, openDump, openSource, SourceSession } from '@lutra/binlog';
import type { BinlogDump, FramedEvent, PassedOver, SourceOptions } from '@lutra/binlog';
import { must, SyncError } from '@lutra/model';
import type { Clock, Place, ServerAddress } from '@lutra/model';
import type { XaSource } from './xa-replay.ts';

/** A standby that takes longer to answer does not count at the moment. */
const STANDBY_MS = 2_000;

/** A chunk of the socket, framed, and how far it has been consumed. */
export interface ReadBatch {
  readonly events: readonly FramedEvent[];
  next: number;
}

/** The dump of one pipeline: opens, breaks, opens again at another place. */
export class SourceReader {
  /** The server of this epoch: another one needs a new epoch. Null before the first dump. */
  serverUuid: string | null = null;
  /** Addresses of the group that were tried before the one that is read. */
  passedOver: readonly PassedOver[] = [];
  batch: ReadBatch | null = null;
  /** The server that is read takes names in any case, and logs rows under the names in lower case. */
  foldsNames = false;
  /** It takes names in any case, and mappings match so. */
  isCaseFolded = false;
  private address: ServerAddress | null = null;
  private dump: BinlogDump | null = null;
  private bytesBefore = 0;
  /** The source's wall clock at a moment of our monotonic one, so that steps of our wall clock change nothing. */
  private clockBase = { sourceMs: 0, monotonicMs: 0 };

  constructor(
    private readonly options: {
      /** With the login of now: each connection is made anew from it. */
      readonly source: () => SourceOptions;
      /** Of the mapped tables. */
      readonly schemas: readonly string[];
      readonly clock: Clock;
      readonly heartbeatMs: number;
      readonly onReady: () => void;
    },
  ) {
    this.setClock(0);
  }

  get isOpen(): boolean {
    return this.dump !== null;
  }

  get bytesRead(): number {
    return this.bytesBefore + (this.dump?.bytesRead ?? 0);
  }

  /** 'host:port' of the server that is read, or was last. */
  get addressText(): string | null {
    return this.address === null ? null : `${this.address.host}:${String(this.address.port)}`;
  }

  /** Why another server than the first of the group is read; null = it is the first. */
  get addressReason(): string | null {
    const { addressText, passedOver } = this;
    if (passedOver.length === 0) return null;
    return `${addressText ?? ''} is read, because ${passedOver.map(({ address, error }) => `${address}: ${error.message}`).join('; ')}`;
  }

  /** The server of this epoch, for further connections. */
  current(): XaSource {
    const { heartbeatMs } = this.options;
    return { source: this.sourceAt(), heartbeatMs, serverUuid: must(this.serverUuid, 'a dump was opened') };
  }

  /**
   * Looks whether the source can be read at all: the errors that a person has to repair come before anything else. Returns
   * how to reach the server that answered.
   */
  async check(): Promise<SourceOptions> {
    const { source, schemas } = this.options;
    const { session, address } = await openSource(source(), { place: null, schemas });
    session.close();
    this.address = address;
    return this.sourceAt();
  }

  /**
   * Starts the dump after the place: at the server of this epoch, or in a new epoch at the first one of the group that can go
   * on there. SOURCE_CONNECTION_LOST with `needsNewEpoch` when another server answers at the epoch's address.
   */
  async open(place: Place): Promise<void> {
    const session = await (this.serverUuid === null ? this.openAny(place) : this.openSame(place, this.serverUuid));
    try {
      const letterCase = await session.queryText('SELECT @@lower_case_table_names');
      this.foldsNames = letterCase === '1';
      this.isCaseFolded = letterCase !== '0';
      this.dump = await openDump(session, place.done, this.options);
      this.serverUuid = session.server.uuid;
      this.setClock(session.server.clockOffsetMs);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** 'host:port' of another server of the group that answers and can go on at the place; null when there is none. */
  async findStandby(place: Place): Promise<string | null> {
    const { schemas } = this.options;
    const source = this.options.source();
    const { host, port, standbys = [] } = source.definition;
    const isRead = (one: ServerAddress): boolean => one.host === this.address?.host && one.port === this.address.port;
    const [first, ...others] = [{ host, port }, ...standbys].filter((one) => !isRead(one));
    if (first === undefined) return null;
    const definition = { ...source.definition, ...first, standbys: others };
    try {
      const { session, address } = await openSource(
        { ...source, definition, timeoutMs: STANDBY_MS },
        { place, schemas },
      );
      session.close();
      return `${address.host}:${String(address.port)}`;
    } catch {
      // None that could be read: the epoch's own server is waited for, and its error tells.
      return null;
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

  /** `offsetMs`: what to add to our wall clock now to get the source's. */
  setClock(offsetMs: number): void {
    const { clock } = this.options;
    this.clockBase = { sourceMs: clock.now().getTime() + offsetMs, monotonicMs: clock.monotonicMs() };
  }

  /** The source's wall clock now, ms. */
  sourceNowMs(): number {
    const { sourceMs, monotonicMs } = this.clockBase;
    return sourceMs + this.options.clock.monotonicMs() - monotonicMs;
  }

  private async openAny(place: Place): Promise<SourceSession> {
    const { source, schemas } = this.options;
    const { session, address, passedOver } = await openSource(source(), { place, schemas });
    this.address = address;
    this.passedOver = passedOver;
    return session;
  }

  private async openSame(place: Place, serverUuid: string): Promise<SourceSession> {
    const session = await SourceSession.open(this.sourceAt());
    try {
      if (session.server.uuid !== serverUuid)
        throw new SyncError('SOURCE_CONNECTION_LOST', {
          problem: `Another server (${session.server.uuid}) answers at ${session.address} than before (${serverUuid}): a new epoch begins`,
          needsNewEpoch: true,
        });
      await checkPlace(session, place);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private sourceAt(): SourceOptions {
    const source = this.options.source();
    return this.address === null ? source : { ...source, definition: { ...source.definition, ...this.address } };
  }
}
