import {
  checkPlace,
  classifyEvent,
  openDump,
  readGtidEvent,
  readQuery,
  readQuerySettings,
  resolveStart,
  SourceSession,
} from '@lutra/binlog';
import type { BinlogDump, FramedEvent, QuerySettings, SourceOptions } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { DecodedEvent, RowsDecoder } from '@lutra/binlog/decoder';
import { attachDefinition, readLoggedTable, readSourceTable } from '@lutra/binlog/schema';
import { must, parseDone, SyncError, systemClock } from '@lutra/model';
import type { DonePlace, DoneSet, RawEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** A committed transaction, or a statement of its own. */
export interface FollowedTransaction {
  readonly gtid: string;
  readonly events: readonly DecodedEvent[];
  /** Statements in it other than BEGIN and COMMIT. */
  readonly statements: readonly string[];
}

/** What a reader does that is told only by the library: it goes on at its place when the connection breaks. */
const HEALS_ITSELF: ReadonlySet<string> = new Set(['SOURCE_CONNECTION_LOST', 'SOURCE_UNREACHABLE']);
const WAIT_MS = 60_000;

/**
 * A small reader of a source, as select is a large one: it remembers what is done by GTID, takes a transaction when its
 * commit is there, and after a break begins behind the last whole one. Any other error ends it.
 */
export class SourceFollower {
  readonly transactions: FollowedTransaction[] = [];
  /** Times that the connection broke and was opened again. */
  breaks = 0;
  private dump: BinlogDump | null = null;
  private lookup: SourceSession | null = null;
  private decoder: RowsDecoder | null = null;
  private readonly tables = new Map<string, Awaited<ReturnType<typeof readSourceTable>>>();
  private open: { gtid: string; isStandalone: boolean; raw: RawEvent[]; statements: string[] } | null = null;

  private constructor(
    private server: DatabaseServer,
    private readonly done: DoneSet,
  ) {}

  /** Begins at what is committed now. */
  static async atLatest(server: DatabaseServer): Promise<SourceFollower> {
    const session = await SourceSession.open(optionsOf(server));
    const { done } = await resolveStart(session, { kind: 'latest' });
    session.close();
    return new SourceFollower(server, parseDone(done));
  }

  static at(server: DatabaseServer, done: DonePlace): SourceFollower {
    return new SourceFollower(server, parseDone(done));
  }

  get place(): DonePlace {
    return this.done.toDone();
  }

  /** What the log tells of the session that ran the last statement. */
  settings: QuerySettings | null = null;

  /** Values of a table's first column in the after images, in the order of the log. */
  keysOf(table: string): readonly unknown[] {
    return this.keys.get(table) ?? [];
  }
  /** Kept ready: asked for behind each event, a search through all transactions would make the reading quadratic. */
  private readonly keys = new Map<string, unknown[]>();

  /** Reads until `isEnough` says so; reconnects where select would. Throws the SyncError that ends the reading. */
  async readUntil(what: string, isEnough: () => boolean): Promise<void> {
    const failure = await waitUntil<{ readonly error: unknown }>(
      async () => {
        try {
          while (!isEnough() && (await this.readEvent()));
        } catch (error) {
          this.close();
          if (!HEALS_ITSELF.has(SyncError.of(error).code)) return { error };
          this.breaks++;
          return false;
        }
        return isEnough() ? { error: null } : false;
      },
      { what, timeoutMs: WAIT_MS, everyMs: 5 },
    );
    if (failure.error !== null) throw SyncError.of(failure.error);
  }

  /** From now on at another server: the place has to make sense there. */
  moveTo(server: DatabaseServer): void {
    this.close();
    this.server = server;
  }

  close(): void {
    this.dump?.close();
    this.lookup?.close();
    this.waiting = [];
    this.dump = this.lookup = this.decoder = this.open = null;
  }

  /** False when the source has nothing more at the moment. */
  private async readEvent(): Promise<boolean> {
    const dump = (this.dump ??= await this.openDump());
    if (this.waiting.length === 0) this.waiting = [...(dump.take() ?? [])];
    const event = this.waiting.shift();
    if (event !== undefined) await this.take(event);
    return event !== undefined;
  }
  private waiting: FramedEvent[] = [];

  private async openDump(): Promise<BinlogDump> {
    this.lookup = await SourceSession.open(optionsOf(this.server));
    this.decoder = createRowsDecoder(new TableShapes());
    const session = await SourceSession.open(optionsOf(this.server));
    try {
      await checkPlace(session, { done: this.place, inside: null });
      return await openDump(session, this.place, { heartbeatMs: 1000, onReady: () => undefined });
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private async take(event: FramedEvent): Promise<void> {
    switch (classifyEvent(event)) {
      case 'gtid': {
        const { gtid, isStandalone } = readGtidEvent(event);
        const isAlone = this.server.kind === 'mysql' || isStandalone;
        this.open = { gtid: must(gtid, 'GTIDs are on'), isStandalone: isAlone, raw: [], statements: [] };
        break;
      }
      case 'tableMap':
      case 'rows':
        this.open?.raw.push({
          type: classifyEvent(event) === 'rows' ? 'rows' : 'tableMap',
          bytes: Buffer.from(event.bytes),
          event: 0,
        });
        break;
      case 'query':
        this.settings = readQuerySettings(event, this.server.kind);
        await this.takeStatement(readQuery(event).statement);
        break;
      case 'xid':
        await this.commit();
        break;
      case 'xaPrepare':
      case 'incident':
        throw new Error(`The test server wrote an event of type ${String(event.type)}`);
      case 'payload':
      case 'rotate':
      case 'formatDescription':
      case 'heartbeat':
      case 'skip':
        break;
    }
  }

  private async takeStatement(statement: string): Promise<void> {
    const open = must(this.open, 'a GTID event comes before each statement');
    // MySQL says by a BEGIN whether more than one statement follows, MariaDB in the GTID event.
    if (statement === 'BEGIN') open.isStandalone = false;
    else if (statement !== 'COMMIT') open.statements.push(statement);
    if (statement === 'COMMIT' || (open.isStandalone && statement !== 'BEGIN')) await this.commit();
  }

  /** As select does it, with the table as it is now: right while no test changes a table between its rows. */
  private async complete(event: RawEvent): Promise<RawEvent> {
    const logged = readLoggedTable(event.bytes, this.server.kind);
    if (logged.isWhole) return event;
    const name = JSON.stringify([logged.map.schema, logged.map.table]);
    const table = this.tables.get(name) ?? (await readSourceTable(must(this.lookup, 'a dump is open'), logged.map));
    this.tables.set(name, table);
    return { ...event, bytes: attachDefinition(event.bytes, logged, table) };
  }

  private async commit(): Promise<void> {
    const open = must(this.open, 'a transaction is open');
    const decoder = must(this.decoder, 'a dump is open');
    const events: DecodedEvent[] = [];
    for (const event of open.raw)
      if (event.type === 'tableMap') decoder.tableMap(await this.complete(event));
      else events.push(decoder.rows(event));
    this.open = null;
    this.done.add(open.gtid);
    this.transactions.push({ gtid: open.gtid, events, statements: open.statements });
    for (const { table, rows } of events) {
      const keys = this.keys.get(table.table) ?? [];
      this.keys.set(table.table, keys);
      for (const { after } of rows) keys.push(after?.[0]);
    }
  }
}

export const optionsOf = ({ kind, host, port, user, password }: DatabaseServer): SourceOptions => ({
  definition: { kind, host, port, user, tls: 'disabled' },
  password,
  clock: systemClock,
});
