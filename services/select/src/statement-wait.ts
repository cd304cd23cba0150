import type { ProcessBuilder } from './process-builder.ts';
import type { ProcessWindow } from './window.ts';

/** Around a schema statement the window is empty: it waits for everything before it, and everything behind it waits for it. */
export class StatementWait {
  readonly cause = 'waits for a schema statement: what is before it, or itself, is not at the target yet';
  private out = false;
  private sinceMs: number | null = null;

  constructor(private readonly window: Pick<ProcessWindow, 'isLoaded'>) {}

  /** A statement is under way: nothing behind it is read. */
  get isOut(): boolean {
    return this.out;
  }

  sent(): void {
    this.out = true;
  }

  /** Lets go on what has waited long enough. True while a statement is under way. */
  look(builder: Pick<ProcessBuilder, 'isStatementNext' | 'hasRows' | 'admitStatement'> | null): boolean {
    if (!this.window.isLoaded) return this.out;
    this.out = false;
    if (builder?.isStatementNext === true && !builder.hasRows) builder.admitStatement();
    return false;
  }

  /** For how long nothing has been read because of a statement; 0 when reading goes on. */
  waitedMs(builder: Pick<ProcessBuilder, 'isStatementNext' | 'hasRows'>, nowMs: number): number {
    if (!this.out && !(builder.isStatementNext && !builder.hasRows)) {
      this.sinceMs = null;
      return 0;
    }
    this.sinceMs ??= nowMs;
    return nowMs - this.sinceMs;
  }
}
