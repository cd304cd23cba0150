import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseKind } from '@lutra/model';
import { findOnPath } from '../packages/apt-archive.ts';
import { SetupError } from '../packages/setup-error.ts';
import { lutraHome } from '../project-paths.ts';
import { programCommand } from './library-loader.ts';
import { findPrograms } from './programs.ts';

/**
 * The command that starts the server's own binlog reader: `mysqlbinlog` of MySQL, `mariadb-binlog` of MariaDB; options are
 * appended to it. Unpacked (once) when the machine does not have it. Throws {@link SetupError} where that is not possible.
 */
export async function binlogTool(kind: DatabaseKind, home = lutraHome()): Promise<[string, ...string[]]> {
  const file = kind === 'mysql' ? 'mysqlbinlog' : 'mariadb-binlog';
  const name = kind === 'mysql' ? 'mysql' : 'mariadb-10.11';
  const installed = kind === 'mariadb' ? findOnPath(file) : null;
  if (installed !== null) return [installed];
  const { [name]: program } = await findPrograms([name], { home, onProgress: () => undefined });
  // MySQL's comes with its server; a machine with a server of its own has it on PATH.
  const path = program.root === '' ? (findOnPath(file) ?? '') : join(program.root, 'usr/bin', file);
  if (!existsSync(path)) throw new SetupError(`${file} is not on PATH, though the server is: install it`);
  return programCommand(program.root, path);
}
