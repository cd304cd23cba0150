import { PermitFeed } from './permit-feed.ts';
import type { ServiceContext } from './service-context.ts';

/** A permit that nobody asked for in this time is no longer watched: with hundreds of pipelines most are quiet. */
const UNUSED_MS_MAX = 60_000;

interface Entry {
  readonly feed: PermitFeed;
  readonly abort: AbortController;
  users: number;
  usedMs: number;
}

/** The permits of the pipelines whose processes pass through this instance, each watched from its first use on. */
export class PermitCache {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly context: Pick<ServiceContext, 'clock' | 'coordinator' | 'log'>) {}

  get size(): number {
    return this.entries.size;
  }

  /** The feed of a pipeline; call `done` exactly once when it is no longer looked at. */
  use(pipelineId: string): { readonly feed: PermitFeed; readonly done: () => void } {
    this.dropUnused();
    const entry = this.entries.get(pipelineId) ?? this.open(pipelineId);
    entry.users += 1;
    return {
      feed: entry.feed,
      done: () => {
        entry.users -= 1;
        entry.usedMs = this.context.clock.monotonicMs();
      },
    };
  }

  /** Ends all watches. */
  close(): void {
    for (const { abort } of this.entries.values()) abort.abort();
    this.entries.clear();
  }

  private open(pipelineId: string): Entry {
    const entry = {
      feed: new PermitFeed(pipelineId, this.context),
      abort: new AbortController(),
      users: 0,
      usedMs: this.context.clock.monotonicMs(),
    };
    this.entries.set(pipelineId, entry);
    // Ends when the entry is dropped; it never rejects.
    void entry.feed.run(entry.abort.signal);
    return entry;
  }

  private dropUnused(): void {
    const limitMs = this.context.clock.monotonicMs() - UNUSED_MS_MAX;
    for (const [pipelineId, { users, usedMs, abort }] of this.entries) {
      if (users > 0 || usedMs > limitMs) continue;
      abort.abort();
      this.entries.delete(pipelineId);
    }
  }
}
