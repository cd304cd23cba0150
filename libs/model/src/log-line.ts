import type { ServiceName } from './identity.ts';

/** Levels of the lines that instances send to the bus; what is fatal counts as an error. */
export const SENT_LEVELS = ['warn', 'error'] as const;
export type SentLevel = (typeof SENT_LEVELS)[number];

/** A warning or an error of an instance's log, for people who look at all instances at once. Without secrets. */
export interface LogLine {
  /** ISO time. */
  readonly at: string;
  readonly service: ServiceName;
  readonly instance: string;
  readonly level: SentLevel;
  /** A constant phrase; what varies is in the fields. */
  readonly message: string;
  readonly pipelineId: string | null;
  readonly traceId: string | null;
  /** Of the error catalogue, where the line names one. */
  readonly code: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}
