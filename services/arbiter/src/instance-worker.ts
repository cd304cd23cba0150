import { SERVICES } from '@lutra/model';
import type { ServiceName } from '@lutra/model';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';

/** Newest joins and losses that a new leader reads to know who was there before. */
const HISTORY_MAX = 10_000;

/** Tells the event log who joins and who is lost. One arbiter at a time does so; the next goes on from what the log says. */
export class InstanceWorker implements Worker {
  readonly name = 'instances';

  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const parts = { ...this.parts, instance: this.parts.identity.instance };
    return leadRole(parts, { role: 'arbiter.instances', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const present = await this.present();
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const watches = SERVICES.map((service) => this.follow(service, present.get(service) ?? new Set(), both));
    try {
      await Promise.all(watches);
    } finally {
      stop.abort();
      await Promise.allSettled(watches);
    }
  }

  private async follow(service: ServiceName, present: Set<string>, signal: AbortSignal): Promise<void> {
    for await (const members of this.parts.coordinator.watchMembers(service, signal)) {
      const now = new Set(members.map(({ instance }) => instance));
      for (const instance of [...present].filter((each) => !now.has(each))) {
        await this.announcer.instance('instance-lost', { service, instance });
        present.delete(instance);
      }
      for (const instance of [...now].filter((each) => !present.has(each))) {
        await this.announcer.instance('instance-joined', { service, instance });
        present.add(instance);
      }
    }
  }

  /** Who is there by the log: a change between two leaders is then told by the second. */
  private async present(): Promise<Map<ServiceName, Set<string>>> {
    const present = new Map<ServiceName, Set<string>>();
    const history = await this.parts.bus.readEvents({
      kinds: ['instance-joined', 'instance-lost'],
      limit: HISTORY_MAX,
    });
    for (const event of history) {
      if (event.kind !== 'instance-joined' && event.kind !== 'instance-lost') continue;
      const members = present.get(event.service) ?? new Set();
      present.set(event.service, members);
      if (event.kind === 'instance-joined') members.add(event.instance);
      else members.delete(event.instance);
    }
    return present;
  }
}
