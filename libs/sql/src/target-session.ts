import type { TableDefinition } from '@lutra/model';
import type { TargetStatement } from './target-statement.ts';
import type { TableName, TargetTable } from './target-table.ts';

/** What is known of a target once a session is open. */
export interface TargetInfo {
  readonly kind: 'mysql' | 'mariadb';
  readonly version: string;
  /** Identity of the server: another one after a reconnect means another history. */
  readonly serverId: string;
  readonly sessionId: number;
  readonly maxAllowedPacketBytes: number;
  readonly address: string;
  /** The account that the server sees, quoted for a GRANT. */
  readonly account: string;
}

/**
 * One writing session at the target: explicit transactions, one statement at a time. Every method throws SyncError (scope
 * target) and has a limit in time, after which the session is destroyed and TARGET_CONNECTION_LOST is thrown.
 */
export interface TargetSession {
  readonly info: TargetInfo;
  /** False once the connection is gone; the session is then of no more use. */
  readonly isOpen: boolean;
  /** Rows of a query, by column alias; integers as number or text, everything else as text. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /**
   * Runs the statements in order and gives the rows that each matched (FOUND_ROWS). Neighbours travel in one packet, so
   * that a unit costs few round trips. Throws at the first that fails, without saying which: run them one by one to know.
   * `table` and `keyColumns` complete the message. `shows`: tables that {@link tableStatements} will be asked for next; they
   * are asked for behind the last statement, in its packet, where that is possible.
   */
  execute(
    statements: readonly TargetStatement[],
    about?: { readonly table: TableDefinition; readonly keyColumns: readonly string[] },
    shows?: readonly TableName[],
  ): Promise<readonly number[]>;
  commit(): Promise<void>;
  /** Never throws: a session that cannot roll back is destroyed, and the server then rolls back by itself. */
  rollback(): Promise<void>;
  /**
   * Tables as they stand now, in few round trips for many; null = it does not exist. Nothing is kept: see TargetCatalog,
   * which also knows how foreign keys tie them. TARGET_GRANT_MISSING when the account may not see a single table that is
   * asked for.
   */
  describeTables(names: readonly TableName[]): Promise<readonly (TargetTable | null)[]>;
  /** As {@link describeTables} for one table. */
  describeTable(name: TableName): Promise<TargetTable | null>;
  /** The server's own statement for each table, as TargetTable has it; null = the table does not exist. */
  tableStatements(names: readonly TableName[]): Promise<readonly (string | null)[]>;
  /** Says goodbye and closes. Never throws. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}
