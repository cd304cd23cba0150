import type { ColumnRule } from './column-rule.ts';
import type { DataSourceDefinition } from './data-source.ts';
import type { DdlDecision, DdlKind, DdlPolicy } from './ddl.ts';
import type { AggregateRule, LookupRule, ProcessorRule, Route, RowRules, ScriptRule } from './row-rule.ts';

/** A name that matches literally, or a regular expression (anchored at both ends) over the table's name. */
export type NamePattern = { readonly exact: string } | { readonly regex: string };

/** A schema by its name, or all whose whole name a regular expression matches. */
export type SchemaPattern = string | { readonly regex: string };

/** Source tables → one target table each, or one for several. Never matches `lutra`, `retl` or system schemas. */
export interface MappingDefinition {
  readonly id: string;
  readonly source: { readonly schema: SchemaPattern; readonly table: NamePattern };
  /**
   * `table` may use $1…$9, the groups of a regex table; absent = the source table's name. Both may use $s1…$s9, the groups
   * of a regex schema, and $s0, its whole name.
   */
  readonly target: { readonly schema: string; readonly table?: string };
  readonly columns: ColumnSelection;
  /** What happens when the row at the target is not as the source's before image says; absent = overwrite. */
  readonly onConflict?: ConflictPolicy;
  /** Tables of a smaller weight are written first inside a group; absent = 0. */
  readonly weight?: number;
  /** What a row becomes beyond its names; absent = nothing. */
  readonly rules?: MappingRules;
}

/** All that a mapping may say of rows and values. Whatever is absent is not done; docs/mapping-rules.md has the order. */
export interface MappingRules {
  readonly lookups?: readonly LookupRule[];
  readonly rows?: RowRules;
  /** Columns that are computed, beside those that {@link ColumnSelection} takes; one of the same name replaces it. */
  readonly columns?: readonly ColumnRule[];
  readonly script?: ScriptRule;
  readonly processors?: readonly ProcessorRule[];
  readonly route?: Route;
  readonly aggregate?: AggregateRule;
  /** Groups of source columns: when one of a group changes, all of them are written. */
  readonly columnGroups?: readonly (readonly string[])[];
}

/** Conflict policies without settings: see {@link ConflictPolicy}. */
export const PLAIN_CONFLICT_POLICIES = ['overwrite', 'ignore', 'sourceWins', 'targetWins', 'manual'] as const;

/**
 * overwrite: the source's row is written, nothing is compared; a missing row is inserted when the image is complete.
 * ignore: a row that differs is left as it is, counted and recorded. sourceWins: compared, recorded, then the source's row
 * is written. targetWins: compared, recorded, the target's row stays. latestWins: the row with the larger value of `column`
 * stays. merge: `columns` are taken from the source, `deltaColumns` become `c = c + (after − before)`, the others stay.
 * manual: the row goes to the inbox (a dead letter) for a person to decide.
 */
export type ConflictPolicy =
  | { readonly kind: (typeof PLAIN_CONFLICT_POLICIES)[number] }
  | { readonly kind: 'latestWins'; readonly column: string }
  | { readonly kind: 'merge'; readonly columns: readonly string[]; readonly deltaColumns: readonly string[] };

/**
 * all: every column under its own name. list: these, in this order. except: every column but `names` (in any case; one that a
 * table does not have is no mistake), those of `renames` under another name.
 */
export type ColumnSelection =
  | { readonly mode: 'all' }
  | { readonly mode: 'list'; readonly columns: readonly ColumnMapping[] }
  | { readonly mode: 'except'; readonly names: readonly string[]; readonly renames: readonly ColumnMapping[] };

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

/** What happens with a row that the target refuses again and again. */
export const POISON_POLICIES = ['pause', 'deadLetter'] as const;
export type PoisonPolicy = (typeof POISON_POLICIES)[number];

/** What happens with a target table that has no key: each row is looked for by all its columns, or the pipeline stops. */
export const NO_KEY_POLICIES = ['matchAllColumns', 'reject'] as const;
export type NoKeyPolicy = (typeof NO_KEY_POLICIES)[number];

/** What happens with a column of the rows that the target table does not have. */
export const MISSING_COLUMN_POLICIES = ['fail', 'ignore'] as const;
export type MissingColumnPolicy = (typeof MISSING_COLUMN_POLICIES)[number];

/**
 * What happens with a column that appears at the source in a table of whose columns a mapping takes all, or all but some: add: its
 * ALTER TABLE is applied like any other. ignore: it is not added, and its values are left out. fail: the pipeline stops before it.
 */
export const SCHEMA_EVOLUTION_POLICIES = ['add', 'ignore', 'fail'] as const;
export type SchemaEvolutionPolicy = (typeof SCHEMA_EVOLUTION_POLICIES)[number];

/**
 * trust: foreign keys were checked at the source and are not checked again; tables tied by CASCADE or SET NULL are written
 * in source order with checks on. verify: every row is checked, in source order.
 */
export const FOREIGN_KEY_MODES = ['trust', 'verify'] as const;
export type ForeignKeyMode = (typeof FOREIGN_KEY_MODES)[number];

/**
 * What an update writes: field = the columns whose values changed, and those of their column groups; row = all columns that
 * its image carries.
 */
