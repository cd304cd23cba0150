import { connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** A table for an {@link ItemWriter}; `more` columns or constraints only where the writer does not write itself. */
export const itemTable = (name = 'items', more = ''): string =>
  `CREATE TABLE ${name} (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, tx INT NOT NULL, v INT NULL, x INT NULL, y INT NULL${more}) ENGINE=InnoDB`;
export const ROWS_PER_TRANSACTION = 5;

/** Inserts transactions of a few rows without a pause, numbered from 1: what arrives can be counted. */
export class ItemWriter {
  private isStopped = false;
  private readonly running: Promise<void>;
  transactions = 0;

  constructor(
    server: DatabaseServer,
    schema: string,
    private readonly table = 'items',
  ) {
    this.running = this.write(server, schema);
    // A failure is thrown by stop(); until then it must not end the process.
    this.running.catch(() => undefined);
  }

  get rows(): number {
    return this.transactions * ROWS_PER_TRANSACTION;
  }

  /** Resolves when the last transaction is committed. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async write(server: DatabaseServer, schema: string): Promise<void> {
    const connection = await connectTo(server, schema);
    try {
      for (let number = 1; !this.isStopped; number++) {
        const rows = Array.from({ length: ROWS_PER_TRANSACTION }, (_unused, v) => `(${String(number)},${String(v)})`);
        await connection.query(
          `BEGIN; ${rows.map((row) => `INSERT INTO ${this.table} (tx, v) VALUES ${row}`).join('; ')}; COMMIT`,
        );
        this.transactions = number;
      }
    } finally {
      connection.destroy();
    }
  }
}
