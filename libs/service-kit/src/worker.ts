/** A long-running activity of a service. Started when the application context is up, stopped before connections close. */
export interface Worker {
  readonly name: string;
  /** Called once before the instance joins the members: what others may count on as soon as they see it. */
  prepare?(): Promise<void>;
  /** Runs until the signal aborts, then resolves. A rejection is logged, and the worker is started again with back-off: no service dies of one pipeline. */
  run(signal: AbortSignal): Promise<void>;
  /** Called on SIGTERM before `signal` aborts: finish or release what is in hand, within `deadlineMs`. */
  drain?(deadlineMs: number): Promise<void>;
  /** How much is in hand (processes, leases): a load figure that other instances and people see. */
  tasks?(): number;
  /** Why this instance does not do its work although the worker runs (it waits for something that is away); '' = it does. Shown by /health/ready. */
  whyNotReady?(): string;
}
