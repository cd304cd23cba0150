import type { RuleValue } from './column-rule.ts';

/**
 * Which rows of a table a mapping takes, and what they become. Law of the filter: at the target stand exactly the rows that
 * the filter accepts, whatever they were before: one that enters it is inserted, one that leaves it is deleted.
 */
export interface RowRules {
  /** An expression of type bool over a row's columns. One that is null does not accept the row. Absent = all rows. */
  readonly filter?: string;
  /** Kinds of changes that are left out as they are; what that leaves different at the target is wanted. Absent = none. */
  readonly leaveOut?: readonly ('insert' | 'update' | 'delete')[];
  readonly softDelete?: SoftDelete;
  readonly explode?: Explode;
}

/** A row that is deleted at the source stays at the target and is flagged; one that is inserted again loses the flag. */
export interface SoftDelete {
  /** At the target. */
  readonly column: string;
  readonly deleted: RuleValue;
  readonly present: RuleValue;
}

/**
 * One row becomes one for each element of a column: of a JSON array, or of a text's parts. `as` holds the element, and
 * `positionAs` its number from 0; one of them has to be in the key of the target. Elements that are not distinct count once.
 */
export interface Explode {
  readonly column: string;
  readonly by: { readonly kind: 'json' } | { readonly kind: 'delimiter'; readonly separator: string };
  readonly as: string;
  readonly positionAs?: string;
}

/**
 * Which of several tables a row goes to: the expression gives the name. A row whose name changes is deleted from one and
 * inserted into the other. `tables`: all names that there may be; another one is an error of the row.
 */
export interface Route {
  readonly expression: string;
  readonly tables: readonly string[];
}

/** JavaScript that makes of a row none, one or several: docs/scripts.md. */
export interface ScriptRule {
  readonly source: string;
  /** Columns that it gives beside those that there are, with their types as a CREATE TABLE would name them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** For one row. */
  readonly timeMs: number;
  readonly memoryBytes: number;
}

/** A processor of a package that the installation allows (LUTRA_PROCESSORS), with its settings. */
export interface ProcessorRule {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Another table whose columns a mapping may use. */
export interface LookupRule {
  readonly name: string;
  /** Absent = the pipeline's source. */
  readonly dataSourceId?: string;
  readonly schema: string;
  readonly table: string;
  /** Columns of the other table, each with the expression that gives its value; together they find one row at most. */
  readonly key: readonly { readonly column: string; readonly expression: string }[];
  readonly columns: readonly string[];
  readonly ttlMs: number;
  /** Rows that are kept, found ones and missing ones. */
  readonly rowsMax: number;
  /** null: the columns are null. fail: the row meets the poison policy. */
  readonly missing: 'null' | 'fail';
}

/**
 * Rows that are counted and summed instead of copied: each target row stands for all source rows with the same values of
 * `groupBy`. A group without rows has no row at the target.
 */
export interface AggregateRule {
  readonly groupBy: readonly { readonly expression: string; readonly target: string }[];
  /** Column at the target that counts the rows of a group. */
  readonly count: string;
  readonly values: readonly {
    readonly function: 'sum' | 'min' | 'max' | 'count';
    readonly expression: string;
    readonly target: string;
  }[];
}
