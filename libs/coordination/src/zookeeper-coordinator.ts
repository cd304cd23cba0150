import type {
  InstallationOrder,
  InstanceDescription,
  InstanceOrder,
  LeaseHolder,
  Permit,
  ServiceName,
} from '@lutra/model';
import type { Coordinator, Lease, LeaseKind, LeaseManners, Membership, VersionedPermit } from './coordinator.ts';
import { joinMembers } from './membership.ts';
import { OrderStore } from './order-store.ts';
import { nameOf } from './paths.ts';
import type { Paths } from './paths.ts';
import { PermitStore } from './permit-store.ts';
import { acquirePlainLease, leaseHolderOf } from './plain-lease.ts';
import { acquireQueueLock } from './queue-lock.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { watchValue } from './watch-value.ts';
import type { NodeContent, ZooKeeperClient } from './zookeeper-client.ts';

const FORGET_LOCK_LIMIT_MS = 30_000;

/** The coordinator on one ZooKeeper ensemble. */
export class ZooKeeperCoordinator implements Coordinator {
  private readonly permits: PermitStore;
  private readonly orders: OrderStore;
  private fastKeeper: SessionKeeper | null = null;

  constructor(
    private readonly keeper: SessionKeeper,
    private readonly paths: Paths,
    private readonly sessions: { readonly timeoutMs: number; readonly openFast: () => SessionKeeper },
  ) {
    this.permits = new PermitStore(keeper, paths);
    this.orders = new OrderStore(keeper, paths);
  }

  join(instance: InstanceDescription): Promise<Membership> {
    return joinMembers(this.keeper, {
      path: this.paths.instance(instance.service, instance.instance),
      description: instance,
      predecessorLimitMs: this.sessions.timeoutMs * 2,
    });
  }

  members(service: ServiceName): Promise<InstanceDescription[]> {
    return this.keeper.run((client) => this.readMembers(client, service));
  }

  watchMembers(service: ServiceName, signal: AbortSignal): AsyncIterable<readonly InstanceDescription[]> {
    return watchValue(this.keeper, (client, onChange) => this.readMembers(client, service, onChange), signal);
  }

  instanceOrder(instance: string): Promise<InstanceOrder | null> {
    return this.orders.read(instance);
  }

  instanceOrders(): Promise<ReadonlyMap<string, InstanceOrder>> {
    return this.orders.all();
  }

  watchInstanceOrder(instance: string, signal: AbortSignal): AsyncIterable<InstanceOrder | null> {
    return this.orders.watch(instance, signal);
  }

  writeInstanceOrder(instance: string, order: InstanceOrder): Promise<void> {
    return this.orders.write(instance, order);
  }

  removeInstanceOrder(instance: string): Promise<void> {
    return this.orders.remove(instance);
  }

  installationOrder(): Promise<InstallationOrder | null> {
    return this.orders.readInstallation();
  }

  watchInstallationOrder(signal: AbortSignal): AsyncIterable<InstallationOrder | null> {
    return this.orders.watchInstallation(signal);
  }

  writeInstallationOrder(order: InstallationOrder): Promise<void> {
    return this.orders.writeInstallation(order);
  }

  permit(pipelineId: string): Promise<VersionedPermit | null> {
    return this.permits.read(pipelineId);
  }

  watchPermit(pipelineId: string, signal: AbortSignal): AsyncIterable<Permit | null> {
    return this.permits.watch(pipelineId, signal);
  }

  writePermit(pipelineId: string, permit: Permit, version: number | null): Promise<boolean> {
    return this.permits.write(pipelineId, permit, version);
  }

  async pipelines(): Promise<string[]> {
    const names = await this.keeper.run((client) => client.children(this.paths.pipelines));
    return (names ?? []).map(nameOf).sort();
  }

  async forgetPipeline(pipelineId: string): Promise<void> {
    const { paths } = this;
    const remove = (path: string): Promise<boolean> => this.keeper.run((client) => client.remove(path));
    const signal = AbortSignal.timeout(FORGET_LOCK_LIMIT_MS);
    await this.withPipelineLock(
      pipelineId,
      async () => {
        await remove(paths.permit(pipelineId));
        await remove(paths.lease(pipelineId, 'mainstem'));
        await remove(paths.lease(pipelineId, 'loader'));
      },
      signal,
    );
    // Both stay when somebody queues for the lock or a lease meanwhile: ZooKeeper removes no node with children.
    await remove(paths.lock(pipelineId));
    await remove(paths.pipeline(pipelineId));
  }

  acquireLease(
    lease: {
      readonly pipelineId: string;
      readonly kind: LeaseKind;
      readonly instance: string;
      readonly epochSeen: () => Promise<number>;
      readonly isFast?: boolean;
      readonly manners?: LeaseManners;
    },
    signal: AbortSignal,
  ): Promise<Lease> {
    const { instance, epochSeen, manners, isFast = false } = lease;
    const path = this.paths.lease(lease.pipelineId, lease.kind);
    const request = { path, instance, epochSeen, ...(manners === undefined ? {} : { manners }) };
    return acquirePlainLease(isFast ? this.fast() : this.keeper, request, signal);
  }

  async leaseHolder(pipelineId: string, kind: LeaseKind): Promise<LeaseHolder | null> {
    const content = await this.keeper.run((client) => client.read(this.paths.lease(pipelineId, kind)));
    return content === null ? null : leaseHolderOf(content);
  }

  async withPipelineLock<T>(
    pipelineId: string,
    work: (lost: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const held = await acquireQueueLock(this.keeper, { folder: this.paths.lock(pipelineId), content: '' }, signal);
    try {
      return await work(held.lost);
    } finally {
      await held.release();
    }
  }

  async acquireLeadership(role: string, instance: string, signal: AbortSignal): Promise<Lease> {
    const since = this.keeper.clock.now().toISOString();
    const holder: LeaseHolder = { instance, epoch: 0, since };
    const folder = this.paths.leader(role);
    const held = await acquireQueueLock(this.keeper, { folder, content: JSON.stringify(holder) }, signal);
    return { holder, lost: held.lost, release: () => held.release() };
  }

  isHealthy(): boolean {
    return this.keeper.isHealthy;
  }

  async close(): Promise<void> {
    await Promise.all([this.keeper.close(), this.fastKeeper?.close()]);
  }

  private fast(): SessionKeeper {
    this.fastKeeper ??= this.sessions.openFast();
    return this.fastKeeper;
  }

  private async readMembers(
    client: ZooKeeperClient,
    service: ServiceName,
    onChange?: () => void,
  ): Promise<InstanceDescription[]> {
    const folder = this.paths.instances(service);
    const names = (await client.children(folder, onChange)) ?? [];
    const contents = await Promise.all(
      names.sort().map((name) => client.read(`${folder}/${name}`, onChange, { missing: 'final' })),
    );
    return contents.flatMap((content) => (content === null ? [] : toMembers(content)));
  }
}

function toMembers(content: NodeContent): InstanceDescription[] {
  try {
    return [JSON.parse(content.data.toString('utf8')) as InstanceDescription];
  } catch {
    return []; // Written by hand: nobody of ours.
  }
}
