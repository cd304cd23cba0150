import { setTimeout as sleep } from 'node:timers/promises';
import { connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

export const SHOP_TABLES = [
  'CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, state VARCHAR(16) NOT NULL, amount DECIMAL(10,2) NOT NULL, note TEXT) ENGINE=InnoDB',
  'CREATE TABLE stock (id INT NOT NULL PRIMARY KEY, quantity INT NOT NULL) ENGINE=InnoDB',
] as const;

/**
 * Between two transactions, unless told otherwise: something is always on its way, and the machine still has time for
 * the services that start again and for the tests beside.
 */
const PAUSE_MS = 10;

/** Writes to the shop again and again until stopped: inserts, updates and deletes in transactions of several rows. */
export class ShopWriter {
  private isStopped = false;
  private readonly running: Promise<void>;
  transactions = 0;

  constructor(
    server: DatabaseServer,
    schema: string,
    private readonly pauseMs = PAUSE_MS,
  ) {
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
      await connection.query(
        `REPLACE INTO stock VALUES ${Array.from({ length: 50 }, (_unused, id) => `(${String(id)},1000)`).join(',')}`,
      );
      for (let number = 1; !this.isStopped; number++) {
        const rows = Array.from(
          { length: 20 },
          (_unused, row) => `(${String(number * 20 + row)},'open',${String(row)}.25,'note ${String(number)}')`,
        );
        await connection.query(
          `BEGIN; INSERT INTO orders VALUES ${rows.join(',')};
           UPDATE stock SET quantity = quantity - 1 WHERE id = ${String(number % 50)};
           UPDATE orders SET state = 'paid' WHERE id BETWEEN ${String((number - 3) * 20)} AND ${String((number - 3) * 20 + 9)};
           DELETE FROM orders WHERE id = ${String((number - 5) * 20 + 3)}; COMMIT`,
        );
        this.transactions = number;
        await sleep(this.pauseMs);
      }
    } finally {
      connection.destroy();
    }
  }
}
