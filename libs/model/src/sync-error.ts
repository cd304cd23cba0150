import type { ErrorClass, ErrorSpec } from './error-spec.ts';
import { ERRORS } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { FailureReport } from './failure.ts';
import type { Stage } from './identity.ts';

/** Names and numbers of the case: never row values, never secrets. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error type of Lutra. `code` says what happened, `details` where; `cause` keeps the original.
 * `details.problem`, when given, is the sentence for people; otherwise the catalogue's summary is.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';

  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(`${code}: ${typeof details['problem'] === 'string' ? details['problem'] : ERRORS[code].summary}`, options);
  }

  get class(): ErrorClass {
    return ERRORS[this.code].class;
  }

  /** What happened, for people: the message without its code. */
  get sentence(): string {
    return this.message.slice(this.code.length + 2);
  }

  /** The catalogue's advice with the names of this case filled in. */
  get workaround(): string {
    const spec: ErrorSpec = ERRORS[this.code];
    return spec.workaround.replaceAll(/\{(\w+)\}/g, (whole, key: string) => {
      const value = this.details[key];
      return value === undefined ? whole : typeof value === 'string' ? value : JSON.stringify(value);
    });
  }

  /** By name, not by class: two copies of this module, or of Error itself (another realm), may be loaded. */
  static is(error: unknown): error is SyncError {
    return (
      typeof error === 'object' && error !== null && 'name' in error && error.name === 'SyncError' && 'code' in error
    );
  }

  /** Anything that was thrown, as a SyncError; a foreign error becomes INTERNAL with its message as the problem. */
  static of(error: unknown): SyncError {
    if (SyncError.is(error)) return error;
    const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
    const problem = String(hasMessage ? error.message : error);
    return new SyncError('INTERNAL', { problem }, { cause: error });
  }
}

/** The error in the form in which it is sent to the arbiter and shown in the API. */
export function reportFailure(
  error: SyncError,
  where: {
    readonly stage: Stage | 'arbiter' | 'manager';
    readonly instance: string;
    readonly epoch: number;
    readonly process: number | null;
    readonly at: Date;
  },
): FailureReport {
  const statement = error.details['statement'];
  const aboveEpoch = error.details['aboveEpoch'];
  return {
    code: error.code,
    class: error.class,
    message: error.sentence,
    workaround: error.workaround,
    ...(typeof statement === 'string' ? { statement } : {}),
    stage: where.stage,
    instance: where.instance,
    epoch: where.epoch,
    process: where.process,
    at: where.at.toISOString(),
    ...(typeof aboveEpoch === 'number' ? { aboveEpoch } : {}),
  };
}
