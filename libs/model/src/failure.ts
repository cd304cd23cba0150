import type { ErrorClass } from './error-spec.ts';
import type { ErrorCode } from './errors.ts';

/** An error in the form in which it crosses a process border: to the arbiter, into the permit, into the API's answer. */
export interface FailureReport {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  /** Sentence that says what happened, with names filled in. */
  readonly message: string;
  /** What a person does about it; for missing tables, columns and grants the exact statement. */
  readonly workaround: string;
  /** The statement that would repair it, when there is one. */
  readonly statement?: string;
  readonly stage: string;
  readonly instance: string;
  readonly epoch: number;
  readonly process: number | null;
  readonly at: string;
  /** TARGET_EPOCH_AHEAD: the epoch found at the target; the next one has to be above it. */
  readonly aboveEpoch?: number;
}
