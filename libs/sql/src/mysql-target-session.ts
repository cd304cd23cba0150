import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { Clock, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { BulkRows } from './bulk/bulk-rows.ts';
import type { BulkWriter } from './bulk/bulk-writer.ts';
import {
  describeTargetTables,
  readTableStatements,
  showTableQuery,
  tableStatementIn,
} from './describe-target-tables.ts';
import { packetTooSmall, toSyncError } from './sql-failure.ts';
import type { FailureContext } from './sql-failure.ts';
import type { TargetInfo, TargetSession } from './target-session.ts';
import type { TargetStatement } from './target-statement.ts';
import type { TableName, TargetTable } from './target-table.ts';

// Characters in one packet of several statements: enough to make the round trip small, far below any server's limit in bytes.
const PACKET_CHARACTERS_MAX = 1_048_576;
const CLOSE_TIMEOUT_MS = 1_000;
// What a packet holds beside its parameters and the statement's text.
const PACKET_MARGIN_BYTES = 1_024;

// More are worth packets of their own.
const SHOWN_TABLES_MAX = 64;
// A reason of its own spares making an error, with its stack, for each packet.
const ANSWERED = 'answered';

const NOTHING_SHOWN: ReadonlyMap<string, string> = new Map();

type QueryRows = readonly Readonly<Record<string, unknown>>[];

/** {@link TargetSession} on one connection of mysql2. */
export class MysqlTargetSession implements TargetSession {
  private open = true;
  /** Limits of what is still unanswered: the driver never settles it when the session is ended at once. */
  private readonly unanswered = new Set<AbortController>();
  /** What the last packet has told of tables, by its questions; the next one makes it old. */
  private shown: ReadonlyMap<string, string> = NOTHING_SHOWN;

  constructor(
    private readonly connection: Connection,
    readonly info: TargetInfo,
    private readonly limits: { readonly clock: Clock; readonly timeoutMs: number },
    /** Null: the server does not take rows in bulk. */
    private readonly bulk: BulkWriter | null,
  ) {
    // An idle connection that breaks has nobody to tell; the next statement finds it closed.
    connection.on('error', () => {
      this.open = false;
    });
  }

  get isOpen(): boolean {
    return this.open;
  }

  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const [rows] = await this.guarded(this.context(), () => this.connection.query(sql));
    return rows as readonly Readonly<Record<string, unknown>>[];
  }

  async execute(
    statements: readonly TargetStatement[],
    about?: { readonly table: TableDefinition; readonly keyColumns: readonly string[] },
    shows: readonly TableName[] = [],
  ): Promise<readonly number[]> {
    const context = { ...this.context(), ...about };
    const found: number[] = [];
    for (let next = 0; next < statements.length;) {
      const first = statements[next];
      const written = first === undefined ? null : await this.executeBulk(first, context);
      if (written !== null) {
        found.push(written);
        next += 1;
        continue;
      }
      if (first?.parameters !== undefined) {
        found.push(await this.executePrepared(first.sql, first.parameters, context));
        next += 1;
        continue;
      }
      const end = this.packetEnd(statements, next);
      const texts = statements.slice(next, end).map(({ sql }) => sql);
      found.push(
        ...(await this.executeTexts(
          texts,
          context,
          end === statements.length && shows.length <= SHOWN_TABLES_MAX ? shows : [],
        )),
      );
      next = end;
    }
    return found;
  }

  async commit(): Promise<void> {
    await this.guarded(this.context(), () => this.connection.query('COMMIT'));
  }

  async rollback(): Promise<void> {
    if (!this.open) return;
    try {
      await this.guarded(this.context(), () => this.connection.query('ROLLBACK'));
    } catch {
      // The server rolls back what a lost session leaves behind.
      this.destroy();
    }
  }

  describeTables(names: readonly TableName[]): Promise<readonly (TargetTable | null)[]> {
    return describeTargetTables((queries) => this.queryAll(queries), names);
  }

  async describeTable(name: TableName): Promise<TargetTable | null> {
    const [described = null] = await this.describeTables([name]);
    return described;
  }

  tableStatements(names: readonly TableName[]): Promise<readonly (string | null)[]> {
    const { shown } = this;
    const known = names.flatMap((name) => shown.get(showTableQuery(name)) ?? []);
    if (known.length === names.length) return Promise.resolve(known);
    return readTableStatements((queries) => this.queryAll(queries), names);
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    const limit = new AbortController();
    const timedOut = this.limits.clock.sleep(CLOSE_TIMEOUT_MS, limit.signal);
    // A goodbye that fails is as good: the connection is closed either way.
    await Promise.race([this.connection.end().catch(() => undefined), timedOut]);
    limit.abort();
    this.connection.destroy();
  }

  destroy(): void {
    this.open = false;
    this.connection.destroy();
    for (const limit of this.unanswered) limit.abort();
  }

  /** Queries in one packet, with the rows of each. */
  private async queryAll(queries: readonly string[]): Promise<readonly QueryRows[]> {
    if (queries.length === 0) return [];
    const [rows] = await this.guarded(this.context(), () => this.connection.query(queries.join(';')));
    return (queries.length === 1 ? [rows] : rows) as readonly QueryRows[];
  }

  private async executeTexts(
    texts: readonly string[],
    context: FailureContext,
    shows: readonly TableName[],
  ): Promise<readonly number[]> {
    const limit = this.info.maxAllowedPacketBytes - PACKET_MARGIN_BYTES;
    const asked = shows.map((name) => showTableQuery(name));
    const whole = [...texts, ...asked].join(';');
    const queries = whole.length * 3 > limit ? [] : asked;
    const sql = queries.length === asked.length ? whole : texts.join(';');
    if (sql.length * 3 > limit) {
      const bytes = Buffer.byteLength(sql);
      if (bytes > limit) throw packetTooSmall(context, {}, bytes + PACKET_MARGIN_BYTES);
    }
    const [result] = await this.guarded(context, () => this.connection.query(sql));
    // One statement gives one header, several give a list.
    const answers = Array.isArray(result) ? (result as readonly unknown[]) : [result];
    const rows = answers.slice(texts.length) as readonly QueryRows[];
    this.shown = new Map(queries.map((query, index) => [query, tableStatementIn(rows[index]?.[0])]));
    const headers = answers.slice(0, texts.length) as readonly ResultSetHeader[];
    return headers.map(({ affectedRows }) => affectedRows);
  }

  private async executePrepared(
    sql: string,
    parameters: readonly (string | Buffer)[],
    context: FailureContext,
  ): Promise<number> {
    const bytes = parameters.reduce((sum, value) => sum + Buffer.byteLength(value), PACKET_MARGIN_BYTES);
    if (bytes > this.info.maxAllowedPacketBytes) throw packetTooSmall(context, {}, bytes);
    const statement = await this.guarded(context, () => this.connection.prepare(sql));
    try {
      const [result] = await this.guarded(context, () => statement.execute([...parameters]));
      return (result as ResultSetHeader).affectedRows;
    } finally {
      // Not kept for the next time: each large row has a statement of its own. Sent without an answer to wait for.
      if (this.open) this.connection.unprepare(sql);
    }
  }

  /** Null when it has to be written as text. */
  private async executeBulk({ bulk: rows }: TargetStatement, context: FailureContext): Promise<number | null> {
    const { bulk } = this;
    if (bulk === null || rows === undefined || !this.takesInBulk(rows)) return null;
    return this.guarded(context, () => bulk.write(rows, this.info.maxAllowedPacketBytes - PACKET_MARGIN_BYTES));
  }

  /** End of the run of text statements from `start` that fit into one packet. */
  private packetEnd(statements: readonly TargetStatement[], start: number): number {
    let characters = statements[start]?.sql.length ?? 0;
    let end = start + 1;
    for (let next = statements[end]; next !== undefined && this.isText(next); next = statements[end]) {
      characters += next.sql.length + 1;
      if (characters > Math.min(PACKET_CHARACTERS_MAX, this.info.maxAllowedPacketBytes / 4)) break;
      end += 1;
    }
    return end;
  }

  private isText({ bulk: rows, parameters }: TargetStatement): boolean {
    return !(rows !== undefined && this.takesInBulk(rows)) && parameters === undefined;
  }

  /** What is checked is checked value by value. */
  private takesInBulk(rows: BulkRows): boolean {
    return this.bulk?.takes(rows) === true && rows.columns.every(({ check }) => check === undefined);
  }

  private async guarded<T>(context: FailureContext, work: () => Promise<T>): Promise<T> {
    if (!this.open) throw this.lost('is closed');
    this.shown = NOTHING_SHOWN;
    const limit = new AbortController();
    this.unanswered.add(limit);
    const timedOut = this.limits.clock.sleep(this.limits.timeoutMs, limit.signal).then(() => {
      if (!this.unanswered.has(limit)) return;
      const wasOpen = this.open;
      this.destroy();
      throw this.lost(wasOpen ? `gave no answer for ${String(this.limits.timeoutMs)} ms` : 'was ended');
    });
    const running = work();
    // When the limit strikes first, nobody waits for the work's own failure any more.
    running.catch(() => undefined);
    try {
      return (await Promise.race([running, timedOut])) as T;
    } catch (error) {
      const failure = toSyncError(error, context);
      if (failure.code === 'TARGET_CONNECTION_LOST' || failure.code === 'TARGET_UNREACHABLE') this.destroy();
      throw failure;
    } finally {
      this.unanswered.delete(limit);
      limit.abort(ANSWERED);
    }
  }

  private lost(what: string): SyncError {
    const { address } = this.info;
    return new SyncError('TARGET_CONNECTION_LOST', { address, problem: `The connection to ${address} ${what}` });
  }

  private context(): FailureContext {
    const { address, account, maxAllowedPacketBytes } = this.info;
    return { address, account, maxAllowedPacketBytes };
  }
}
