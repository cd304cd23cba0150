import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ResultSetHeader } from 'mysql2';
import type { DatabaseServer } from '@lutra/testing';
import type { Random } from '../../demo/random.ts';
import type { TransactionTag } from './chaos-transactions.ts';
import { ask, openDirect } from './direct-connection.ts';

export interface WriterPlace {
  readonly source: DatabaseServer;
  readonly schema: string;
  readonly writer: number;
}

/** What a writer shall do next. */
export interface PlannedTransaction {
  readonly kind: string;
  readonly sql: string;
}

export interface WriterCounts {
  transactions: number;
  rows: number;
  unknownCommits: number;
  repeats: number;
  readonly byKind: Map<string, number>;
}

/** Deadlock, lock wait: the server has told that nothing was committed. */
const ROLLED_BACK: readonly number[] = [1205, 1213];
const TRIES_MAX = 200;
const RECONNECT_EVERY_MS = 100;
/** The session that was lost holds its lock until the server has ended it. */
const LOCK_WAIT_SECONDS = 30;

/**
 * One connection that commits numbered transactions, each exactly once: where the answer to a COMMIT was lost, the row of the
 * transaction in `tx_log` tells what became of it, read when no session of this writer can write any more (GET_LOCK).
 */
export class ChaosWriter {
  private connection: Connection | null = null;
  private committed = 0;

  constructor(
    private readonly place: WriterPlace,
    readonly random: Random,
    readonly counts: WriterCounts,
  ) {}

  /** Number of the last committed transaction. */
  get lastSeq(): number {
    return this.committed;
  }

  /**
   * Commits the next transaction; returns when that is certain, however often the server goes away. Throws what the server says
   * when it refuses the transaction again and again.
   */
  async commit(plan: (tag: TransactionTag) => PlannedTransaction): Promise<void> {
    const tag = { writer: this.place.writer, seq: this.committed + 1 };
    for (let tries = 1; ; tries += 1) {
      const connection = this.connection ?? (await this.connect());
      this.connection = connection;
      const { kind, sql } = plan(tag);
      try {
        const [results] = await connection.promise().query<ResultSetHeader[]>(sql);
        this.count(kind, results);
        return;
      } catch (error) {
        if (tries >= TRIES_MAX) throw error;
        if (await this.resolve(connection, tag, error)) {
          this.count(kind, []);
          return;
        }
        this.counts.repeats += 1;
      }
    }
  }

  close(): void {
    this.connection?.destroy();
    this.connection = null;
  }

  /** Whether the transaction was committed after all. */
  private async resolve(connection: Connection, tag: TransactionTag, error: unknown): Promise<boolean> {
    const errno = (error as { errno?: number }).errno ?? 0;
    if (ROLLED_BACK.includes(errno)) {
      try {
        await connection.promise().query('ROLLBACK');
        return false;
      } catch {
        // The session is gone: read what it has left.
      }
    }
    this.close();
    this.counts.unknownCommits += 1;
    for (;;) {
      try {
        this.connection = await this.connect();
        const rows = await ask<{ writer: number }>(
          this.connection,
          `SELECT writer FROM tx_log WHERE writer = ${String(tag.writer)} AND seq = ${String(tag.seq)}`,
        );
        return rows.length > 0;
      } catch {
        this.close();
        await sleep(RECONNECT_EVERY_MS);
      }
    }
  }

  /** Until the source is there. */
  private async connect(): Promise<Connection> {
    const { source, schema, writer } = this.place;
    for (;;) {
      let connection: Connection | null = null;
      try {
        connection = await openDirect(source);
        await connection
          .promise()
          .query(
            `USE \`${schema}\`; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; SET innodb_lock_wait_timeout = 5`,
          );
        const name = `chaos:${schema}:${String(writer)}`;
        const wait = String(LOCK_WAIT_SECONDS);
        const [lock] = await ask<{ held: number | null }>(connection, `SELECT GET_LOCK('${name}', ${wait}) AS held`);
        if (lock?.held === 1) return connection;
      } catch {
        // Not back yet.
      }
      connection?.destroy();
      await sleep(RECONNECT_EVERY_MS);
    }
  }

  private count(kind: string, results: readonly Partial<ResultSetHeader>[]): void {
    this.committed += 1;
    this.counts.transactions += 1;
    this.counts.byKind.set(kind, (this.counts.byKind.get(kind) ?? 0) + 1);
    for (const { affectedRows } of results) this.counts.rows += affectedRows ?? 0;
  }
}
