import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { connectTo } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';

/** Writes one row after the other, each a transaction, also across breaks; keeps count of what the server has acknowledged. */
export class Writer {
  /** Ids of rows whose commit the server has confirmed. */
  readonly promised: number[] = [];
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly server: DatabaseServer,
    private readonly table: string,
  ) {
    this.running = this.run();
  }

  get acknowledged(): number {
    return this.promised.length;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async run(): Promise<void> {
    let connection: Connection | null = null;
    for (let id = 1; !this.isOver; id++) {
      try {
        if (connection === null) {
          connection = await connectTo(this.server);
          // The server goes away while a test runs; the next statement tells.
          connection.on('error', () => undefined);
        }
        await connection.query(`INSERT INTO ${this.table} VALUES (${String(id)}, 'note')`);
        this.promised.push(id);
      } catch {
        // Committed or not, this id is not written again: what counts is what the table holds in the end.
        connection?.destroy();
        connection = null;
        await sleep(20);
      }
    }
    connection?.destroy();
  }
}
