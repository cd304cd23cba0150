import type { InstallationOrder } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { Store } from '../store/store.ts';
import { readSystemParameters } from './system-parameters.ts';

/**
 * Brings what the store says of all instances to ZooKeeper, where they follow it: after a change, and after ZooKeeper has lost
 * it. Repeating it is harmless. True when there was something to write.
 */
export async function restoreInstallationOrder(store: Store, coordinator: Coordinator): Promise<boolean> {
  const { logLevel } = await store.run((manager) => readSystemParameters(manager));
  const known: InstallationOrder | null = await coordinator.installationOrder();
  if ((known?.logLevel ?? null) === logLevel) return false;
  await coordinator.writeInstallationOrder({ logLevel });
  return true;
}
