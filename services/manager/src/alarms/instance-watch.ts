import { SERVICES } from '@lutra/model';
import type { Clock, LutraEvent, ServiceName } from '@lutra/model';
import type { Bus } from '@lutra/messaging';
import type { Coordinator } from '@lutra/coordination';
import type { LostInstance } from './alarm-facts.ts';

/** What was lost longer ago is no news: whoever took it away for good need not say so. */
const LOST_MS_MAX = 86_400_000;
/** Read again from so long before the last look: clocks of instances differ. */
const OVERLAP_MS = 30_000;
/** More joins and losses than a day has. */
const EVENTS_MAX = 10_000;

interface Known {
  readonly service: ServiceName;
  readonly lostMs: number | null;
}

/** Who was there and is gone: by the event log, which outlives managers, and by the members, which outlive arbiters. */
export class InstanceWatch {
  private readonly known = new Map<string, Known>();
  private readonly joinedMs = new Map<ServiceName, number>();
  private readUntilMs: number | null = null;

  constructor(
    private readonly parts: { readonly bus: Bus; readonly coordinator: Coordinator; readonly clock: Clock },
  ) {}

  /** Lost in the last day, not back, and not followed by another instance of their service. */
  async read(): Promise<LostInstance[]> {
    const { bus, coordinator, clock } = this.parts;
    const nowMs = clock.now().getTime();
    const since = new Date(this.readUntilMs === null ? nowMs - LOST_MS_MAX : this.readUntilMs - OVERLAP_MS);
    const kinds = ['instance-joined', 'instance-lost'] as const;
    const events = await bus.readEvents({ kinds, since, limit: EVENTS_MAX });
    const members = (await Promise.all(SERVICES.map((service) => coordinator.members(service)))).flat();
    for (const event of events) this.fold(event);
    this.foldMembers(new Map(members.map(({ instance, service }) => [instance, service])), nowMs);
    this.readUntilMs = nowMs;
    return [...this.known].flatMap(([instance, { service, lostMs }]) =>
      lostMs === null || (this.joinedMs.get(service) ?? 0) > lostMs ? [] : [{ instance, service, lostMs }],
    );
  }

  private fold(event: LutraEvent): void {
    if (event.kind !== 'instance-joined' && event.kind !== 'instance-lost') return;
    const { instance, service } = event;
    const atMs = Date.parse(event.at);
    if (event.kind === 'instance-joined') this.join(instance, service, atMs);
    else this.known.set(instance, { service, lostMs: atMs });
  }

  private join(instance: string, service: ServiceName, atMs: number): void {
    this.known.set(instance, { service, lostMs: null });
    this.joinedMs.set(service, Math.max(this.joinedMs.get(service) ?? 0, atMs));
  }

  private foldMembers(members: ReadonlyMap<string, ServiceName>, nowMs: number): void {
    for (const [instance, service] of members) {
      const before = this.known.get(instance);
      // On the first look everybody is new to this manager, not to the service.
      if (before === undefined && this.readUntilMs === null) this.known.set(instance, { service, lostMs: null });
      else if (before === undefined || before.lostMs !== null) this.join(instance, service, nowMs);
    }
    for (const [instance, { service, lostMs }] of this.known) {
      if (lostMs === null && !members.has(instance)) this.known.set(instance, { service, lostMs: nowMs });
      if (lostMs !== null && nowMs - lostMs > LOST_MS_MAX) this.known.delete(instance);
    }
  }
}
