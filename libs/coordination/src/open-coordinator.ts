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
  const { servers, chroot } = splitChroot(options.servers);
  const paths = pathsBelow(chroot + (options.root ?? DEFAULT_ROOT));
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

/** The driver takes a chroot too, but its parents have to be there; as part of the root it is made like every other folder. */
function splitChroot(text: string): { readonly servers: string; readonly chroot: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { servers: text, chroot: '' };
  return { servers: text.slice(0, slash), chroot: text.slice(slash).replace(/\/+$/, '') };
}
