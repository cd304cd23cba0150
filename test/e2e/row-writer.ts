import { connectTo, SeededRandom } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

const IDS = 12;
/** Two writers who meet: the server takes back one of them, or makes it wait too long. */
const MET = ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD'];

/**
 * Writes to table `item` (id, a, b, c, u) with partial images (binlog_row_image = MINIMAL) until it is stopped: a few rows that
 * all writers share are inserted, changed in single columns, given other keys and each other's unique values, and deleted.
 */
export class RowWriter {
  private readonly random: SeededRandom;
  private readonly running: Promise<void>;
  private isStopped = false;
  transactions = 0;

  constructor(server: DatabaseServer, schema: string, seed: number) {
    this.random = new SeededRandom(seed, 0);
    this.running = this.write(server, schema);
    // A failure is thrown by stop(); until then it must not end the process.
    this.running.catch(() => undefined);
  }

  /** Resolves when the last transaction is committed. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async write(server: DatabaseServer, schema: string): Promise<void> {
    const connection = await connectTo(server, schema);
    try {
      await connection.query("SET SESSION binlog_row_image = 'MINIMAL'");
      for (; !this.isStopped; this.transactions += 1) {
        const statements = Array.from({ length: 1 + this.random.below(4) }, () => this.statement());
        try {
          await connection.query(['BEGIN', ...statements, 'COMMIT'].join('; '));
        } catch (error) {
          if (!MET.includes(String((error as { readonly code?: unknown }).code))) throw error;
          await connection.query('ROLLBACK');
        }
      }
    } finally {
      connection.destroy();
    }
  }

  private statement(): string {
    const id = this.id();
    const value = `'v${String(this.random.below(1_000))}'`;
    switch (this.random.below(7)) {
      case 0:
      case 1:
        return `INSERT IGNORE INTO item VALUES (${id}, ${value}, NULL, 1, NULL)`;
      case 2:
        return `UPDATE item SET a = ${value} WHERE id = ${id}`;
      case 3:
        return `UPDATE item SET b = ${value}, c = c + 1 WHERE id >= ${id} LIMIT 3`;
      case 4:
        return `UPDATE IGNORE item SET u = ${this.id()} WHERE id = ${id}`;
      case 5:
        return `UPDATE IGNORE item SET id = ${this.id()} WHERE id = ${id}`;
      default:
        return `DELETE FROM item WHERE id = ${id}`;
    }
  }

  private id(): string {
    return String(1 + this.random.below(IDS));
  }
}
