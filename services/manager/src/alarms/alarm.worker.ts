import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { AlarmCycle } from './alarm-cycle.ts';
import type { DeliveryWorker } from './delivery.worker.ts';
import type { FactReader } from './fact-reader.ts';
import { removeHistory } from './remove-history.ts';

const CYCLE_MS = 3_000;
/** A manager that has just started has not read the event log yet: there is little that it could judge. */
const WARM_UP_MS = 4_000;
const HISTORY_MS = 600_000;

/** Looks at everything every three seconds; one manager at a time does so. */
export class AlarmWorker implements Worker {
  readonly name = 'alarms';
  private reported = '';

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly coordinator: Coordinator;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
      readonly deliveries: DeliveryWorker;
      readonly newReader: () => FactReader;
    },
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    await this.parts.clock.sleep(WARM_UP_MS, signal);
    await leadRole(this.parts, { role: 'manager-alarms', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(leading: AbortSignal): Promise<void> {
    const { store, clock, newReader } = this.parts;
    const reader = newReader();
    const cycle = new AlarmCycle({ store, read: (kinds) => reader.read(kinds) });
    let historyMs = -Infinity;
    let isOvertaken = false;
    while (!leading.aborted && !isOvertaken) {
      const startedMs = clock.monotonicMs();
      await this.tryOnce(async () => {
        const result = await cycle.runOnce();
        if (result === 'told') this.parts.deliveries.wake();
        isOvertaken = result === 'overtaken';
        if (startedMs - historyMs < HISTORY_MS) return;
        await removeHistory(store, clock.now());
        historyMs = startedMs;
      });
      await clock.sleep(Math.max(0, CYCLE_MS - (clock.monotonicMs() - startedMs)), leading);
    }
  }

  /** One line per change of the reason, not one per attempt. */
  private async tryOnce(work: () => Promise<void>): Promise<void> {
    if (this.parts.store.whyAway !== '') return;
    try {
      await work();
      this.reported = '';
    } catch (error) {
      const { code, message } = SyncError.of(error);
      if (this.reported !== message) this.parts.log.warn({ err: error, code }, 'alarms cannot be looked after');
      this.reported = message;
    }
  }
}
