import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator, CoordinatorOptions } from './coordinator.ts';
import { pathsBelow } from './paths.ts';
import { SessionKeeper } from './session-keeper.ts';
import { ZooKeeperCoordinator } from './zookeeper-coordinator.ts';

const DEFAULT_ROOT = '/lutra';
const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
const CONNECT_LIMIT_MS = 30_000;

/**
 * Connects and makes sure that the root is there and readable. Rejects with COORDINATION_UNREACHABLE when no server answers
 * for 30 s, with COORDINATION_ACCESS_DENIED when the root belongs to another user.
 */
export async function openCoordinator(options: CoordinatorOptions, clock: Clock = systemClock): Promise<Coordinator> {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  const paths = pathsBelow(options.root ?? DEFAULT_ROOT);
  const keeper = new SessionKeeper({
    servers: options.servers,
    ...(options.auth === undefined ? {} : { auth: options.auth }),
    sessionTimeoutMs,
    clock,
  });
  try {
    await keeper.connected(undefined, CONNECT_LIMIT_MS);
    await keeper.run(async (client) => {
      if (paths.root !== '/') await client.create(paths.root, '', 'persistent');
      await client.children(paths.root);
    });
    return new ZooKeeperCoordinator(keeper, paths, sessionTimeoutMs);
  } catch (error) {
    await keeper.close();
    throw error;
  }
}
