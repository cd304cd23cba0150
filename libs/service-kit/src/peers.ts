import { SyncError } from '@lutra/model';
import type { InstanceDescription } from '@lutra/model';
import type { LeaseManners } from '@lutra/coordination';
import { OwnOrder } from './own-order.ts';
import type { ServiceContext } from './service-context.ts';
import { standBackMs } from './stand-back.ts';
import type { Contender } from './stand-back.ts';
import { Watched } from './watched.ts';

const REWATCH_MS = 1_000;

/**
 * What an instance knows, in memory, of itself and the others of its service: its order, who is a member and takes work, and
 * who holds which lease of one kind (as its own contenders see it, so that it costs ZooKeeper nothing more).
 */
export class Peers extends Watched {
  readonly order: OwnOrder;
  private members: readonly InstanceDescription[] | null = null;
  /** Members that were asked for before the watch told of them. */
  private found: readonly InstanceDescription[] = [];
  private readonly holders = new Map<string, string>();
  /** The last one who was seen with a lease that is free now. */
  private readonly lastHolders = new Map<string, string>();
  private readonly leases = new Map<string, number>();

  constructor(private readonly context: ServiceContext) {
    super();
    this.order = new OwnOrder(context);
    this.order.watch(() => {
      this.tell();
    });
  }

  /** False until the first answers: nothing may be taken before. */
  get isKnown(): boolean {
    return this.order.isKnown && this.members !== null;
  }

  /**
   * Another live instance of this name takes work. One that is not known is asked for: it may have come a moment ago, and a
   * permit that names it may be here before it. False when nobody answers.
   */
  async takesWork(instance: string): Promise<boolean> {
    const isKnown = (): boolean => this.others().some((member) => member.instance === instance);
    // What was asked for before may be over: only the watch tells when somebody goes.
    this.found = [];
    if (isKnown()) return true;
    const { coordinator, identity, log } = this.context;
    try {
      this.found = (await coordinator.members(identity.service)).filter((member) => member.instance === instance);
    } catch (error) {
      log.warn({ err: error, code: SyncError.of(error).code, seat: instance }, 'members cannot be read');
    }
    return isKnown();
  }

  /** Somebody else could take a lease that this instance gives back. */
  get hasHeir(): boolean {
    return this.others().length > 0;
  }

  /** Follows order and members until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.order.run(signal), this.followMembers(signal)]);
  }

  /** How this instance contends for the lease of one pipeline; `seat` names who is to hold it. */
  manners(pipelineId: string, seat: () => string | undefined): LeaseManners {
    return {
      standBackMs: () => this.standBackMs(pipelineId, seat()),
      onHolder: (instance) => {
        this.note(pipelineId, instance);
      },
      watch: (listener) => this.watch(listener),
    };
  }

  /** The pipeline's lease is no longer looked at. */
  forget(pipelineId: string): void {
    this.note(pipelineId, null);
    this.lastHolders.delete(pipelineId);
  }

  private standBackMs(pipelineId: string, seat: string | undefined): number {
    const { identity } = this.context;
    // Whoever has just lost the lease or gives it back before it leaves is no one to wait for.
    const awaited = this.lastHolders.get(pipelineId) === seat ? undefined : seat;
    const self = { instance: identity.instance, weight: this.order.weight };
    return standBackMs(
      this.withLeases(self),
      this.others().map((member) => this.withLeases(member)),
      awaited,
    );
  }

  private withLeases({ instance, weight }: Omit<Contender, 'leases'>): Contender {
    return { instance, weight, leases: this.leases.get(instance) ?? 0 };
  }

  private note(pipelineId: string, instance: string | null): void {
    const before = this.holders.get(pipelineId) ?? null;
    if (before === instance) return;
    if (before !== null) {
      this.leases.set(before, (this.leases.get(before) ?? 0) - 1);
      this.lastHolders.set(pipelineId, before);
    }
    if (instance === null) this.holders.delete(pipelineId);
    else {
      this.holders.set(pipelineId, instance);
      this.leases.set(instance, (this.leases.get(instance) ?? 0) + 1);
    }
    this.tell();
  }

  private others(): readonly InstanceDescription[] {
    const { instance: own } = this.context.identity;
    const members = this.members ?? [];
    const unheard = this.found.filter(({ instance }) => !members.some((member) => member.instance === instance));
    return [...members, ...unheard].filter(
      ({ draining, instance, maintenance }) => instance !== own && !draining && maintenance !== true,
    );
  }

  private async followMembers(signal: AbortSignal): Promise<void> {
    const { clock, coordinator, identity, log } = this.context;
    while (!signal.aborted) {
      try {
        for await (const members of coordinator.watchMembers(identity.service, signal)) {
          this.members = members;
          this.found = [];
          this.tell();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code }, 'members cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }
}
