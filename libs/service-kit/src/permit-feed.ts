import { linkSignals, SyncError } from '@lutra/model';
import type { Permit } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';

const REWATCH_MS = 1_000;

/** What is known of a pipeline's permit: `undefined` until the first answer, null = there is none. */
export type KnownPermit = Permit | null | undefined;

/** Follows the permit of one pipeline, so that everybody in this instance asks memory and not ZooKeeper. */
export class PermitFeed {
  private known: KnownPermit;
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly pipelineId: string,
    private readonly context: Pick<ServiceContext, 'clock' | 'coordinator' | 'log'>,
  ) {}

  get permit(): KnownPermit {
    return this.known;
  }

  /** Follows until the signal aborts; a watch that breaks is set again. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, coordinator, log } = this.context;
    while (!signal.aborted) {
      try {
        for await (const permit of coordinator.watchPermit(this.pipelineId, signal)) this.adopt(permit);
      } catch (error) {
        if (signal.aborted) return;
        const { code } = SyncError.of(error);
        log.warn({ pipelineId: this.pipelineId, code, err: error }, 'permit cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }

  /** Reads the permit anew when `epoch` is higher than what is known: a message may be faster than a watch. */
  async expectEpoch(epoch: number): Promise<void> {
    if (epoch <= (this.known?.epoch ?? 0)) return;
    const answer = await this.context.coordinator.permit(this.pipelineId);
    if (answer !== null && answer.permit.epoch > (this.known?.epoch ?? 0)) this.adopt(answer.permit);
  }

  /** Resolves true as soon as the claim holds for what is known, false when the signal aborts (also when it has before: a loop may rely on it). */
  async waitUntil(claim: (permit: KnownPermit) => boolean, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (claim(this.known)) return true;
    const { reached, stop } = this.abortWhen(claim);
    const either = linkSignals(reached, signal);
    await aborted(either.signal);
    either.unlink();
    stop();
    return reached.aborted;
  }

  /** A signal that aborts as soon as the claim holds; `stop` ends the watching. */
  abortWhen(claim: (permit: KnownPermit) => boolean): { readonly reached: AbortSignal; readonly stop: () => void } {
    const controller = new AbortController();
    const look = (): void => {
      if (!claim(this.known)) return;
      this.listeners.delete(look);
      controller.abort();
    };
    this.listeners.add(look);
    look();
    return { reached: controller.signal, stop: () => this.listeners.delete(look) };
  }

  private adopt(permit: Permit | null): void {
    this.known = permit;
    for (const look of [...this.listeners]) look();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
