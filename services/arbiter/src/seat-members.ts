import type { LeaseKind } from '@lutra/coordination';
import { SyncError } from '@lutra/model';
import type { InstanceDescription } from '@lutra/model';
import type { ArbiterParts } from './arbiter-parts.ts';
import { SERVICE_OF } from './choose-seat.ts';

const REWATCH_MS = 1_000;

interface Member {
  readonly description: InstanceDescription;
  /** Since when it takes work without a break, monotonic ms; null = it does not. */
  readonly workingSinceMs: number | null;
}

/**
 * Who could hold the leases of the pipelines that this arbiter leads: one watch for all of them, and who holds what or was
 * chosen to, so that choices that are made at once spread.
 */
export class SeatMembers {
  private readonly members = new Map<LeaseKind, ReadonlyMap<string, Member>>();
  private readonly holders = new Map<string, { readonly kind: LeaseKind; readonly instance: string }>();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly parts: Pick<ArbiterParts, 'clock' | 'coordinator' | 'log'>) {}

  /** Until the signal aborts; a watch that breaks is set again. */
  async follow(signal: AbortSignal): Promise<void> {
    await Promise.all((['mainstem', 'loader'] as const).map((kind) => this.followKind(kind, signal)));
  }

  /** Calls back when somebody comes, goes, or takes work or takes it no longer; returns the function that stops it. */
  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  isKnown(kind: LeaseKind): boolean {
    return this.members.has(kind);
  }

  /** It is a member and shows that it gives its work away: a person's order, or it stops. */
  isLeaving(kind: LeaseKind, instance: string): boolean {
    return this.members.get(kind)?.get(instance)?.description.draining ?? false;
  }

  /** Those who take work, with their load. */
  working(kind: LeaseKind): { instance: string; weight: number; leases: number; steadyMs: number }[] {
    const nowMs = this.parts.clock.monotonicMs();
    const found = [];
    for (const [instance, { description, workingSinceMs }] of this.members.get(kind) ?? []) {
      if (workingSinceMs === null) continue;
      const leases = Math.max(description.load.tasks, this.leasesOf(kind, instance));
      found.push({ instance, weight: description.weight, leases, steadyMs: nowMs - workingSinceMs });
    }
    return found;
  }

  /** Remembers who holds a lease or is to get it; null = nobody known. */
  note(pipelineId: string, kind: LeaseKind, instance: string | null): void {
    const key = `${kind} ${pipelineId}`;
    if (instance === null) this.holders.delete(key);
    else this.holders.set(key, { kind, instance });
  }

  private leasesOf(kind: LeaseKind, instance: string): number {
    let count = 0;
    for (const holder of this.holders.values()) if (holder.kind === kind && holder.instance === instance) count += 1;
    return count;
  }

  private async followKind(kind: LeaseKind, signal: AbortSignal): Promise<void> {
    const { clock, coordinator, log } = this.parts;
    while (!signal.aborted) {
      try {
        for await (const descriptions of coordinator.watchMembers(SERVICE_OF[kind], signal))
          this.adopt(kind, descriptions);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code, kind }, 'members cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }

  private adopt(kind: LeaseKind, descriptions: readonly InstanceDescription[]): void {
    const before = this.members.get(kind);
    const nowMs = this.parts.clock.monotonicMs();
    const now = new Map<string, Member>();
    for (const description of descriptions) {
      const known = before?.get(description.instance);
      const isSame = known?.description.startedAt === description.startedAt;
      const takesWork = !description.draining && description.maintenance !== true;
      const workingSinceMs = takesWork ? ((isSame ? known.workingSinceMs : null) ?? nowMs) : null;
      now.set(description.instance, { description, workingSinceMs });
    }
    this.members.set(kind, now);
    if (shapeOf(before) !== shapeOf(now)) for (const listener of [...this.listeners]) listener();
  }
}

/** What the choice of a seat depends on; load figures come every five seconds and wake nobody. */
const shapeOf = (members: ReadonlyMap<string, Member> | undefined): string =>
  JSON.stringify(
    [...(members ?? [])].map(([instance, { description, workingSinceMs }]) => [
      instance,
      workingSinceMs,
      description.draining,
      description.weight,
    ]),
  );
