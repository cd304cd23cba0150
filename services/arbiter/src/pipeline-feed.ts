import type { LutraEvent } from '@lutra/model';
import type { Worker } from '@lutra/service-kit';
import type { ArbiterParts } from './arbiter-parts.ts';

const KINDS = [
  'loaded',
  'staged',
  'window',
  'blocked',
  'permit-granted',
  'permit-revoked',
  'command-issued',
  'command-done',
  'rolled-back',
  'warning',
  'failed',
] as const satisfies readonly LutraEvent['kind'][];

/** What stages and arbiters say, of all pipelines through one subscription, handed to whoever watches a pipeline. */
export class PipelineFeed implements Worker {
  readonly name = 'pipeline-feed';
  private readonly listeners = new Map<string, Set<(event: LutraEvent) => void>>();

  constructor(private readonly parts: Pick<ArbiterParts, 'bus'>) {}

  async run(signal: AbortSignal): Promise<void> {
    for await (const event of this.parts.bus.followEvents({ kinds: KINDS }, signal)) {
      if (event.pipelineId === null) continue;
      for (const listener of [...(this.listeners.get(event.pipelineId) ?? [])]) listener(event);
    }
  }

  /** Listeners must not throw and not wait. Returns the function that ends the subscription. */
  subscribe(pipelineId: string, listener: (event: LutraEvent) => void): () => void {
    const listeners = this.listeners.get(pipelineId) ?? new Set();
    this.listeners.set(pipelineId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(pipelineId) === listeners) this.listeners.delete(pipelineId);
    };
  }
}
