import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseKind } from '@lutra/model';
import { must } from '@lutra/model';
import { freePorts } from '../free-ports.ts';
import { lockFolder, LockHeld } from '../processes/folder-lock.ts';
import { processStartMark } from '../processes/proc-status.ts';
import { endLeftovers } from '../processes/recorded-process.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { lutraHome } from '../project-paths.ts';
import type { DatabaseServer } from '../test-servers.ts';
import { credentialsIn } from './credentials.ts';
import { startMariadb } from './mariadb-server.ts';
import { shapesDataFolder, startMysql } from './mysql-server.ts';
import { startMysql56 } from './mysql56-server.ts';
import { copyPreparedData } from './prepared-data.ts';
import type { FirstStart } from './prepared-data.ts';
import { programVersion } from './program-version.ts';
import { findPrograms } from './programs.ts';
import type { DatabaseProgram, Program } from './programs.ts';
import { dataFolder } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

export interface OwnServerOptions {
  readonly program: DatabaseProgram;
  /** Command line options, after all others: the last one of a name wins. */
  readonly extra?: readonly string[];
  /** The `.lutra` folder; LUTRA_HOME unless given. */
  readonly home?: string;
}

const STOP_LIMIT_MS = 30_000;
const REDO_LOG_BYTES = 32 * 1024 * 1024;

/** Small and quick: what is written is in the kernel's hands at each commit, which SIGKILL of the server cannot take back. */
const SMALL_AND_QUICK: readonly string[] = [
  '--innodb-buffer-pool-size=64M',
  '--performance-schema=OFF',
  '--sync-binlog=0',
  '--innodb-flush-log-at-trx-commit=2',
];

const STARTS: Readonly<Record<DatabaseProgram, FirstStart['start']>> = {
  mariadb: startMariadb,
  'mariadb-10.5': startMariadb,
  'mariadb-10.11': startMariadb,
  'mariadb-11.8': startMariadb,
  mysql: startMysql,
  'mysql-5.6': startMysql56,
};

/**
 * A database server that belongs to one test: a test that needs settings of its own, or wants to kill the server, cannot
 * use the shared ones. The address stays the same from the first start to `close`, which a test has to call in `afterAll`;
 * what a killed test run has left is ended and removed by the next start.
 */
export class OwnServer implements DatabaseServer {
  readonly kind: DatabaseKind;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly user = 'root';
  private running: RecordedProcess | null = null;
  private extra: readonly string[];

  private constructor(
    private readonly home: string,
    private readonly found: Program,
    private readonly place: ServerPlace,
    /** '10.11.18'. */
    readonly version: string,
    private readonly options: OwnServerOptions,
    private readonly release: () => void,
  ) {
    this.kind = options.program.startsWith('mariadb') ? 'mariadb' : 'mysql';
    this.port = place.port;
    this.extra = options.extra ?? [];
  }

  /** Starts a server with an empty data folder. Throws SetupError when the program cannot be had. */
  static async start(options: OwnServerOptions): Promise<OwnServer> {
    const home = options.home ?? lutraHome();
    const { [options.program]: found } = await findPrograms([options.program], { home, onProgress: () => undefined });
    const folder = join(home, 'own', `${String(process.pid)}-${randomBytes(4).toString('hex')}`);
    await removeLeftovers(join(home, 'own'));
    const release = await lockFolder(join(folder, 'lock'), { waitMs: 0 });
    const place = { name: options.program, folder, port: must((await freePorts(1))[0], 'one port') };
    const server = new OwnServer(home, found, place, await programVersion(found), options, release);
    try {
      await server.fillDataFolder();
      await server.start();
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  get program(): DatabaseProgram {
    return this.options.program;
  }

  get password(): string {
    return credentialsIn(this.home).databaseRootPassword;
  }

  /** The server's datadir: binary logs are here. */
  get dataFolder(): string {
    return join(dataFolder(this.place), 'db');
  }

  get isRunning(): boolean {
    return this.running?.isRunning === true;
  }

  /** The end of the server's own log. */
  logTail(lineCount?: number): string {
    return this.running?.logTail(lineCount) ?? '';
  }

  /** Starts the stopped or killed server again, on the same port and data; `extra` replaces the options from now on. */
  async start(extra: readonly string[] = this.extra): Promise<void> {
    if (this.isRunning) throw new Error(`${this.program} on port ${String(this.port)} runs already`);
    this.extra = extra;
    this.running = await STARTS[this.program](this.found, this.place, this.startOptions(extra));
  }

  /** Shuts the server down in order. */
  async stop(): Promise<void> {
    await this.running?.stop(STOP_LIMIT_MS);
  }

  /** SIGKILL; resolves when the server is gone. */
  async kill(): Promise<void> {
    this.running?.kill('SIGKILL');
    await this.running?.exit;
  }

  /** Stops in order and starts again. */
  async restart(extra?: readonly string[]): Promise<void> {
    await this.stop();
    await this.start(extra);
  }

  /** Ends the server and removes its data and logs. Nothing happens at a second call. */
  async close(): Promise<void> {
    await this.kill();
    this.release();
    rmSync(this.place.folder, { recursive: true, force: true });
  }

  private async fillDataFolder(): Promise<void> {
    if (this.program === 'mysql-5.6') return;
    // Its first start makes a data folder of its own.
    if (this.program === 'mysql' && this.extra.some(shapesDataFolder)) return;
    const start = STARTS[this.program];
    await copyPreparedData(this.home, {
      program: this.found,
      start,
      place: this.place,
      options: this.startOptions([]),
    });
  }

  private startOptions(extra: readonly string[]) {
    return {
      // Unique among the servers of this machine, as the port is.
      serverId: this.port,
      rootPassword: this.password,
      redoLogBytes: REDO_LOG_BYTES,
      extra: [...SMALL_AND_QUICK, ...extra],
    };
  }
}

/** Ends and removes servers whose test run is gone; the lock tells, and before there is one the process id in the name. */
export async function removeLeftovers(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const one = join(folder, name);
    if (!existsSync(join(one, 'lock')) && processStartMark(Number.parseInt(name, 10)) !== null) continue;
    try {
      const release = await lockFolder(join(one, 'lock'), { waitMs: 0 });
      await endLeftovers(join(one, 'run'));
      rmSync(one, { recursive: true, force: true });
      release();
    } catch (error) {
      if (!(error instanceof LockHeld) && existsSync(one)) throw error;
    }
  }
}