export const SYNC_MODES = ['row', 'field'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];

/** base: rows are as the log has them. media: inserted and updated rows are read again at the source. */
export const CONSISTENCIES = ['base', 'media'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

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
  /**
   * What becomes of schema statements that concern mapped tables. With 'fail' those stop the pipeline that take rows or
   * tables away (TRUNCATE, DROP, RENAME, partitions); CREATE, ALTER and indexes only warn, unless ddlByKind says otherwise.
   */
  readonly ddl: DdlPolicy;
  /** Another policy for some kinds; it holds literally. */
  readonly ddlByKind: Readonly<Partial<Record<DdlKind, DdlPolicy>>>;
  /** A person's word about single statements, by the name of their transaction (GTID; without GTID 'file:offset'). */
  readonly ddlDecisions: Readonly<Record<string, DdlDecision>>;
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
  /** Ordered writers of the pipeline at the target; a key always belongs to the same one. One in transactional mode. */
  readonly lanes: number;
  /** Limits of one target transaction in merged mode, and of joined ones in transactional mode; one process or transaction may be larger. */
  readonly loadTransactionRows: number;
  readonly loadTransactionBytes: number;
  /** Target transactions are made smaller while their commits take longer than this, larger again when not. */
  readonly commitTargetMs: number;
  /** transactional: every source transaction stays a target transaction of its own, also when many wait. */
  readonly keepTransactions: boolean;
  readonly onPoison: PoisonPolicy;
  /** Tries of a refused row before it counts as poison. */
  readonly poisonTries: number;
  readonly noPrimaryKey: NoKeyPolicy;
  readonly missingColumn: MissingColumnPolicy;
  readonly schemaEvolution: SchemaEvolutionPolicy;
  readonly foreignKeys: ForeignKeyMode;
  /** Nothing is written to the target, the checkpoint included; what would have been is reported. */
  readonly dryRun: boolean;
  /** Rows per second that load writes at most; 0 = no limit. */
  readonly throttleRowsPerSecond: number;
  /** Load waits while the target has more running threads, replicas further behind, or a longer history list; 0 = not looked at. */
  readonly targetRunningThreadsMax: number;
  readonly targetReplicaLagMaxMs: number;
  readonly targetHistoryListMax: number;
  readonly syncMode: SyncMode;
  readonly consistency: Consistency;
  /** A row that was to be read again and is no longer there: true = its change is left out, false = it stays as the log has it. */
  readonly skipNoRow: boolean;
  /** Between two comparisons of the groups that mappings count with the source; 0 = never. */
  readonly groupCheckMs: number;
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
  ddl: 'sync',
  ddlByKind: {},
  ddlDecisions: {},
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
  lanes: 4,
  loadTransactionRows: 20_000,
  loadTransactionBytes: 8 * 1024 * 1024,
  commitTargetMs: 250,
  keepTransactions: false,
  onPoison: 'pause',
  poisonTries: 3,
  noPrimaryKey: 'matchAllColumns',
  missingColumn: 'fail',
  schemaEvolution: 'add',
  foreignKeys: 'trust',
  dryRun: false,
  throttleRowsPerSecond: 0,
  targetRunningThreadsMax: 0,
  targetReplicaLagMaxMs: 0,
  targetHistoryListMax: 0,
  syncMode: 'field',
  consistency: 'base',
  skipNoRow: false,
  groupCheckMs: 3_600_000,
};

/**
 * Where nobody said how many lanes, a release wrote it that knew one, and a loader of it may still have to take over; and
 * that release applied no schema statement, so that its account at the target may not.
 */
const UNTOLD: Partial<PipelineParameters> = { lanes: 1, ddl: 'fail' };

/** What was not set has its default, except what a pipeline is made with since the default is another one: {@link MADE_WITH}. */
export function completeParameters(set: Partial<PipelineParameters>): PipelineParameters {
  return { ...DEFAULT_PARAMETERS, ...UNTOLD, ...set };
}

/** What a new pipeline has written down at once, unless it was given: those of before have none of it in the store. */
export const MADE_WITH: Partial<PipelineParameters> = { lanes: DEFAULT_PARAMETERS.lanes, ddl: DEFAULT_PARAMETERS.ddl };

/** A revision as an older manager wrote it: {@link completeParameters}. */
export function completeDefinition(definition: PipelineDefinition): PipelineDefinition {
  return { ...definition, parameters: completeParameters(definition.parameters) };
}

/** Most `lanes` that a pipeline may ask for. */
export const LANES_MAX = 32;

/** Largest `parallelism` that a pipeline may ask for; the streams' limit per subject is twice this. */
export const PARALLELISM_MAX = 32;

/** A source transaction, or one row of it, that is not written: a person has seen it and decided so. */
export interface SkipDefinition {
  /** Name of the transaction, as in TransactionHeader. */
  readonly gtid: string;
  /** Absent = all of its rows. */
  readonly row?: { readonly event: number; readonly row: number };
}

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
  /** Absent = none. */
  readonly skips?: readonly SkipDefinition[];
  /** Data sources of look-ups beside the source, each once; absent = none. */
  readonly lookupSources?: readonly DataSourceDefinition[];
}
