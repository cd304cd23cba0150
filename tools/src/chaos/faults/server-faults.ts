import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerName } from '../chaos-site.ts';
import type { FaultKind } from '../chaos-types.ts';
import { between } from './fault-family.ts';
import type { FaultFamily } from './fault-family.ts';

/** Faults of the servers that Lutra stands on and between. */
export const SERVER_FAULTS: readonly FaultFamily[] = [
  restart('nats-restart', 'nats'),
  restart('zookeeper-restart', 'zookeeper'),
  restart('source-restart', 'source'),
  restart('target-restart', 'target'),
  wipe('nats-wiped', 'nats', 'jetstream'),
  // Snapshots and logs are in version-2 below dataDir (ZooKeeper Administrator's Guide, "Data Directory").
  wipe('zookeeper-wiped', 'zookeeper', 'version-2'),
];

function restart(kind: FaultKind, name: ServerName): FaultFamily {
  return {
    kind,
    targets: ['killed', 'stopped'],
    make: ({ servers }, how, random) => {
      const server = servers[name];
      const awayMs = between(random, 0, 5_000);
      return {
        kind,
        target: `${name}, ${how}`,
        recoversFrom: 'end',
        run: async () => {
          const { pid } = server;
          try {
            await (how === 'killed' ? server.kill() : server.stop());
            const tookEffect = !server.isRunning;
            await sleep(awayMs);
            return { tookEffect, seen: `process ${String(pid)} ${how}, away for ${String(awayMs)} ms` };
          } finally {
            await server.start();
          }
        },
      };
    },
  };
}

/** The server comes back empty. */
function wipe(kind: FaultKind, name: ServerName, folder: string): FaultFamily {
  return {
    kind,
    targets: ['killed', 'stopped'],
    make: ({ servers }, how) => {
      const server = servers[name];
      return {
        kind,
        target: `${name}, ${how}`,
        recoversFrom: 'end',
        run: async () => {
          try {
            await (how === 'killed' ? server.kill() : server.stop());
            server.wipe(folder);
            return { tookEffect: true, seen: `${folder} of ${name} removed` };
          } finally {
            await server.start();
          }
        },
      };
    },
  };
}
