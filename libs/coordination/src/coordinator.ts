import type {
  InstallationOrder,
  InstanceDescription,
  InstanceOrder,
  LeaseHolder,
  Permit,
  ServiceName,
} from '@lutra/model';

export interface CoordinatorOptions {
  /** Comma-separated 'host:port', with a path behind the last one when everything shall be below it ('zk1:2181,zk2:2181/site'). */
  readonly servers: string;
  /** Root path of everything, default '/lutra'. Created when missing. Tests isolate themselves with another one. */
  readonly root?: string;
  /** Digest authentication 'user:password'; nodes are then created with an ACL for this user only. */
  readonly auth?: string;
  readonly sessionTimeoutMs?: number;
  /** Session timeout of leases that are asked for with `isFast`; a session of its own, opened when the first one asks. */
  readonly fastSessionTimeoutMs?: number;
}

export type LeaseKind = 'mainstem' | 'loader';

export interface VersionedPermit {
  readonly permit: Permit;
  /** ZooKeeper version of the node, for compare-and-set. */
  readonly version: number;
}

/** Held from the moment it is handed out until released or lost. */
export interface Lease {
  readonly holder: LeaseHolder;
  /** Aborts when the session has expired or the node is gone: the holder must stop its work. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export type MembershipChange = Partial<Pick<InstanceDescription, 'load' | 'weight' | 'draining' | 'maintenance'>>;

/** How one contender gives way to others while a lease is free. Asked often: must answer from memory. */
export interface LeaseManners {
  /** For how many ms, counted from when the lease was found free, this contender still leaves it to others; 0 = it takes it now. */
  readonly standBackMs: () => number;
  /** Told at every look who holds the lease, null = nobody; and its own instance when it is about to take it. */
  readonly onHolder: (instance: string | null) => void;
  /** Calls back when `standBackMs` may have changed; returns the function that stops it. */
  readonly watch: (listener: () => void) => () => void;
}

export interface Membership {
  /** Writes new load figures, the weight, or what an order has made of the instance. */
  update(change: MembershipChange): Promise<void>;
  leave(): Promise<void>;
}

/** Everything that Lutra keeps in ZooKeeper. Sessions are renewed for ever; membership is re-created after an expiry. Throws SyncError. */
export interface Coordinator {
  join(instance: InstanceDescription): Promise<Membership>;
  members(service: ServiceName): Promise<InstanceDescription[]>;
  /** Current members first, then every change. */
  watchMembers(service: ServiceName, signal: AbortSignal): AsyncIterable<readonly InstanceDescription[]>;

  /** What a person has ordered of an instance, alive or not; null = nothing. */
  instanceOrder(instance: string): Promise<InstanceOrder | null>;
  /** All standing orders by instance. */
  instanceOrders(): Promise<ReadonlyMap<string, InstanceOrder>>;
  /** Current order first, then every change. */
  watchInstanceOrder(instance: string, signal: AbortSignal): AsyncIterable<InstanceOrder | null>;
  /** Outlives sessions and restarts. Of two writers the last one's word stands. */
  writeInstanceOrder(instance: string, order: InstanceOrder): Promise<void>;
  /** Takes the order back; nothing happens when there is none. */
  removeInstanceOrder(instance: string): Promise<void>;

  /** What a person has ordered of all instances; null = nothing, or it was lost. */
  installationOrder(): Promise<InstallationOrder | null>;
  /** Current order first, then every change. */
  watchInstallationOrder(signal: AbortSignal): AsyncIterable<InstallationOrder | null>;
  /** Outlives sessions and restarts. Of two writers the last one's word stands. */
  writeInstallationOrder(order: InstallationOrder): Promise<void>;

  permit(pipelineId: string): Promise<VersionedPermit | null>;
  /** Current permit first, then every change. A watch is a hint: the node is read again on reconnect and every 5 s. */
  watchPermit(pipelineId: string, signal: AbortSignal): AsyncIterable<Permit | null>;
  /** Compare-and-set: `version` null = must not exist yet. False when someone else was first. */
  writePermit(pipelineId: string, permit: Permit, version: number | null): Promise<boolean>;
  /** Ids below /pipelines. */
  pipelines(): Promise<string[]>;
  /** Removes everything below /pipelines/<id>. */
  forgetPipeline(pipelineId: string): Promise<void>;

  /**
   * Waits until this instance holds the lease. `epochSeen` is asked at the moment of winning and stored in the node. With
   * `isFast` the lease hangs on a session of short timeout: it is free sooner after its holder has died, and lost sooner by
   * one that stalls. `manners` say when a free lease is left to others. Rejects when the signal aborts.
   */
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
  ): Promise<Lease>;
  leaseHolder(pipelineId: string, kind: LeaseKind): Promise<LeaseHolder | null>;

  /** Runs `work` under the pipeline's lock; the signal given to it aborts when the lock is lost. */
  withPipelineLock<T>(pipelineId: string, work: (lost: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Waits until this instance leads `role` (/leader/<role>); the returned lease tells when it no longer does. */
  acquireLeadership(role: string, instance: string, signal: AbortSignal): Promise<Lease>;

  isHealthy(): boolean;
  close(): Promise<void>;
}
