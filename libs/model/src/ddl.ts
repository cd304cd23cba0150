import type { DatabaseKind } from './data-source.ts';
import type { ProcessHeader, TransactionHeader } from './process.ts';

/** What a schema statement does. index: CREATE INDEX and DROP INDEX; database: CREATE, ALTER and DROP DATABASE. */
export const DDL_KINDS = ['create', 'alter', 'drop', 'truncate', 'rename', 'index', 'database'] as const;
export type DdlKind = (typeof DDL_KINDS)[number];

/** sync: applied at the target, alone and in its place. skip: passed over with a warning. fail: the pipeline stops before it. */
export const DDL_POLICIES = ['sync', 'skip', 'fail'] as const;
export type DdlPolicy = (typeof DDL_POLICIES)[number];

/** skip: the statement counts as done and is not run. apply: it is run although nobody can tell whether it has been. */
export const DDL_DECISIONS = ['skip', 'apply'] as const;
export type DdlDecision = (typeof DDL_DECISIONS)[number];

/** A table by its name; `table` '' = the whole schema. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * What an online schema change does with its ghost (the table that takes the place of `of` at the end). begin: the ghost is
 * created as a copy of the table; remember: its definition is changed; swap: it becomes the table; forget: it is dropped.
 */
export interface GhostStep {
  readonly step: 'begin' | 'remember' | 'swap' | 'forget';
  readonly ghost: TableName;
  readonly of: TableName;
}

/** A schema statement as the source logged it, with what of its session changes what it means. */
export interface SourceStatement {
  readonly kind: DdlKind;
  readonly text: string;
  /** The session's schema, '' when it had none. */
  readonly schema: string;
  readonly flavour: DatabaseKind;
  /** What it changes, or takes rows from or gives rows to, in order; for RENAME old and new name in turn. */
  readonly tables: readonly TableName[];
  /** What it names besides: the model of LIKE, members of a MERGE table. Absent = nothing. */
  readonly beside?: readonly TableName[];
  /** Tables that its foreign keys refer to, its own among them. Absent = none. */
  readonly parents?: readonly TableName[];
  readonly ghost: GhostStep | null;
  /** Names of modes, joined by commas; null = the log does not tell. */
  readonly sqlMode: string | null;
  readonly foreignKeyChecks: boolean;
  /** Null = the log does not tell. */
  readonly explicitDefaultsForTimestamp: boolean | null;
  /** The source takes names in any case and knows them in lower case, as `tables` and `ghost` tell them; absent = it does not. */
  readonly foldsNames?: boolean;
  /** What its session took for now, in seconds since 1970 with six decimals; absent = an older select took the statement. */
  readonly ranAt?: string;
  /** The session's time zone; null or absent = the statement did not depend on it. */
  readonly timeZone?: string | null;
}

/** A statement for the target, with the names of the target. */
export interface TargetDdl {
  readonly kind: DdlKind;
  readonly text: string;
  /** Schema that the session has to be in; '' = every name says its schema. */
  readonly schema: string;
  /** What it concerns at the target: their definitions tell whether it has been done. */
  readonly tables: readonly TableName[];
  /** Null = it is applied; otherwise what is done with the statements kept of the ghost, named as at the source. */
  readonly ghost: { readonly step: GhostStep['step']; readonly name: string } | null;
}

/** A process that holds one schema statement and no rows. `targets` null = transform has not seen it yet. */
export interface StatementProcess {
  readonly header: ProcessHeader;
  readonly transaction: TransactionHeader;
  readonly statement: SourceStatement;
  readonly targets: readonly TargetDdl[] | null;
}
