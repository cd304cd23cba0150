import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openDump, resolveStart, SourceSession } from '@lutra/binlog';
import type { BinlogDump, FramedEvent, SourceOptions } from '@lutra/binlog';
import { createRowsDecoder, TableShapes } from '@lutra/binlog/decoder';
import type { DecodedEvent } from '@lutra/binlog/decoder';
import { attachDefinition, readLoggedTable, readSourceTable } from '@lutra/binlog/schema';
import { systemClock } from '@lutra/model';
import type { RawEvent } from '@lutra/model';
import { waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

const TABLE_MAP = 19;
/** The machine may be busy with other tests. */
const LOG_WAIT_MS = 60_000;
/** Rows events of both versions, partial updates, and MariaDB's compressed ones. */
const isRows = (type: number): boolean =>
  (type >= 23 && type <= 25) || (type >= 30 && type <= 32) || type === 39 || (type >= 166 && type <= 171);

/** Writes to a server and gives back what its log says about it: a database of its own, and a dump beside it. */
export class LoggedChanges {
  private markers = 0;

  private constructor(
    readonly server: DatabaseServer,
    readonly schema: string,
    readonly connection: Connection,
    private readonly lookup: SourceSession,
    private readonly dump: BinlogDump,
  ) {}

  static async open(server: DatabaseServer, schema: string): Promise<LoggedChanges> {
    const { host, port, user, password } = server;
    const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4', rowsAsArray: true });
    await connection.query("SET sql_mode = '', time_zone = '+00:00'");
    await connection.query(`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`);
    try {
      await connection.query(`CREATE TABLE ${schema}.marker (n INT PRIMARY KEY)`);
      const definition = { kind: server.kind, host, port, user, tls: 'disabled' } as const;
      const options: SourceOptions = { definition, password, clock: systemClock };
      const lookup = await SourceSession.open(options);
      const session = await SourceSession.open(options);
      const { done } = await resolveStart(session, { kind: 'latest' });
      const dump = await openDump(session, done, { heartbeatMs: 1_000, onReady: () => undefined });
      return new LoggedChanges(server, schema, connection, lookup, dump);
    } catch (error) {
      // Nobody else knows of the database yet.
      await connection.query(`DROP DATABASE ${schema}`);
      await connection.end();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.dump.close();
    this.lookup.close();
    await this.connection.query(`DROP DATABASE ${this.schema}`);
    await this.connection.end();
  }

  /** Rows of the first column of a query's answer. */
  async select(sql: string): Promise<unknown[]> {
    const [rows] = await this.connection.query(sql);
    return (rows as unknown[][]).map((row) => row[0]);
  }

  /** Runs the statements and returns the table maps and rows events that they left in the log, in order. */
  async rawEvents(statements: readonly string[]): Promise<RawEvent[]> {
    for (const statement of statements) await this.connection.query(statement);
    this.markers += 1;
    const marker = this.markers;
    await this.connection.query(`INSERT INTO ${this.schema}.marker VALUES (${String(marker)})`);
    const events: RawEvent[] = [];
    const ours = new Set<number>();
    const collect = (event: FramedEvent): void => {
      if (event.type !== TABLE_MAP && !isRows(event.type)) return;
      // Other tests write to the same server: what belongs to them is left out. Their large events come in pieces.
      if (event.kind !== 'whole') return;
      const bytes = Buffer.from(event.bytes);
      const tableId = bytes.readUIntLE(19, 6);
      if (event.type === TABLE_MAP && bytes.includes(`${this.schema}\0`)) ours.add(tableId);
      if (ours.has(tableId)) events.push({ type: event.type === TABLE_MAP ? 'tableMap' : 'rows', bytes, event: 0 });
    };
    await waitUntil(
      () => {
        for (let taken = this.dump.take(); taken !== null; taken = this.dump.take()) taken.forEach(collect);
        return this.isMarked(events, marker);
      },
      { what: 'the log to show the marker', timeoutMs: LOG_WAIT_MS, everyMs: 5 },
    );
    return events.slice(0, -2);
  }

  async decode(events: readonly RawEvent[]): Promise<DecodedEvent[]> {
    const decoder = createRowsDecoder(new TableShapes());
    const decoded: DecodedEvent[] = [];
    for (const event of events) {
      if (event.type === 'tableMap') decoder.tableMap(await this.complete(event));
      else decoded.push(decoder.rows(event));
    }
    return decoded;
  }

  /** As select does it, with the table as it is now: right while no test changes a table between its rows. */
  private async complete(event: RawEvent): Promise<RawEvent> {
    const logged = readLoggedTable(event.bytes, this.server.kind);
    if (logged.isWhole) return event;
    return { ...event, bytes: attachDefinition(event.bytes, logged, await readSourceTable(this.lookup, logged.map)) };
  }

  async changes(statements: readonly string[]): Promise<DecodedEvent[]> {
    return this.decode(await this.rawEvents(statements));
  }

  private isMarked(events: readonly RawEvent[], marker: number): boolean {
    const rows = events.at(-1);
    const map = events.at(-2);
    if (rows?.type !== 'rows' || map?.type !== 'tableMap' || !this.isAbout(map, 'marker')) return false;
    return Buffer.from(rows.bytes).readInt32LE(rows.bytes.length - 4) === marker;
  }

  private isAbout({ bytes }: RawEvent, table: string): boolean {
    return Buffer.from(bytes).includes(`${this.schema}\0${String.fromCharCode(table.length)}${table}\0`);
  }
}
