import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../packages/apt-archive.ts';
import { runCommand } from '../packages/run-command.ts';
import { writePrivateFile } from '../private-file.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { answersSql } from './answers-sql.ts';
import { initSql, SHARED_OPTIONS } from './database-options.ts';
import type { DatabaseOptions } from './database-options.ts';
import { programCommand } from './library-loader.ts';
import type { Program } from './programs.ts';
import { dataFolder, startServer } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';

/** Whether MySQL takes the option only with a data folder that was made with it. */
export const shapesDataFolder = (option: string): boolean => option.startsWith('--lower-case-table-names=');

/** Starts MySQL 9 on 127.0.0.1 with the binary log and GTID on; makes the data folder when it is empty. */
export async function startMysql(
  program: Program,
  place: ServerPlace,
  options: DatabaseOptions,
): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  const base = baseCommand(program, folder);
  const redo = `--innodb-redo-log-capacity=${String(options.redoLogBytes)}`;
  if (!existsSync(join(folder, 'db'))) {
    const shaping = (options.extra ?? []).filter(shapesDataFolder);
    const { code, everything } = await runCommand([...base, ...shaping, '--initialize-insecure']);
    if (code !== 0) throw new Error(`MySQL's data folder could not be made:\n${everything.slice(-2_000)}`);
  }
  const initFile = join(folder, 'init.sql');
  writePrivateFile(initFile, initSql(options.rootPassword));
  const command: [string, ...string[]] = [
    ...base,
    redo,
    ...SHARED_OPTIONS,
    `--port=${String(place.port)}`,
    '--socket=s.sock',
    `--pid-file=${join(folder, 'server.pid')}`,
    `--init-file=${initFile}`,
    `--server-id=${String(options.serverId)}`,
    '--mysqlx=OFF',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    ...(options.extra ?? []),
  ];
  return startServer(place, command, () => answersSql(place.port, options.rootPassword));
}

function baseCommand(program: Program, folder: string): [string, ...string[]] {
  const usr = join(program.root === '' ? '/' : program.root, 'usr');
  const server = program.root === '' ? (findOnPath('mysqld') ?? '') : join(usr, 'sbin/mysqld');
  return [
    ...programCommand(program.root, server),
    '--no-defaults',
    `--basedir=${usr}`,
    `--datadir=${join(folder, 'db')}`,
    `--tmpdir=${join(folder, 'tmp')}`,
    `--lc-messages-dir=${join(usr, 'share/mysql')}`,
    `--character-sets-dir=${join(usr, 'share/mysql/charsets')}`,
    `--plugin-dir=${join(usr, 'lib/mysql/plugin')}`,
    '--secure-file-priv=',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
}
