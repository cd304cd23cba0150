import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { resolveStart, SourceSession } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { DonePlace, StartDefinition } from '@lutra/model';
import { connectTo, makeTlsMaterial, OwnServer, runSql, waitUntil } from '@lutra/testing';
import type { DatabaseProgram, TlsMaterial } from '@lutra/testing';
import { optionsOf, SourceFollower } from './source-follower.ts';
import { Writer } from './writer.ts';

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** One server of its own for all tests of a release, with what most of them do to it. */
export class ServerRig {
  static readonly schema = 'shop';
  follower: SourceFollower | null = null;
  writer: Writer | null = null;

  private constructor(
    readonly server: OwnServer,
    readonly tls: TlsMaterial,
    private readonly folder: string,
    public connection: Connection,
  ) {}

  /** The server offers TLS by a certificate of `tls`, where its build can. */
  static async start(program: DatabaseProgram): Promise<ServerRig> {
    const folder = mkdtempSync(join(tmpdir(), 'lutra-servers-'));
    const tls = await makeTlsMaterial(folder);
    const server = await OwnServer.start({ program, extra: program === 'mysql-5.6' ? [] : tls.server.options });
    await runSql(server, [`CREATE DATABASE ${ServerRig.schema}`]);
    return new ServerRig(server, tls, folder, await connectTo(server, ServerRig.schema));
  }

  async close(): Promise<void> {
    this.connection.destroy();
    await this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Ends what a test has begun. */
  async rest(): Promise<void> {
    await this.writer?.stop();
    this.writer = null;
    this.follower?.close();
    this.follower = null;
  }

  /** An empty table, and a follower that begins before its first row. */
  async begin(table: string, columns = 'id INT PRIMARY KEY, note VARCHAR(100)'): Promise<SourceFollower> {
    await this.connection.query(`CREATE TABLE ${table} (${columns})`);
    return this.follow();
  }

  /** A follower that begins here. */
  async follow(): Promise<SourceFollower> {
    return (this.follower = await SourceFollower.atLatest(this.server));
  }

  /** Writes one row after the other, until the test is over. */
  write(table: string): Writer {
    return (this.writer = new Writer(this.server, `${ServerRig.schema}.${table}`));
  }

  async reconnect(): Promise<void> {
    this.connection.destroy();
    this.connection = await connectTo(this.server, ServerRig.schema);
  }

  /** Each row a transaction. */
  insert(table: string, from: number, to: number): Promise<unknown> {
    return this.connection.query(
      numbers(from, to)
        .map((id) => `INSERT INTO ${table} VALUES (${String(id)}, 'note')`)
        .join(';'),
    );
  }

  async rows(sql: string): Promise<readonly RowDataPacket[]> {
    const [rows] = await this.connection.query<RowDataPacket[]>(sql);
    return rows;
  }

  async idsIn(table: string): Promise<unknown[]> {
    return (await this.rows(`SELECT id FROM ${table} ORDER BY id`)).map((row) => row['id'] as unknown);
  }

  /** The place that a configured start means here. */
  async placeOf(start: StartDefinition): Promise<DonePlace> {
    const session = await SourceSession.open(optionsOf(this.server));
    try {
      return (await resolveStart(session, start)).done;
    } finally {
      session.close();
    }
  }

  async logFiles(): Promise<string[]> {
    return (await this.rows('SHOW BINARY LOGS')).map((row) => String(row['Log_name']));
  }

  /** A server keeps files that a dump still reads, and notices the end of a dump late. */
  purgeToLast(): Promise<boolean> {
    return waitUntil(
      async () => {
        await this.connection.query(`PURGE BINARY LOGS TO '${must((await this.logFiles()).at(-1), 'a log file')}'`);
        return (await this.logFiles()).length === 1;
      },
      { what: 'the old log files to go', timeoutMs: 60_000 },
    );
  }

  /** False for a server that has no such variable. */
  async has(variable: string): Promise<boolean> {
    return (await this.rows(`SHOW GLOBAL VARIABLES LIKE '${variable}'`)).length > 0;
  }
}
