import { SyncError } from '@lutra/model';
import type { ServiceContext } from './service-context.ts';
import type { Worker } from './worker.ts';

const READERS = ['arbiter', 'manager'] as const;
const REWATCH_MS = 1_000;

/**
 * Has this instance's `window` events put into the event log while an arbiter or a manager is there that looks for them
 * only there: one of a release before LUTRA_WINDOWS, which would take select for silent. What was known last stands while
 * ZooKeeper is away.
 */
export class WindowPlace implements Worker {
  readonly name = 'window-place';
  private readonly needsLog = new Map<(typeof READERS)[number], boolean>();

  constructor(private readonly context: Pick<ServiceContext, 'bus' | 'clock' | 'coordinator' | 'log'>) {}

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(READERS.map((service) => this.follow(service, signal)));
  }

  private async follow(service: (typeof READERS)[number], signal: AbortSignal): Promise<void> {
    const { bus, clock, coordinator, log } = this.context;
    while (!signal.aborted) {
      try {
        for await (const members of coordinator.watchMembers(service, signal)) {
          const needsLog = members.some(({ readsWindows }) => readsWindows !== true);
          this.needsLog.set(service, needsLog);
          bus.putWindowsInLog([...this.needsLog.values()].includes(true));
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, code: SyncError.of(error).code, service }, 'members cannot be watched');
      }
      await clock.sleep(REWATCH_MS, signal);
    }
  }
}
