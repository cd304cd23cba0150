import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { DatabaseKind } from '@lutra/model';
import { must } from '@lutra/model';
import { freePorts } from '../free-ports.ts';
import type { UnpackOptions } from '../packages/unpacked-program.ts';
import { lockFolder } from '../processes/folder-lock.ts';
import { endLeftovers } from '../processes/recorded-process.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import type { DatabaseServer, TestServers } from '../test-servers.ts';
import { credentialsIn } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import { REDO_LOG_FOR_LARGE_ROWS } from './database-options.ts';
import { startMariadb } from './mariadb-server.ts';
import { startMysql } from './mysql-server.ts';
import { startNats } from './nats-server.ts';
import { findPrograms } from './programs.ts';
import type { Program, ProgramName } from './programs.ts';
import { freshDataFolder } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';
import { startZookeeper } from './zookeeper-server.ts';

export interface ServerGroupOptions {
  /** The `.lutra` folder: programs, cache and credentials. */
  readonly home: string;
  /** This group's own folder: data, logs, process records, and a lock against a second run. */
  readonly folder: string;
  /** Database servers by name. */
  readonly databases: Readonly<Record<string, { readonly kind: DatabaseKind; readonly extra?: readonly string[] }>>;
  /** Default: enough for rows of 64 MiB. */
  readonly redoLogBytes?: number;
  readonly onUnpack?: UnpackOptions['onProgress'];
  /** Names of processes that a killed run had left and that were ended now. */
  readonly onLeftovers?: (names: readonly string[]) => void;
}

export interface ServerGroup {
  readonly folder: string;
  readonly credentials: Credentials;
  readonly databases: Readonly<Record<string, DatabaseServer>>;
  /** 'MariaDB 10.11.14', by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly nats: TestServers['nats'];
  readonly zookeeper: TestServers['zookeeper'];
  readonly processes: Readonly<Record<string, RecordedProcess>>;
  /** Stops the servers and removes their data; logs stay. */
  stop(): Promise<void>;
}

const STOP_LIMIT_MS = 30_000;

/**
 * Starts database servers, NATS and ZooKeeper with empty data folders on free ports of 127.0.0.1. Ends what a killed run
 * left in the same folder. Throws SetupError when a program is not to be had, LockHeld when the folder is in use.
 */
export async function startServerGroup(options: ServerGroupOptions): Promise<ServerGroup> {
  const { home, folder } = options;
  const kinds = Object.values(options.databases).map(({ kind }) => kind);
  const wanted: ProgramName[] = [...new Set<ProgramName>([...kinds, 'nats', 'zookeeper'])];
  const programs = await findPrograms(wanted, { home, onProgress: options.onUnpack ?? (() => undefined) });
  const release = await lockFolder(join(folder, 'lock'), { waitMs: 0 });
  const started: RecordedProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop(STOP_LIMIT_MS)));
    rmSync(join(folder, 'data'), { recursive: true, force: true });
    release();
  };
  try {
    const leftovers = await endLeftovers(join(folder, 'run'));
    if (leftovers.length > 0) options.onLeftovers?.(leftovers);
    return await startAll(options, programs, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  options: ServerGroupOptions,
  programs: Readonly<Record<ProgramName, Program>>,
  started: RecordedProcess[],
  stop: () => Promise<void>,
): Promise<ServerGroup> {
  const { folder } = options;
  const credentials = credentialsIn(options.home);
  const names = Object.keys(options.databases);
  const ports = await freePorts(names.length + 2);
  const place = (name: string, index: number): ServerPlace => {
    const made = { name, folder, port: must(ports[index], 'one port per server') };
    freshDataFolder(made);
    return made;
  };
  const natsPlace = place('nats', names.length);
  const zookeeperPlace = place('zookeeper', names.length + 1);
  const login = { user: credentials.natsUser, password: credentials.natsPassword };
  const keep = async (name: string, starting: Promise<RecordedProcess>): Promise<[string, RecordedProcess]> => {
    const server = await starting;
    started.push(server);
    return [name, server];
  };
  const starts = names.map((name, index) => keep(name, startDatabase(options, programs, place(name, index), index)));
  starts.push(keep('nats', startNats(programs.nats, natsPlace, login)));
  starts.push(keep('zookeeper', startZookeeper(programs.zookeeper, zookeeperPlace)));
  // All of them are waited for, so that a failure of one leaves no other behind unrecorded.
  const outcomes = await Promise.allSettled(starts);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  const databases = Object.fromEntries(
    names.map((name, index) => [name, rootLogin(options, credentials, name, must(ports[index], 'port'))]),
  );
  return {
    folder,
    credentials,
    databases,
    versions: Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await version(must(databases[name], name))] as const)),
    ),
    nats: { servers: `127.0.0.1:${String(natsPlace.port)}`, ...login },
    zookeeper: { servers: `127.0.0.1:${String(zookeeperPlace.port)}`, auth: credentials.zookeeperAuth },
    processes: Object.fromEntries((await Promise.all(starts)).map(([name, server]) => [name, server])),
    stop,
  };
}

function startDatabase(
  options: ServerGroupOptions,
  programs: Readonly<Record<ProgramName, Program>>,
  place: ServerPlace,
  index: number,
): Promise<RecordedProcess> {
  const { kind, extra } = must(options.databases[place.name], place.name);
  const start = kind === 'mariadb' ? startMariadb : startMysql;
  return start(programs[kind], place, {
    serverId: 101 + index,
    rootPassword: credentialsIn(options.home).databaseRootPassword,
    redoLogBytes: options.redoLogBytes ?? REDO_LOG_FOR_LARGE_ROWS,
    ...(extra === undefined ? {} : { extra }),
  });
}

function rootLogin(options: ServerGroupOptions, credentials: Credentials, name: string, port: number): DatabaseServer {
  const { kind } = must(options.databases[name], name);
  return { kind, host: '127.0.0.1', port, user: 'root', password: credentials.databaseRootPassword };
}

async function version(server: DatabaseServer): Promise<string> {
  const connection = await createConnection({ ...login(server) });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    const text = (rows as { version: string }[])[0]?.version ?? '';
    return `${server.kind === 'mariadb' ? 'MariaDB' : 'MySQL'} ${/^[\d.]+/.exec(text)?.[0] ?? text}`;
  } finally {
    connection.destroy();
  }
}

const login = ({ host, port, user, password }: DatabaseServer) => ({ host, port, user, password });
