import type { Coordinator } from '@lutra/coordination';
import type { Permit } from '@lutra/model';

type PermitPart = Pick<Coordinator, 'permit' | 'watchPermit'>;

/** Permits that a test writes, for the laws of who follows them; real ZooKeeper is in the tests of the whole. */
export class ScriptedPermits {
  current: Permit | null = null;
  reads = 0;
  watches = 0;
  private wake: () => void = () => undefined;
  private readonly queue: (Permit | null | Error)[] = [];

  change(permit: Permit | null): void {
    this.current = permit;
    this.queue.push(permit);
    this.wake();
  }

  break(error: Error): void {
    this.queue.push(error);
    this.wake();
  }

  get coordinator(): Coordinator {
    const part: PermitPart = {
      permit: async () => {
        this.reads += 1;
        return this.current === null ? null : { permit: this.current, version: 0 };
      },
      watchPermit: (_pipelineId, signal) => {
        this.watches += 1;
        return this.watch(signal);
      },
    };
    return part as Coordinator;
  }

  private async *watch(signal: AbortSignal): AsyncGenerator<Permit | null> {
    signal.addEventListener('abort', () => {
      this.wake();
    });
    while (!signal.aborted) {
      const next = this.queue.shift();
      if (next instanceof Error) throw next;
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}
