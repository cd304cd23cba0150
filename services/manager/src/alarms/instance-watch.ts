import { SERVICES } from '@lutra/model';
import type { Clock, LutraEvent, ServiceName } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { LostInstance } from './alarm-facts.ts';
import type { InstanceMemory, MemoryChange } from './fact-memory.ts';

/** What was lost longer ago is no news: whoever took it away for good need not say so. */
const LOST_MS_MAX = 86_400_000;
/** Read again from so long before the last look: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** More joins and losses than a day has. */
const EVENTS_MAX = 10_000;

/**
 * Who was there and is gone: by the event log, which outlives managers, by the members, which outlive arbiters, and by what was
 * stored, which outlives both: the next leader knows of a loss that no event tells.
 */
export class InstanceWatch {
  private readonly known = new Map<string, InstanceMemory>();
  private readUntilMs: number | null = null;

  constructor(
    private readonly parts: { readonly bus: Bus; readonly coordinator: Coordinator; readonly clock: Clock },
  ) {}

  /** Lost in the last day, not back, and not followed by another instance of their service. */
  async read(stored: readonly InstanceMemory[]): Promise<LostInstance[]> {
    const { bus, coordinator, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const since = new Date(this.readUntilMs === null ? nowMs - LOST_MS_MAX : this.readUntilMs - OVERLAP_MS);
    const kinds = ['instance-joined', 'instance-lost'] as const;
    const events = await bus.readEvents({ kinds, since, limit: EVENTS_MAX });
    const members = (await Promise.all(SERVICES.map((service) => coordinator.members(service)))).flat();
    if (this.readUntilMs === null) for (const row of stored) this.known.set(row.instance, row);
    for (const event of events) this.fold(event);
    // On the first look of all everybody is new to the managers, not to the service.
    const isFirst = this.readUntilMs === null && stored.length === 0;
    this.foldMembers(new Map(members.map(({ instance, service }) => [instance, service])), { nowMs, isFirst });
    this.readUntilMs = nowMs;
    return [...this.known.values()].flatMap(({ instance, service, lostMs }) =>
      lostMs === null || this.newestJoinMs(service) >= lostMs ? [] : [{ instance, service, lostMs }],
    );
  }

  /** What this look has to store. */
  changes(stored: readonly InstanceMemory[]): Pick<MemoryChange, 'instances' | 'forgottenInstances'> {
    if (this.readUntilMs === null) return { instances: [], forgottenInstances: [] };
    const before = new Map(stored.map((row) => [row.instance, row]));
    const instances = [...this.known.values()].filter((row) => {
      const same = before.get(row.instance);
      return same?.lostMs !== row.lostMs || same.joinedMs !== row.joinedMs || same.service !== row.service;
    });
    const forgottenInstances = [...before.keys()].filter((instance) => !this.known.has(instance));
    return { instances, forgottenInstances };
  }

  private newestJoinMs(service: ServiceName): number {
    const joins = [...this.known.values()].filter((row) => row.service === service).map((row) => row.joinedMs ?? 0);
    return Math.max(0, ...joins);
  }

  /** Events are read more than once, also old ones: only what is newer than what is known changes it. */
  private fold(event: LutraEvent): void {
    if (event.kind !== 'instance-joined' && event.kind !== 'instance-lost') return;
    const { instance, service } = event;
    const atMs = Date.parse(event.at);
    const { joinedMs = null, lostMs = null } = this.known.get(instance) ?? {};
    if (event.kind === 'instance-joined') {
      const stillLostMs = lostMs !== null && atMs < lostMs ? lostMs : null;
      this.known.set(instance, { instance, service, joinedMs: Math.max(joinedMs ?? 0, atMs), lostMs: stillLostMs });
    } else if (joinedMs === null || atMs >= joinedMs)
      this.known.set(instance, { instance, service, joinedMs, lostMs: lostMs ?? atMs });
  }

  private foldMembers(
    members: ReadonlyMap<string, ServiceName>,
    { nowMs, isFirst }: { readonly nowMs: number; readonly isFirst: boolean },
  ): void {
    for (const [instance, service] of members) {
      const before = this.known.get(instance);
      if (before !== undefined && before.lostMs === null) continue;
      const joinedMs = before === undefined && isFirst ? null : nowMs;
      this.known.set(instance, { instance, service, joinedMs, lostMs: null });
    }
    for (const [instance, row] of this.known) {
      const lostMs = row.lostMs ?? (members.has(instance) ? null : nowMs);
      if (lostMs !== null && nowMs - lostMs > LOST_MS_MAX) this.known.delete(instance);
      else this.known.set(instance, { ...row, lostMs });
    }
  }
}
