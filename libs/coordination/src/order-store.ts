import { SyncError } from '@lutra/model';
import type { InstallationOrder, InstanceOrder } from '@lutra/model';
import { nameOf } from './paths.ts';
import type { Paths } from './paths.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { watchValue } from './watch-value.ts';
import type { NodeContent, ZooKeeperClient } from './zookeeper-client.ts';

/** A write that meets a removal (or the other way round) looks again; more often than this nobody gives orders. */
const WRITE_TRIES = 5;

/** Orders for one instance, and for all, as JSON in persistent nodes: they wait for an instance that is not there yet. */
export class OrderStore {
  constructor(
    private readonly keeper: SessionKeeper,
    private readonly paths: Paths,
  ) {}

  read(instance: string): Promise<InstanceOrder | null> {
    return this.keeper.run((client) => readFrom<InstanceOrder>(client, this.paths.order(instance)));
  }

  all(): Promise<ReadonlyMap<string, InstanceOrder>> {
    return this.keeper.run(async (client) => {
      const orders = new Map<string, InstanceOrder>();
      for (const name of (await client.children(this.paths.orders)) ?? []) {
        const order = await readFrom<InstanceOrder>(client, this.paths.order(nameOf(name)));
        if (order !== null) orders.set(nameOf(name), order);
      }
      return orders;
    });
  }

  watch(instance: string, signal: AbortSignal): AsyncIterable<InstanceOrder | null> {
    return this.watchPath(this.paths.order(instance), signal);
  }

  /** Repeating it is harmless: the same order is written again. */
  async write(instance: string, order: InstanceOrder): Promise<void> {
    if (await this.writePath(this.paths.order(instance), order)) return;
    throw new SyncError('COORDINATION_CONFLICT', { problem: `The order for ${instance} keeps changing`, instance });
  }

  async remove(instance: string): Promise<void> {
    await this.keeper.run((client) => client.remove(this.paths.order(instance)));
  }

  readInstallation(): Promise<InstallationOrder | null> {
    return this.keeper.run((client) => readFrom<InstallationOrder>(client, this.paths.installationOrder));
  }

  watchInstallation(signal: AbortSignal): AsyncIterable<InstallationOrder | null> {
    return this.watchPath(this.paths.installationOrder, signal);
  }

  /** Repeating it is harmless. */
  async writeInstallation(order: InstallationOrder): Promise<void> {
    if (await this.writePath(this.paths.installationOrder, order)) return;
    throw new SyncError('COORDINATION_CONFLICT', { problem: 'The order for all instances keeps changing' });
  }

  private watchPath<Order>(path: string, signal: AbortSignal): AsyncIterable<Order | null> {
    return watchValue(this.keeper, (client, onChange) => readFrom<Order>(client, path, onChange), signal);
  }

  /** False when others changed it each time. */
  private writePath(path: string, order: object): Promise<boolean> {
    const wanted = JSON.stringify(order);
    return this.keeper.run(async (client) => {
      for (let attempt = 0; attempt < WRITE_TRIES; attempt += 1) {
        const content = await client.read(path);
        if (content === null) {
          if ((await client.create(path, wanted, 'persistent')) !== null) return true;
        } else if (await client.write(path, wanted, content.version)) return true;
      }
      return false;
    });
  }
}

async function readFrom<Order>(client: ZooKeeperClient, path: string, onChange?: () => void): Promise<Order | null> {
  const content = await client.read(path, onChange);
  return content === null ? null : (toOrder(content) as Order | null);
}

function toOrder(content: NodeContent): unknown {
  try {
    return JSON.parse(content.data.toString('utf8')) as unknown;
  } catch {
    return null; // Written by hand: nothing that we could obey.
  }
}
