import { SyncError } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { LeaseKind } from '@lutra/coordination';
import { Peers } from './peers.ts';
import { PipelineKeeper } from './pipeline-keeper.ts';
import type { PipelineSession } from './pipeline-session.ts';
import type { ServiceContext } from './service-context.ts';
import type { Worker } from './worker.ts';

const REWATCH_MS = 1_000;

export type RunEpoch = (session: PipelineSession) => Promise<void>;

/**
 * The life of a stage that only one instance may do per pipeline (select: mainstem, load: loader).
 * For every configured pipeline whose permit is not STOPPED it contends for the lease; winning issues RESTART about the
 * epoch seen; then `runEpoch` is called for each larger epoch whose permit is RUNNING. `take` makes it, once for as long as
 * the pipeline is defined: what epochs keep for later ones lives there, and goes with the pipeline. When `runEpoch` throws, the failure
 * goes to the event log and to the arbiter as ROLLBACK about this epoch, with its class; the instance keeps the lease and
 * waits for the next epoch. When it resolves, the epoch counts as done. STOPPED releases the lease. A pipeline that fails
 * stays alone: each has its own loop. A free lease goes to the seat that the permit names, else to the instance that the
 * pipeline prefers, else to the least loaded by weight: the others stand back for a short, bounded time. A person's orders
 * for this instance (draining, maintenance, weight) are known before it contends for anything.
 */
export function leasedPipelines(context: ServiceContext, kind: LeaseKind, take: () => RunEpoch): Worker {
  let fleet: Fleet | null = null;
  return {
    name: kind,
    run: async (signal) => {
      const current = new Fleet(context, { kind, take });
      fleet = current;
      await current.run(signal);
    },
    drain: async () => {
      await fleet?.drain();
    },
    tasks: () => fleet?.leases() ?? 0,
  };
}

/** All pipelines of one worker. */
class Fleet {
  private readonly keepers = new Map<string, { readonly keeper: PipelineKeeper; readonly end: () => void }>();
  /** Loops that run, the ended ones of removed pipelines included until they are through. */
  private readonly loops = new Set<Promise<void>>();
  private readonly drained = new AbortController();
  private readonly peers: Peers;

  constructor(
    private readonly context: ServiceContext,
    private readonly task: { readonly kind: LeaseKind; readonly take: () => RunEpoch },
  ) {
    this.peers = new Peers(context);
  }

  leases(): number {
    return [...this.keepers.values()].filter(({ keeper }) => keeper.holdsLease).length;
  }

  /** Follows the definitions until the signal aborts; a watch that breaks is set again and leases are kept meanwhile. */
  async run(stopping: AbortSignal): Promise<void> {
    const { bus, clock, log } = this.context;
    const signal = AbortSignal.any([stopping, this.drained.signal]);
    const following = this.peers.run(signal);
    await this.peers.waitUntil(() => this.peers.isKnown, signal);
    while (!signal.aborted) {
      try {
        for await (const { pipelineId, definition } of bus.watchDefinitions(signal))
          this.apply(pipelineId, definition, signal);
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error, code: SyncError.of(error).code }, 'definitions cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
    await Promise.all(this.loops);
    await following;
  }

  /** Ends running epochs and gives the leases back, so that another instance takes over at once. */
  async drain(): Promise<void> {
    this.drained.abort();
    await Promise.all(this.loops);
  }

  private apply(pipelineId: string, definition: PipelineDefinition | null, signal: AbortSignal): void {
    const known = this.keepers.get(pipelineId);
    if (definition === null) {
      known?.end();
      this.keepers.delete(pipelineId);
    } else if (known === undefined) this.open(definition, signal);
    else known.keeper.adopt(definition);
  }

  private open(definition: PipelineDefinition, signal: AbortSignal): void {
    const removed = new AbortController();
    const { kind, take } = this.task;
    const keeper = new PipelineKeeper(this.context, { kind, runEpoch: take(), peers: this.peers }, definition);
    this.keepers.set(definition.id, {
      keeper,
      end: () => {
        removed.abort();
      },
    });
    const loop = keeper.run(AbortSignal.any([signal, removed.signal])).finally(() => this.loops.delete(loop));
    this.loops.add(loop);
  }
}
