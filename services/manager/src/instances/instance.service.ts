import { SERVICES, SyncError } from '@lutra/model';
import type { Clock, InstanceDescription, InstanceOrder, LogLevel, ServiceName } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import { recordAudit } from '../audit/record-audit.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Store } from '../store/store.ts';
import type { HeldLeaseDto, InstanceDetailDto, InstanceDto, InstanceListDto } from './instance.dto.ts';

/** How far back the event log is asked whether an instance that is down was ever there. */
const HEARD_OF_EVENTS_MAX = 1_000;

/** What a request changes of an order; what it leaves out stays. */
export type OrderChange = Partial<Pick<InstanceOrder, 'draining' | 'maintenance' | 'weight' | 'logLevel'>>;

const NO_ORDER = { draining: false, maintenance: false, weight: null, logLevel: null } as const;

/** The instances of all services, what they hold, and what a person has ordered of them. ZooKeeper knows both. */
export class InstanceService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly coordinator: Coordinator;
      readonly bus: Bus;
      readonly clock: Clock;
    },
  ) {}

  /** All that are alive, then those that are down and have an order. */
  async list(): Promise<InstanceListDto> {
    const { coordinator } = this.parts;
    const [alive, orders, leases] = await Promise.all([
      this.members(),
      coordinator.instanceOrders(),
      this.leasesByInstance(),
    ]);
    const names = new Set(alive.map(({ instance }) => instance));
    const down = [...orders.keys()].filter((instance) => !names.has(instance)).sort();
    const dtoOf = (instance: string, member: InstanceDescription | null): InstanceDto => ({
      ...describe(instance, member),
      order: orders.get(instance) ?? null,
      leases: leases.get(instance) ?? [],
    });
    const items = [...alive.map((member) => dtoOf(member.instance, member)), ...down.map((name) => dtoOf(name, null))];
    return { items, total: items.length };
  }

  /** Throws RESOURCE_NOT_FOUND for a name that nobody has heard of. */
  async get(instance: string): Promise<InstanceDetailDto> {
    const { coordinator } = this.parts;
    const [member, order, leases] = await Promise.all([
      this.member(instance),
      coordinator.instanceOrder(instance),
      this.leasesByInstance(),
    ]);
    const service = member?.service ?? (await this.serviceOf(instance, order !== null));
    const held = leases.get(instance) ?? [];
    const described = { ...describe(instance, member), service, order, leases: held };
    return { ...described, drain: described.draining || order?.draining === true ? progressOf(member, held) : null };
  }

  /**
   * Writes what is ordered of the instance from now on, alive or not, with its audit entry. Orders of several people are
   * written one after the other. Throws RESOURCE_NOT_FOUND.
   */
  async order(
    instance: string,
    change: OrderChange,
    by: { readonly caller: Caller; readonly reason: string },
  ): Promise<InstanceDetailDto> {
    const { coordinator, store, clock } = this.parts;
    const { caller, reason } = by;
    await this.get(instance);
    await store.change(async (manager) => {
      const before = await coordinator.instanceOrder(instance);
      const at = clock.now();
      const { draining, maintenance, weight, logLevel } = { ...NO_ORDER, ...before, ...change };
      const said = { reason, by: caller.name, at: at.toISOString() };
      const after: InstanceOrder = { draining, maintenance, weight, logLevel, ...said };
      const write = { action: 'update', resource: 'instance', resourceId: instance, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      // Last: when it fails, the entry goes too.
      await coordinator.writeInstanceOrder(instance, after);
    });
    return this.get(instance);
  }

  /**
   * Orders a log level (null = as each was started) of all instances of a service, or of all services: of those that are alive,
   * and of those that are down and have an order already. Answers with the orders as they stand then.
   */
  async orderLogLevel(
    { service, level }: { readonly service: ServiceName | undefined; readonly level: LogLevel | null },
    by: { readonly caller: Caller; readonly reason: string },
  ): Promise<InstanceListDto> {
    const { items } = await this.list();
    const isMeant = (one: InstanceDto): boolean => service === undefined || one.service === service;
    for (const { instance } of items.filter(isMeant)) await this.order(instance, { logLevel: level }, by);
    const ordered = (await this.list()).items.filter(isMeant);
    return { items: ordered, total: ordered.length };
  }

  /** The instance as a member of any service; null when it is not alive. */
  async member(instance: string): Promise<InstanceDescription | null> {
    return (await this.members()).find((member) => member.instance === instance) ?? null;
  }

  private async members(): Promise<readonly InstanceDescription[]> {
    const members = await Promise.all(SERVICES.map((service) => this.parts.coordinator.members(service)));
    return members.flatMap((ofService) => ofService.toSorted((a, b) => a.instance.localeCompare(b.instance)));
  }

  /** The service of an instance that is down, as the event log tells; null when only its order is left. */
  private async serviceOf(instance: string, hasOrder: boolean): Promise<ServiceName | null> {
    const kinds = ['instance-joined', 'instance-lost'] as const;
    const events = await this.parts.bus.readEvents({ kinds, limit: HEARD_OF_EVENTS_MAX });
    const heard = events.findLast((event) => 'instance' in event && event.instance === instance);
    if (heard !== undefined && 'service' in heard) return heard.service;
    if (hasOrder) return null;
    const problem = `There is no instance ${instance}, and none of that name was heard of`;
    throw new SyncError('RESOURCE_NOT_FOUND', { problem, id: instance });
  }

  /** Two small reads for each pipeline, all at once. */
  private async leasesByInstance(): Promise<ReadonlyMap<string, HeldLeaseDto[]>> {
    const { coordinator } = this.parts;
    const held = new Map<string, HeldLeaseDto[]>();
    const pipelines = await coordinator.pipelines();
    await Promise.all(
      pipelines.flatMap((pipelineId) =>
        (['mainstem', 'loader'] as const).map(async (kind) => {
          const holder = await coordinator.leaseHolder(pipelineId, kind);
          if (holder === null) return;
          const { instance, since } = holder;
          const lease = { pipelineId, stage: kind === 'mainstem' ? 'select' : 'load', since } as const;
          held.set(instance, [...(held.get(instance) ?? []), lease]);
        }),
      ),
    );
    return held;
  }
}

function describe(instance: string, member: InstanceDescription | null): Omit<InstanceDto, 'order' | 'leases'> {
  if (member === null) {
    const unknown = { host: null, pid: null, version: null, startedAt: null, httpPort: null, load: null, weight: null };
    return { ...unknown, service: null, instance, alive: false, draining: false, maintenance: false };
  }
  const { service, host, pid, version, startedAt, httpPort, load, weight, draining, maintenance = false } = member;
  return {
    ...{ service, instance, alive: true, host, pid, version, startedAt, httpPort },
    ...{ load, weight, draining, maintenance },
  };
}

/** Leases are counted in ZooKeeper, tasks by the instance itself every few seconds. */
function progressOf(member: InstanceDescription | null, leases: readonly HeldLeaseDto[]): InstanceDetailDto['drain'] {
  const tasksLeft = member?.load.tasks ?? 0;
  // One that has not heard its order yet may still take work.
  const hasHeard = member === null || member.draining;
  return { leasesLeft: leases.length, tasksLeft, isEmpty: hasHeard && leases.length === 0 && tasksLeft === 0 };
}
