import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@lutra/model';
import {
  databaseMatrix,
  lutraHome,
  runSql,
  startServerGroup,
  testServers,
  testServersFile,
  writePrivateFile,
} from '@lutra/testing';
import type { ServerGroup, TestServers } from '@lutra/testing';
import type { Screen } from './screen.ts';

/** What is committed is in the kernel's hands: only the machine's end could take it back, and tests have no use for it then. */
const QUICK: readonly string[] = ['--sync-binlog=0', '--innodb-flush-log-at-trx-commit=2'];

/** Starts the servers that tests run on and writes their addresses where tests look for them. */
export async function startTestServers(screen: Screen): Promise<ServerGroup> {
  const group = await startServerGroup({
    home: lutraHome(),
    folder: join(lutraHome(), 'test'),
    databases: {
      mariadbSource: { kind: 'mariadb', extra: QUICK },
      mariadbTarget: { kind: 'mariadb', extra: QUICK },
      mysql: { kind: 'mysql', extra: QUICK },
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
  await showMoreServers(screen);
  return {
    ...group,
    stop: async () => {
      rmSync(testServersFile(), { force: true });
      await group.stop();
    },
  };
}

/** Unpacks the other releases that tests start for themselves, before a test's time limit counts it, and tells which there are. */
async function showMoreServers(screen: Screen): Promise<void> {
  const names = ['mariadb-10.5', 'mariadb-10.11', 'mariadb-11.8', 'mysql-5.6'] as const;
  const { run, missing } = await databaseMatrix(names, {
    isFresh: true,
    onProgress: (progress) => {
      screen.unpacking(progress);
    },
  });
  const list = run.map(({ program, version }) => `${program} ${version}`).join(', ');
  screen.line(`More servers, started by tests that need them: ${list === '' ? 'none' : list}`);
  for (const { reason } of missing) screen.line(`NOT RUN: ${reason}`);
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
