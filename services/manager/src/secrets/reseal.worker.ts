import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import { leadRole } from '@lutra/service-kit';
import type { Secrets, Worker } from '@lutra/service-kit';
import type { Logger } from 'pino';
import type { Publisher } from '../publishing/publisher.ts';
import type { Store } from '../store/store.ts';
import { resealRow } from './reseal-row.ts';
import { readSealedRows } from './sealed-rows.ts';
import type { SealedRow } from './sealed-rows.ts';

/** Keys change with a restart of the manager; another manager, which still has the old order, may write at any time. */
const LOOK_MS = 10_000;

/**
 * Seals everything that stands under an older key under the newest one: one manager at a time, row by row, so that it may
 * stop anywhere. What cannot be opened stays as it is and is named in the log; the rest is not held up.
 */
export class ResealWorker implements Worker {
  readonly name = 'reseal';
  private readonly reported = new Map<string, string>();

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly coordinator: Coordinator;
      readonly publisher: Publisher;
      readonly secrets: Secrets;
      readonly clock: Clock;
      readonly log: Logger;
      readonly instance: string;
    },
  ) {}

  run(signal: AbortSignal): Promise<void> {
    return leadRole(this.parts, { role: 'manager-reseal', work: (leading) => this.lead(leading) }, signal);
  }

  private async lead(leading: AbortSignal): Promise<void> {
    while (!leading.aborted) {
      // Soon after the store has opened, not a look later.
      const isAway = this.parts.store.whyAway !== '';
      if (!isAway) await this.look(leading);
      await this.parts.clock.sleep(isAway ? LOOK_MS / 20 : LOOK_MS, leading);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { store, publisher, log, secrets } = this.parts;
    let resealed = 0;
    const rows = await this.attempt('', () => store.run(readSealedRows));
    for (const row of rows ?? []) {
      if (signal.aborted) break;
      // Definitions follow their data sources, which come first; one that did not was compiled by a manager of the old order.
      const isDone = await this.attempt(`${row.kind} ${row.id}`, () => this.reseal(row));
      if (isDone === true) resealed += 1;
    }
    if (resealed === 0) return;
    publisher.wake();
    log.info({ resealed, keyId: secrets.keyIds[0] }, 'secrets sealed under the newest key');
  }

  /** False = it is under the newest key already. */
  private async reseal(row: SealedRow): Promise<boolean> {
    const { store, secrets, clock } = this.parts;
    if (row.kept.every((one) => secrets.reseal(one) === one)) return false;
    const at = clock.now();
    await store.change((manager) => resealRow(manager, row, { secrets, at }));
    return true;
  }

  /** Undefined when it failed: one line per change of the reason. */
  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.reported.delete(what);
      return result;
    } catch (error) {
      const { code, message } = SyncError.of(error);
      if (this.reported.get(what) !== message)
        this.parts.log.warn({ what, code, err: error }, 'secrets cannot be sealed anew');
      this.reported.set(what, message);
      return undefined;
    }
  }
}
