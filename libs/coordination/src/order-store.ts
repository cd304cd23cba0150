import { SyncError } from '@lutra/model';
import type { InstanceOrder } from '@lutra/model';
import { nameOf } from './paths.ts';
import type { Paths } from './paths.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { watchValue } from './watch-value.ts';
import type { NodeContent, ZooKeeperClient } from './zookeeper-client.ts';

/** A write that meets a removal (or the other way round) looks again; more often than this nobody gives orders. */
const WRITE_TRIES = 5;

/** Orders for instances as JSON in persistent nodes: they wait for an instance that is not there yet. */
export class OrderStore {
  constructor(
    private readonly keeper: SessionKeeper,
    private readonly paths: Paths,
  ) {}

  read(instance: string): Promise<InstanceOrder | null> {
    return this.keeper.run((client) => this.readFrom(client, instance));
  }

  all(): Promise<ReadonlyMap<string, InstanceOrder>> {
    return this.keeper.run(async (client) => {
      const orders = new Map<string, InstanceOrder>();
      for (const name of (await client.children(this.paths.orders)) ?? []) {
        const order = await this.readFrom(client, nameOf(name));
        if (order !== null) orders.set(nameOf(name), order);
      }
      return orders;
    });
  }

  watch(instance: string, signal: AbortSignal): AsyncIterable<InstanceOrder | null> {
    return watchValue(this.keeper, (client, onChange) => this.readFrom(client, instance, onChange), signal);
  }

  /** Repeating it is harmless: the same order is written again. */
  async write(instance: string, order: InstanceOrder): Promise<void> {
    const path = this.paths.order(instance);
    const wanted = JSON.stringify(order);
    await this.keeper.run(async (client) => {
      for (let attempt = 0; attempt < WRITE_TRIES; attempt += 1) {
        const content = await client.read(path);
        if (content === null) {
          if ((await client.create(path, wanted, 'persistent')) !== null) return;
        } else if (await client.write(path, wanted, content.version)) return;
      }
      throw new SyncError('COORDINATION_CONFLICT', { problem: `The order for ${instance} keeps changing`, instance });
    });
  }

  async remove(instance: string): Promise<void> {
    await this.keeper.run((client) => client.remove(this.paths.order(instance)));
  }

  private async readFrom(
    client: ZooKeeperClient,
    instance: string,
    onChange?: () => void,
  ): Promise<InstanceOrder | null> {
    const content = await client.read(this.paths.order(instance), onChange);
    return content === null ? null : toOrder(content);
  }
}

function toOrder(content: NodeContent): InstanceOrder | null {
  try {
    return JSON.parse(content.data.toString('utf8')) as InstanceOrder;
  } catch {
    return null; // Written by hand: nothing that we could obey.
  }
}
