import type { LutraEvent, StagedEvent } from '@lutra/model';

/**
 * What has to be remembered of processes that are written into the open target transaction: the events that are true once
 * it is committed. About 1 KiB per process, and no rows.
 */
export class OpenTransaction {
  private processes = 0;
  private rows = 0;
  private readonly events: LutraEvent[] = [];

  constructor(
    /** The source transaction that goes on. */
    readonly gtid: string,
    /** Monotonic ms. */
    private readonly sinceMs: number,
  ) {}

  /** `processes` and `rows` more are written; `events` are kept for the commit. */
  add(written: { readonly processes: number; readonly rows: number; readonly events: readonly LutraEvent[] }): void {
    this.processes += written.processes;
    this.rows += written.rows;
    this.events.push(...written.events);
  }

  /** All events that were kept, in the order of the processes. */
  takeEvents(): readonly LutraEvent[] {
    return this.events.splice(0);
  }

  describe(nowMs: number): StagedEvent['transaction'] {
    return { processes: this.processes, rows: this.rows, ageMs: Math.round(nowMs - this.sinceMs) };
  }
}
