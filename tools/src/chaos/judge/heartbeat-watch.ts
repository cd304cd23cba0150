import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import type { DatabaseServer } from '@lutra/testing';
import type { ChaosDatabases, RecoveryWatch } from '../chaos-types.ts';
import { ask, openDirect } from '../workload/direct-connection.ts';
import { BeatLog } from './beat-log.ts';

const BEAT_EVERY_MS = 50;
const LOOK_EVERY_MS = 25;
const RECONNECT_EVERY_MS = 50;

/** Writes a heartbeat to each pipeline's schema at the source every 50 ms, and looks for it at the target every 25 ms. */
export class HeartbeatWatch implements RecoveryWatch {
  private readonly logs = new Map<string, BeatLog>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  private constructor(databases: ChaosDatabases) {
    const { source, target, pipelines } = databases;
    this.running = Promise.all(
      pipelines.flatMap(({ name, schema }) => {
        const log = new BeatLog();
        this.logs.set(name, log);
        return [this.beat(source, schema, log), this.look(target, schema, log)];
      }),
    );
    this.running.catch(() => undefined);
  }

  /** The tables have to exist. */
  static start(databases: ChaosDatabases): HeartbeatWatch {
    return new HeartbeatWatch(databases);
  }

  async waitRecovered(since: number, limitMs: number): Promise<Readonly<Record<string, number | null>>> {
    const deadline = performance.now() + limitMs;
    const recoveries: Record<string, number | null> = {};
    for (;;) {
      const now = performance.now();
      for (const [name, log] of this.logs) recoveries[name] ??= log.recoveryMs(since, now);
      const isDone = Object.values(recoveries).every((ms) => ms !== null);
      if (isDone || now >= deadline || this.stopping.signal.aborted) return recoveries;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Afterwards the heartbeat rows change no more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async beat(source: DatabaseServer, schema: string, log: BeatLog): Promise<void> {
    let last = 0;
    await this.again(source, BEAT_EVERY_MS, async (connection) => {
      // A beat whose COMMIT was not answered may be there: its number is not used again.
      last += 1;
      const writtenMs = performance.now();
      await connection
        .promise()
        .query(
          `INSERT INTO \`${schema}\`.heartbeat VALUES (1, ${last}, NOW(6)) ON DUPLICATE KEY UPDATE beat = ${last}, sent_at = NOW(6)`,
        );
      log.noteWritten(last, writtenMs);
    });
  }

  private async look(target: DatabaseServer, schema: string, log: BeatLog): Promise<void> {
    await this.again(target, LOOK_EVERY_MS, async (connection) => {
      const [row] = await ask<{ beat: number | string }>(connection, `SELECT beat FROM \`${schema}\`.heartbeat`);
      if (row !== undefined) log.noteSeen(Number(row.beat), performance.now());
    });
  }

  /** Does it at even times until stopped, on a connection that is opened again when it was lost. */
  private async again(
    server: DatabaseServer,
    everyMs: number,
    work: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    let connection: Connection | null = null;
    while (!this.stopping.signal.aborted) {
      const startMs = performance.now();
      try {
        connection ??= await openDirect(server);
        await work(connection);
        await sleep(Math.max(0, everyMs - (performance.now() - startMs)));
      } catch {
        connection?.destroy();
        connection = null;
        await sleep(RECONNECT_EVERY_MS);
      }
    }
    connection?.destroy();
  }
}
