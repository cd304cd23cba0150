import assert from 'node:assert/strict';
import { systemClock } from '@lutra/model';
import type { CoordinatorOptions } from './coordinator.ts';
import { rootOf } from './open-coordinator.ts';
import { pathsBelow } from './paths.ts';
import { SessionKeeper } from './session-keeper.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';

const SESSION_TIMEOUT_MS = 10_000;
const CONNECT_LIMIT_MS = 30_000;

/**
 * Removes every node below a root (not '/'), whoever holds it, and the root: for tests that clean up, and for removing an installation.
 * What running services make anew meanwhile may stay. Throws COORDINATION_UNREACHABLE when no server answers for 30 s.
 */
export async function removeRoot(options: CoordinatorOptions & { readonly root: string }): Promise<void> {
  const { servers, path } = rootOf(options);
  const { root } = pathsBelow(path);
  assert(root !== '/', 'below / stands what is not ours');
  const { auth, sessionTimeoutMs = SESSION_TIMEOUT_MS } = options;
  const keeper = new SessionKeeper({
    servers,
    ...(auth === undefined ? {} : { auth }),
    sessionTimeoutMs,
    clock: systemClock,
  });
  try {
    await keeper.connected(undefined, CONNECT_LIMIT_MS);
    await keeper.run((client) => removeTree(client, root));
  } finally {
    await keeper.close();
  }
}

async function removeTree(client: ZooKeeperClient, path: string): Promise<void> {
  for (const child of (await client.children(path)) ?? []) await removeTree(client, `${path}/${child}`);
  await client.remove(path);
}
