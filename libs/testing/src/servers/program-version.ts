import { join } from 'node:path';
import { findOnPath } from '../packages/apt-archive.ts';
import { runCommand } from '../packages/run-command.ts';
import { SetupError } from '../packages/setup-error.ts';
import { programCommand } from './library-loader.ts';
import { mysql56Command } from './mysql56-server.ts';
import type { Program } from './programs.ts';

const versions = new Map<string, string>();

/** '10.11.18', as the database server's program itself says it. Throws {@link SetupError} when it cannot be run here. */
export async function programVersion(program: Program): Promise<string> {
  const known = versions.get(program.name);
  if (known !== undefined) return known;
  const { everything } = await runCommand([...serverCommand(program), '--no-defaults', '--version']);
  const version = /Ver (\d+\.\d+\.\d+)/.exec(everything)?.[1];
  if (version === undefined)
    throw new SetupError(`${program.name} cannot be run on this machine: ${everything.trim().split('\n')[0] ?? ''}`);
  versions.set(program.name, version);
  return version;
}

function serverCommand({ name, root }: Program): [string, ...string[]] {
  if (name === 'mysql-5.6') return mysql56Command(root);
  const file = name.startsWith('mariadb') ? 'mariadbd' : 'mysqld';
  return programCommand(root, root === '' ? (findOnPath(file) ?? file) : join(root, 'usr/sbin', file));
}
