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

/** Starts a single ZooKeeper on 127.0.0.1. */
export function startZookeeper(program: Program, place: ServerPlace): Promise<RecordedProcess> {
  const folder = dataFolder(place);
  const config = join(folder, 'zoo.cfg');
  const text = [
    'tickTime=1000',
    `dataDir=${folder}`,
    `clientPort=${String(place.port)}`,
    'clientPortAddress=127.0.0.1',
    'admin.enableServer=false',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=srvr,ruok,mntr',
  ];
  writeFileSync(config, `${text.join('\n')}\n`);
  const java = program.root === '' ? [findOnPath('java') ?? 'java'] : javaCommand(program.root);
  const [command = '', ...rest] = java;
  const args = ['-Xmx128m', '-cp', zookeeperClassPath(program.root), SERVER_CLASS, config];
  return startServer(place, [command, ...rest, ...args], async () => (await askSocket(place.port, 'ruok')) === 'imok');
}

const SERVER_CLASS = 'org.apache.zookeeper.server.ZooKeeperServerMain';

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
