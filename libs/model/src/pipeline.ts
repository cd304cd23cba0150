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
};

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
