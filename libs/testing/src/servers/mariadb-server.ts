import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../packages/apt-archive.ts';
import { writePrivateFile } from '../private-file.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { answersSql } from './answers-sql.ts';
import { initSql, SHARED_OPTIONS } from './database-options.ts';
import type { DatabaseOptions } from './database-options.ts';
import { programCommand } from './library-loader.ts';
import { mariadbScripts } from './mariadb-scripts.ts';
import type { MariadbScripts } from './mariadb-scripts.ts';
import type { Program } from './programs.ts';
import { dataFolder, startServer } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

/** Starts MariaDB on 127.0.0.1 with the binary log on; makes the data folder when it is empty. */
export async function startMariadb(
  program: Program,
  place: ServerPlace,
  options: DatabaseOptions,
): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  const scripts = mariadbScripts(program.root);
  if (scripts === null) throw new Error(`MariaDB's SQL scripts are missing below ${program.root}`);
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  const base = baseCommand(program, scripts, folder);
  const redo = `--innodb-log-file-size=${String(options.redoLogBytes)}`;
  if (!existsSync(join(folder, 'db/mysql/db.frm'))) await makeSystemTables([...base, redo], scripts, folder);
  const initFile = join(folder, 'init.sql');
  writePrivateFile(initFile, initSql(options.rootPassword));
  const command: [string, ...string[]] = [
    ...base,
    redo,
    ...SHARED_OPTIONS,
    `--port=${String(place.port)}`,
    // A socket's path may have 107 characters at most, and folders may be deep: relative to the data folder it is short.
    '--socket=s.sock',
    `--pid-file=${join(folder, 'server.pid')}`,
    `--init-file=${initFile}`,
    `--server-id=${String(options.serverId)}`,
    '--binlog-format=ROW',
    '--gtid-strict-mode=ON',
    // A replica of this server could follow it; Lutra does not need it, comparisons with the server's own replication do.
    '--log-slave-updates=ON',
    ...(options.extra ?? []),
  ];
  return startServer(place, command, () => answersSql(place.port, options.rootPassword));
}

function baseCommand(program: Program, scripts: MariadbScripts, folder: string): [string, ...string[]] {
  const usr = join(program.root === '' ? '/' : program.root, 'usr');
  const server = program.root === '' ? (findOnPath('mariadbd') ?? '') : join(usr, 'sbin/mariadbd');
  return [
    ...programCommand(program.root, server),
    '--no-defaults',
    `--basedir=${usr}`,
    `--datadir=${join(folder, 'db')}`,
    `--tmpdir=${join(folder, 'tmp')}`,
    `--lc-messages-dir=${scripts.share}`,
    `--character-sets-dir=${join(scripts.share, 'charsets')}`,
    `--plugin-dir=${join(usr, 'lib/mysql/plugin')}`,
    // The server refuses to run as root unless it is told to.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}

function makeSystemTables(
  base: readonly [string, ...string[]],
  scripts: MariadbScripts,
  folder: string,
): Promise<void> {
  mkdirSync(join(folder, 'db/mysql'), { recursive: true });
  const [command, ...args] = base;
  const bootstrap = ['--bootstrap', '--log-warnings=0', '--enforce-storage-engine=', '--max-allowed-packet=8M'];
  return new Promise((resolve, reject) => {
    const server = spawn(command, [...args, ...bootstrap], { cwd: folder, env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    server.stdout.on('data', (bytes: Buffer) => said.push(bytes));
    server.stderr.on('data', (bytes: Buffer) => said.push(bytes));
    server.once('error', reject);
    server.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`MariaDB's system tables could not be made:\n${Buffer.concat(said).toString().slice(-2_000)}`),
        );
    });
    // A server that dies early closes the pipe; its exit code and words tell more than the pipe's error.
    server.stdin.on('error', () => undefined);
    server.stdin.write('CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n');
    for (const file of scripts.files) server.stdin.write(readFileSync(file));
    server.stdin.end();
  });
}
