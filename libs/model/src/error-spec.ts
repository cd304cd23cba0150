/**
 * retryable: the same work may succeed later (network, deadlock, failover): repeated with back-off, for ever.
 * poison: this row or message will fail again: policy decides. configuration: a person changes something, then restarts.
 * internal: a defect of Lutra or of what it was handed; stops and asks for attention.
 */
export type ErrorClass = 'retryable' | 'poison' | 'configuration' | 'internal';

export interface ErrorSpec {
  readonly scope: 'source' | 'target' | 'config' | 'bus' | 'internal';
  readonly class: ErrorClass;
  /** A sentence without the names of the case; those are in the details and in the message. */
  readonly summary: string;
  /** What to do about it. `{name}` is filled from the details. */
  readonly workaround: string;
}
