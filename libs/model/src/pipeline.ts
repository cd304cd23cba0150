import type { DataSourceDefinition } from './data-source.ts';

/** A name that matches literally, or a regular expression (anchored at both ends) over the table's name. */
export type NamePattern = { readonly exact: string } | { readonly regex: string };

/** One source table (or family) → one target table (or family). Never matches `lutra`, `retl` or system schemas. */
export interface MappingDefinition {
  readonly id: string;
  readonly source: { readonly schema: string; readonly table: NamePattern };
  /** `table` may use $1…$9 of a regex source; absent = the source table's name. */
  readonly target: { readonly schema: string; readonly table?: string };
  readonly columns: ColumnSelection;
}

export type ColumnSelection =
  { readonly mode: 'all' } | { readonly mode: 'list'; readonly columns: readonly ColumnMapping[] };

export interface ColumnMapping {
  readonly source: string;
  readonly target: string;
}

/** Where a pipeline without a checkpoint begins. */
export type StartDefinition =
  | { readonly kind: 'latest' }
  /** ISO 8601 in UTC; the first transaction that committed at this time or later is the first one read. */
  | { readonly kind: 'time'; readonly time: string }
  | { readonly kind: 'gtid'; readonly gtid: string }
  | { readonly kind: 'file'; readonly file: string; readonly offset: number };

/** How much of a source transaction one target transaction may show: DESIGN §4. */
export const APPLY_MODES = ['merged', 'transactional'] as const;
export type ApplyMode = (typeof APPLY_MODES)[number];

/** Which live instance of the next stage a process is handed to. `any`: whoever is free takes it. */
export const PLACEMENTS = ['any', 'random', 'roundRobin', 'stick', 'weighted', 'leastLoaded'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Who goes first where pipelines share an instance. */
export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * fast: leases end soon after their holder was last heard (short session). balanced: the installation's session timeout.
 * safe: as balanced, and load compares the last window between source and target before it goes on.
 */
export const FAILOVER_MODES = ['fast', 'balanced', 'safe'] as const;
export type FailoverMode = (typeof FAILOVER_MODES)[number];

/** What happens when a preferred instance comes back: nothing, the lease returns to it, or a person is asked by a warning. */
export const FAILBACKS = ['stay', 'return', 'ask'] as const;
export type Failback = (typeof FAILBACKS)[number];

export interface PipelineParameters {
  /** Window: processes that may be selected and not yet loaded. */
  readonly parallelism: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxDelayMs: number;
  readonly loadBatchRows: number;
  readonly cursorMaxAgeMs: number;
  readonly heartbeatMs: number;
  readonly retryInPlaceMs: number;
  readonly processAgeMaxMs: number;
  /** What a statement does that changes a mapped table's existence or content (TRUNCATE, DROP, RENAME): stop, or go on and count it. */
  readonly ddl: 'fail' | 'skip';
  readonly applyMode: ApplyMode;
  /** How processes are handed to extract and to transform. */
  readonly extractPlacement: Placement;
  readonly transformPlacement: Placement;
  readonly priority: Priority;
  readonly failoverMode: FailoverMode;
  readonly failback: Failback;
  /** Instance that should hold the lease; '' = whichever is least loaded. */
  readonly preferredSelect: string;
  readonly preferredLoad: string;
  /** A process that waits longer than this in one queue, or is longer than this in one stage's hands, is looked into. */
  readonly queueAgeMaxMs: number;
  readonly stageAgeMaxMs: number;
  /** Nothing was loaded for so long although the source goes on: looked into, then restarted. */
  readonly noProgressMaxMs: number;
}

export const DEFAULT_PARAMETERS: PipelineParameters = {
  parallelism: 5,
  maxRows: 5_000,
  maxBytes: 4 * 1024 * 1024,
  maxDelayMs: 20,
  loadBatchRows: 500,
  cursorMaxAgeMs: 5_000,
  heartbeatMs: 1_000,
  retryInPlaceMs: 30_000,
  processAgeMaxMs: 60_000,
  ddl: 'fail',
  applyMode: 'merged',
  extractPlacement: 'any',
  transformPlacement: 'any',
  priority: 'normal',
  failoverMode: 'balanced',
  failback: 'stay',
  preferredSelect: '',
  preferredLoad: '',
  queueAgeMaxMs: 30_000,
  stageAgeMaxMs: 30_000,
  noProgressMaxMs: 60_000,
};

/** A revision as an older manager wrote it: parameters that it did not know have their defaults. */
export function completeDefinition(definition: PipelineDefinition): PipelineDefinition {
  return { ...definition, parameters: { ...DEFAULT_PARAMETERS, ...definition.parameters } };
}

/** Largest `parallelism` that a pipeline may ask for; the streams' limit per subject is twice this. */
export const PARALLELISM_MAX = 32;

/** One validated, immutable revision of everything that the stages need to know of a pipeline. */
export interface PipelineDefinition {
  readonly id: string;
  readonly name: string;
  readonly channelId: string;
  readonly revision: number;
  readonly source: DataSourceDefinition;
  readonly target: DataSourceDefinition;
  readonly mappings: readonly MappingDefinition[];
  readonly parameters: PipelineParameters;
  readonly start: StartDefinition;
}
