import type { Permit, ServiceName } from '@lutra/model';
import type { PipelineView } from '../statistics/pipeline-watch.ts';

/** What was asked for, or why there is no answer. */
export type Asked<T> = { readonly value: T } | { readonly failure: string };

export interface PipelineFacts {
  readonly id: string;
  readonly name: string;
  readonly channelId: string;
  /** Null = never started. */
  readonly permit: Asked<Permit | null>;
  readonly view: PipelineView;
  /** When the cursor last moved, ms since 1970; null = there is none. */
  readonly cursorMovedMs: Asked<number | null>;
  /** When the oldest message of the pipeline in any queue was stored; null = none waits. */
  readonly queuedSinceMs: Asked<number | null>;
  readonly openLetters: Asked<number>;
  readonly retention: Asked<RetentionUse>;
}

/** How much of the time that the source keeps its log has passed for what a pipeline needs next. */
export interface RetentionUse {
  /** 0 = nothing is needed, 100 = it is purged. */
  readonly percent: number;
  readonly message: string;
}

export interface LostInstance {
  readonly instance: string;
  readonly service: ServiceName;
  readonly lostMs: number;
}

export interface StorageUse {
  /** Name of a stream, or 'JetStream'. */
  readonly name: string;
  readonly bytes: number;
  readonly bytesMax: number;
}

/** A failure or a warning: an event, or a line of an instance's log. */
export interface Notice {
  /** ISO time. */
  readonly at: string;
  /** Instance that says so. */
  readonly who: string;
  readonly pipelineId: string | null;
  /** '' = none. */
  readonly code: string;
  readonly message: string;
  readonly isLine: boolean;
}

/** Everything that rules are judged by, at one moment. What no rule needs was not asked for. */
export interface AlarmFacts {
  readonly nowMs: number;
  /** False while the manager reads the event log: what it has not heard of may be there. */
  readonly isLogRead: boolean;
  readonly pipelines: readonly PipelineFacts[];
  /** Failures and warnings of the last {@link NOTICE_MS}, each once. */
  readonly notices: Asked<readonly Notice[]>;
  readonly lostInstances: Asked<readonly LostInstance[]>;
  readonly storage: Asked<readonly StorageUse[]>;
}

/** How far back errorKeyword looks. */
export const NOTICE_MS = 300_000;
