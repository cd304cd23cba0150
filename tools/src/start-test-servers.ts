import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import { lutraHome, runSql, startServerGroup, testServers, testServersFile, writePrivateFile } from '@lutra/testing';
import type { ServerGroup, TestServers } from '@lutra/testing';
import type { Screen } from './screen.ts';

/** Starts the servers that tests run on and writes their addresses where tests look for them. */
export async function startTestServers(screen: Screen): Promise<ServerGroup> {
  const group = await startServerGroup({
    home: lutraHome(),
    folder: join(lutraHome(), 'test'),
    databases: {
      mariadbSource: { kind: 'mariadb' },
      mariadbTarget: { kind: 'mariadb' },
      mysql: { kind: 'mysql' },
    },
    onUnpack: (progress) => {
      screen.unpacking(progress);
    },
    onLeftovers: (names) => {
      screen.line(`Ended what a killed run had left: ${names.join(', ')}`);
    },
  });
  const database = (name: string) => must(group.databases[name], name);
  const addresses: TestServers = {
    mariadbSource: database('mariadbSource'),
    mariadbTarget: database('mariadbTarget'),
    mysql: database('mysql'),
    nats: group.nats,
    zookeeper: group.zookeeper,
  };
  writePrivateFile(testServersFile(), `${JSON.stringify(addresses, null, 2)}\n`);
  screen.line(`Test servers: ${Object.values(group.versions).join(', ')}, NATS, ZooKeeper`);
  return {
    ...group,
    stop: async () => {
      rmSync(testServersFile(), { force: true });
      await group.stop();
    },
  };
}

/** True when servers of an earlier `npm run servers` answer: the tests then run on them. */
export async function runningTestServers(screen: Screen): Promise<boolean> {
  try {
    const { mariadbSource, mariadbTarget, mysql } = testServers();
    await Promise.all([mariadbSource, mariadbTarget, mysql].map((server) => runSql(server, ['SELECT 1'])));
    screen.line(`The test servers of ${testServersFile()} are up: they are used, and left running.`);
    return true;
  } catch {
    return false;
  }
}
