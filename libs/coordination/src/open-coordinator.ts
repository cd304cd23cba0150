import { systemClock } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator, CoordinatorOptions } from './coordinator.ts';
import { pathsBelow } from './paths.ts';
import { SessionKeeper } from './session-keeper.ts';
import { ZooKeeperCoordinator } from './zookeeper-coordinator.ts';

const DEFAULT_ROOT = '/lutra';
const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
/** ZooKeeper grants no less than twice its tick, which is two seconds by default. */
const DEFAULT_FAST_SESSION_TIMEOUT_MS = 4_000;
const CONNECT_LIMIT_MS = 30_000;

/**
 * Connects and makes sure that the root is there and readable. Rejects with COORDINATION_UNREACHABLE when no server answers
 * for 30 s, with COORDINATION_ACCESS_DENIED when the root belongs to another user.
 */
export async function openCoordinator(options: CoordinatorOptions, clock: Clock = systemClock): Promise<Coordinator> {
  const timeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  const fastTimeoutMs = options.fastSessionTimeoutMs ?? DEFAULT_FAST_SESSION_TIMEOUT_MS;
  const { servers, path } = rootOf(options);
  const paths = pathsBelow(path);
  const open = (sessionTimeoutMs: number): SessionKeeper =>
    new SessionKeeper({
      servers,
      ...(options.auth === undefined ? {} : { auth: options.auth }),
      sessionTimeoutMs,
      clock,
    });
  const keeper = open(timeoutMs);
  try {
    await keeper.connected(undefined, CONNECT_LIMIT_MS);
    await keeper.run(async (client) => {
      if (paths.root !== '/') await client.create(paths.root, '', 'persistent');
      await client.children(paths.root);
    });
    return new ZooKeeperCoordinator(keeper, paths, {
      timeoutMs,
      openFast: () => open(Math.min(fastTimeoutMs, timeoutMs)),
    });
  } catch (error) {
    await keeper.close();
    throw error;
  }
}

/**
 * The servers without what stands behind them, and the whole path of the root. The driver takes a chroot too, but its parents
 * have to be there; as part of the root it is made like every other folder.
 */
export function rootOf({ servers, root = DEFAULT_ROOT }: CoordinatorOptions): {
  readonly servers: string;
  readonly path: string;
} {
  const slash = servers.indexOf('/');
  if (slash < 0) return { servers, path: root };
  return { servers: servers.slice(0, slash), path: servers.slice(slash).replace(/\/+$/, '') + root };
}
