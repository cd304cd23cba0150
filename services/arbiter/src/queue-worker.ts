import { Bell, SyncError } from '@lutra/model';
import type { InstanceDescription, ProcessIdentity } from '@lutra/model';
import type { InstanceQueue, StageQueue } from '@lutra/messaging';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Announcer } from './announcer.ts';
import type { ArbiterParts } from './arbiter-parts.ts';

/** What somebody sent to an instance that he did not yet know to be gone waits for so long at most. */
const SWEEP_MS = 2_000;
/** Consumers without messages harm nobody: they are looked for when members change, and every so many sweeps. */
const SWEEPS_PER_CONSUMER_LIST = 30;
/** A queue that has messages and nobody who reads it for so long: its instance is gone, whatever its session says. */
const UNREAD_MS = 1_500;
/** An instance that drains works off its own queue; what is left after this goes to the others. */
const DRAIN_MS = 10_000;

/** Pairs of instance and pipeline that are remembered as warned of. */
const WARNED_MAX = 10_000;

const QUEUE_OF_STAGE = { extract: 'selected', transform: 'extracted' } as const satisfies Record<string, StageQueue>;
type PlacedStage = keyof typeof QUEUE_OF_STAGE;
const STAGES = ['extract', 'transform'] as const satisfies readonly PlacedStage[];

/** The members of a stage as last seen. */
interface View {
  readonly members: readonly InstanceDescription[];
  /** Since when an instance is seen draining, monotonic ms. */
  readonly drainingSinceMs: ReadonlyMap<string, number>;
}

/** Since when messages of an instance are seen and nobody who reads them, monotonic ms. */
type Unread = Map<string, number>;

/**
 * Hands the processes that were placed on an instance which is gone, which does not read them, or which drains for too long,
 * to any instance: no epoch ends for it. One arbiter at a time does so. It compares what the queues hold with who lives, at
 * each change of the members and every two seconds; NATS tells of a killed process sooner than a session expires. It
 * remembers nothing that its successor would need: whatever it leaves half done is found
 * again. An instance that lives after all, or comes back under its name, loses nothing but work done twice.
 */
export class QueueWorker implements Worker {
  readonly name = 'queues';
  private readonly warned = new Set<string>();

  constructor(
    private readonly parts: ArbiterParts,
    private readonly announcer: Announcer,
    private readonly limits: { readonly drainMs: number } = { drainMs: DRAIN_MS },
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const parts = { ...this.parts, instance: this.parts.identity.instance };
    return leadRole(parts, { role: 'arbiter.queues', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const loops = STAGES.map((stage) => this.leadStage(stage, both));
    try {
      await Promise.all(loops);
    } finally {
      stop.abort();
      await Promise.allSettled(loops);
    }
  }

  private async leadStage(stage: PlacedStage, signal: AbortSignal): Promise<void> {
    const bell = new Bell(this.parts.clock);
    const seen: { view: View | null; isNew: boolean } = { view: null, isNew: true };
    const failed = new AbortController();
    const unread: Unread = new Map();
    const watching = this.watch(stage, signal, (members) => {
      seen.view = { members, drainingSinceMs: this.drainingSince(members, seen.view) };
      seen.isNew = true;
      bell.ring();
    }).catch((error: unknown) => {
      failed.abort(error);
    });
    for (let sweep = 0; !signal.aborted; sweep++) {
      if (seen.view === null) await bell.wait(SWEEP_MS, signal, failed.signal);
      failed.signal.throwIfAborted();
      const { view, isNew } = seen;
      if (view === null) continue;
      seen.isNew = false;
      await this.sweep({ stage, view, unread }, isNew || sweep % SWEEPS_PER_CONSUMER_LIST === 0);
      await bell.wait(SWEEP_MS, signal, failed.signal);
    }
    await watching;
  }

  private async watch(
    stage: PlacedStage,
    signal: AbortSignal,
    onChange: (members: readonly InstanceDescription[]) => void,
  ): Promise<void> {
    for await (const members of this.parts.coordinator.watchMembers(stage, signal)) onChange(members);
  }

  private drainingSince(members: readonly InstanceDescription[], before: View | null): Map<string, number> {
    const nowMs = this.parts.clock.monotonicMs();
    const draining = members.filter((member) => member.draining);
    return new Map(draining.map(({ instance }) => [instance, before?.drainingSinceMs.get(instance) ?? nowMs]));
  }

  /** Never rejects: what could not be done is done by the next sweep. */
  private async sweep(
    { stage, view, unread }: { readonly stage: PlacedStage; readonly view: View; readonly unread: Unread },
    withConsumers: boolean,
  ): Promise<void> {
    const { bus, coordinator, log } = this.parts;
    const queue = QUEUE_OF_STAGE[stage];
    let alive = new Set(view.members.map(({ instance }) => instance));
    try {
      for (const instance of await bus.instanceQueues(queue, { withConsumers })) {
        // One that has just joined may have work before the watch has told of it.
        if (!alive.has(instance)) alive = new Set((await coordinator.members(stage)).map((member) => member.instance));
        const isGone = !alive.has(instance);
        if (isGone) unread.delete(instance);
        // Messages that come and go before the next sweep have a reader; a consumer without messages needs none.
        const isDraining = !isGone && this.drainsTooLong(instance, view);
        if (!isGone && !isDraining && !(await this.isUnread({ queue, instance }, unread))) continue;
        const moved = await bus.moveInstanceQueue({ queue, instance }, { isClosed: isGone });
        if (moved.length === 0) continue;
        log.info({ stage, instance, isGone, isDraining, count: moved.length }, 'processes given to any instance');
        if (!isDraining) await this.warn(instance, moved);
      }
    } catch (error) {
      log.warn({ err: error, code: SyncError.of(error).code, stage }, 'queues could not be looked through');
    }
  }

  /** Once for a pipeline and instance: until its session ends, others go on sending to it. */
  private async warn(instance: string, moved: readonly ProcessIdentity[]): Promise<void> {
    if (this.warned.size > WARNED_MAX) this.warned.clear();
    for (const [pipelineId, { epoch }] of new Map(moved.map((identity) => [identity.pipelineId, identity]))) {
      const key = `${instance} ${pipelineId}`;
      if (this.warned.has(key)) continue;
      this.warned.add(key);
      const message = `${instance} is gone or does not read: processes that were placed on it go to other instances`;
      await this.announcer.warning(pipelineId, { code: 'INSTANCE_UNREAD', message, epoch });
    }
  }

  private drainsTooLong(instance: string, view: View): boolean {
    const sinceMs = view.drainingSinceMs.get(instance);
    return sinceMs !== undefined && this.parts.clock.monotonicMs() - sinceMs >= this.limits.drainMs;
  }

  private async isUnread(of: InstanceQueue, unread: Unread): Promise<boolean> {
    const nowMs = this.parts.clock.monotonicMs();
    if (await this.parts.bus.isInstanceQueueRead(of)) {
      unread.delete(of.instance);
      return false;
    }
    const sinceMs = unread.get(of.instance) ?? nowMs;
    unread.set(of.instance, sinceMs);
    return nowMs - sinceMs >= UNREAD_MS;
  }
}
