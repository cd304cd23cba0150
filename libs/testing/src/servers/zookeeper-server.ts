import {
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../packages/apt-archive.ts';
import type { RecordedProcess } from '../processes/recorded-process.ts';
import { askSocket } from './ask-socket.ts';
import { programCommand } from './library-loader.ts';
import type { Program } from './programs.ts';
import { dataFolder, startServer } from './server-place.ts';
import type { ServerPlace } from './server-place.ts';
import { zookeeperClassPath } from './zookeeper-jars.ts';

/** One server of an ensemble: its number from 1, and for each server the ports for following the leader and for its election. */
export interface EnsembleMember {
  readonly number: number;
  readonly peers: readonly { readonly followPort: number; readonly electionPort: number }[];
}

/** Starts a ZooKeeper on 127.0.0.1, alone or as one of an ensemble (which answers as soon as most of it is up). */
export function startZookeeper(
  program: Program,
  place: ServerPlace,
  member?: EnsembleMember,
): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  const config = join(folder, 'zoo.cfg');
  if (member !== undefined) writeFileSync(join(folder, 'myid'), `${String(member.number)}\n`);
  const text = [
    'tickTime=1000',
    `dataDir=${folder}`,
    `clientPort=${String(place.port)}`,
    'clientPortAddress=127.0.0.1',
    'admin.enableServer=false',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=srvr,ruok,mntr',
    ...(member === undefined ? [] : ensembleLines(member)),
  ];
  writeFileSync(config, `${text.join('\n')}\n`);
  const java = program.root === '' ? [findOnPath('java') ?? 'java'] : javaCommand(program.root);
  const serverClass = member === undefined ? SINGLE_SERVER : ENSEMBLE_SERVER;
  const [command = '', ...rest] = java;
  const args = [...QUICK, '-cp', zookeeperClassPath(program.root), serverClass, config];
  return startServer(place, [command, ...rest, ...args], async () => (await askSocket(place.port, 'ruok')) === 'imok');
}

const ensembleLines = ({ peers }: EnsembleMember): string[] => [
  'initLimit=10',
  'syncLimit=5',
  ...peers.map(
    ({ followPort, electionPort }, index) =>
      `server.${String(index + 1)}=127.0.0.1:${String(followPort)}:${String(electionPort)}`,
  ),
];

/** Compiled once and lightly: it serves for minutes. What is written is in the kernel's hands, which SIGKILL cannot take back. */
const QUICK: readonly string[] = [
  '-Xmx128m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Dzookeeper.forceSync=no',
];

const SINGLE_SERVER = 'org.apache.zookeeper.server.ZooKeeperServerMain';
const ENSEMBLE_SERVER = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

function javaCommand(root: string): string[] {
  const machines = join(root, 'usr/lib/jvm');
  const home = readdirSync(machines)
    .map((name) => join(machines, name))
    .find((path) => !lstatSync(path).isSymbolicLink() && existsSync(join(path, 'bin/java')));
  if (home === undefined) throw new Error(`No Java runtime below ${machines}`);
  keepLinksInside(root, home);
  return programCommand(root, join(home, 'bin/java'), [join(home, 'lib'), join(home, 'lib/server')]);
}

/** The runtime's configuration is linked to /etc of a machine that has it installed; ours is below the root. */
function keepLinksInside(root: string, folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) keepLinksInside(root, path);
    if (!entry.isSymbolicLink()) continue;
    const target = readlinkSync(path);
    // The root may be reached through a link itself: what is inside by its real path stays as it is.
    if (!target.startsWith('/') || target.startsWith(root) || target.startsWith(realpathSync(root))) continue;
    rmSync(path);
    symlinkSync(join(root, target), path);
  }
}
