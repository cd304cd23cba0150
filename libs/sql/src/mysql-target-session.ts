import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { Clock, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { describeTargetTables, readTableStatements } from './describe-target-tables.ts';
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

type QueryRows = readonly Readonly<Record<string, unknown>>[];

/** {@link TargetSession} on one connection of mysql2. */
export class MysqlTargetSession implements TargetSession {
  private open = true;
  /** Limits of what is still unanswered: the driver never settles it when the session is ended at once. */
  private readonly unanswered = new Set<AbortController>();

  constructor(
    private readonly connection: Connection,
    readonly info: TargetInfo,
    private readonly limits: { readonly clock: Clock; readonly timeoutMs: number },
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
  ): Promise<readonly number[]> {
    const context = { ...this.context(), ...about };
    const found: number[] = [];
    for (let next = 0; next < statements.length;) {
      const first = statements[next];
      if (first?.parameters !== undefined) {
        found.push(await this.executePrepared(first.sql, first.parameters, context));
        next += 1;
        continue;
      }
      const end = this.packetEnd(statements, next);
      const texts = statements.slice(next, end).map(({ sql }) => sql);
      found.push(...(await this.executeTexts(texts, context)));
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

  private async executeTexts(texts: readonly string[], context: FailureContext): Promise<readonly number[]> {
    const sql = texts.join(';');
    const limit = this.info.maxAllowedPacketBytes - PACKET_MARGIN_BYTES;
    if (sql.length * 3 > limit) {
      const bytes = Buffer.byteLength(sql);
      if (bytes > limit) throw packetTooSmall(context, {}, bytes + PACKET_MARGIN_BYTES);
    }
    const [result] = await this.guarded(context, () => this.connection.query(sql));
    // One statement gives one header, several give a list.
    const headers = (Array.isArray(result) ? result : [result]) as readonly ResultSetHeader[];
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

  /** End of the run of text statements from `start` that fit into one packet. */
  private packetEnd(statements: readonly TargetStatement[], start: number): number {
    let characters = statements[start]?.sql.length ?? 0;
    let end = start + 1;
    for (let next = statements[end]; next !== undefined && next.parameters === undefined; next = statements[end]) {
      characters += next.sql.length + 1;
      if (characters > Math.min(PACKET_CHARACTERS_MAX, this.info.maxAllowedPacketBytes / 4)) break;
      end += 1;
    }
    return end;
  }

  private async guarded<T>(context: FailureContext, work: () => Promise<T>): Promise<T> {
    if (!this.open) throw this.lost('is closed');
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
      limit.abort();
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
