import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { answersSql } from './answers-sql.ts';
import type { DatabaseOptions } from './database-options.ts';
import type { Program } from './programs.ts';
import { dataFolder, startServer } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

/**
 * Starts MySQL 5.6 on 127.0.0.1 with the binary log and GTID on: older than what Lutra supports, and the nearest to 5.7 that
 * can be had: a log without optional metadata, checks of servers that lack newer variables.
 */
export async function startMysql56(
  program: Program,
  place: ServerPlace,
  options: DatabaseOptions,
): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  const server = join(program.root, 'package/server');
  const data = join(folder, 'db');
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  if (!existsSync(data)) {
    cpSync(join(server, 'data/mysql'), data, { recursive: true });
    // The package's own: all copies would have the same server_uuid.
    rmSync(join(data, 'auto.cnf'), { force: true });
  }
  const initFile = join(folder, 'init.sql');
  writePrivateFile(initFile, initSql(options.rootPassword));
  const command: [string, ...string[]] = [
    ...mysql56Command(program.root),
    '--no-defaults',
    `--basedir=${server}`,
    `--datadir=${data}`,
    `--tmpdir=${join(folder, 'tmp')}`,
    `--lc-messages-dir=${join(server, 'share')}`,
    `--character-sets-dir=${join(server, 'share/charsets')}`,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    ...OPTIONS,
    `--port=${String(place.port)}`,
    '--socket=s.sock',
    `--pid-file=${join(folder, 'server.pid')}`,
    `--init-file=${initFile}`,
    `--server-id=${String(options.serverId)}`,
    ...(options.extra ?? []),
  ];
  return startServer(place, command, () => answersSql(place.port, options.rootPassword));
}

/** It runs with the machine's libraries, but for one that comes with the package. */
export function mysql56Command(root: string): [string, ...string[]] {
  const server = join(root, 'package/server');
  return ['/usr/bin/env', `LD_LIBRARY_PATH=${server}`, join(server, 'mysqld')];
}

/** As for the others, without what 5.6 does not know: binlog_row_metadata. */
const OPTIONS: readonly string[] = [
  '--bind-address=127.0.0.1',
  '--skip-name-resolve',
  '--log-bin=bin',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--log-slave-updates=ON',
  '--max-allowed-packet=256M',
  '--innodb-buffer-pool-size=64M',
  '--character-set-server=utf8mb4',
  '--explicit-defaults-for-timestamp=ON',
  '--sql-mode=NO_ENGINE_SUBSTITUTION,STRICT_TRANS_TABLES',
];

/** The package's data folder has users without name, which would be taken before ours. */
function initSql(rootPassword: string): string {
  return [
    'SET sql_log_bin = 0;',
    "DELETE FROM mysql.user WHERE User = '';",
    'FLUSH PRIVILEGES;',
    ...['127.0.0.1', 'localhost'].map(
      (host) => `GRANT ALL PRIVILEGES ON *.* TO 'root'@'${host}' IDENTIFIED BY '${rootPassword}' WITH GRANT OPTION;`,
    ),
    '',
  ].join('\n');
}
