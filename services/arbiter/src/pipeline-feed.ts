import type { BlockedEvent, LoadedEvent, LutraEvent, StagedEvent, WindowEvent } from '@lutra/model';
import type { Worker } from '@lutra/service-kit';
import type { ArbiterParts } from './arbiter-parts.ts';

export type FeedEvent = LoadedEvent | StagedEvent | WindowEvent | BlockedEvent;

const KINDS = ['loaded', 'staged', 'window', 'blocked'] as const satisfies readonly FeedEvent['kind'][];
const isOfFeed = (event: LutraEvent): event is FeedEvent => KINDS.some((kind) => kind === event.kind);

/** What stages say of their progress, of all pipelines through one subscription, handed to whoever watches a pipeline. */
export class PipelineFeed implements Worker {
  readonly name = 'pipeline-feed';
  private readonly listeners = new Map<string, Set<(event: FeedEvent) => void>>();

  constructor(private readonly parts: Pick<ArbiterParts, 'bus'>) {}

  async run(signal: AbortSignal): Promise<void> {
    for await (const event of this.parts.bus.followEvents({ kinds: KINDS }, signal)) {
      if (event.pipelineId === null || !isOfFeed(event)) continue;
      for (const listener of [...(this.listeners.get(event.pipelineId) ?? [])]) listener(event);
    }
  }

  /** Listeners must not throw and not wait. Returns the function that ends the subscription. */
  subscribe(pipelineId: string, listener: (event: FeedEvent) => void): () => void {
    const listeners = this.listeners.get(pipelineId) ?? new Set();
    this.listeners.set(pipelineId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(pipelineId) === listeners) this.listeners.delete(pipelineId);
    };
  }
}
