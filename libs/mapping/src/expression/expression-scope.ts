import { SyncError } from '@lutra/model';
import type { ErrorCode, RowFact, TableDefinition } from '@lutra/model';

/** What the images of a change are called in a filter: `before.status`. */
export const IMAGE_NAMES = ['before', 'after'] as const;

/** What an expression is compiled for. */
export interface ExpressionScope {
  /** Null when its columns are not known: then every name is a column, of any type. */
  readonly source: TableDefinition | null;
  /** Where the columns are not known: those of look-ups, as `lookup.column`. */
  readonly lookupColumns?: readonly string[];
  /** Whether it sees both images of the change beside the one that it is asked of. */
  readonly hasImages?: boolean;
  readonly mapping: string;
  /** What it is the expression of: the column at the target, 'filter', 'route', … */
  readonly field: string;
  /** Positions in the source's columns: filled while compiling. */
  readonly reads: Set<number>;
  /** Of {@link ROW_FACTS} those that it asks for: filled while compiling. */
  readonly facts: Set<RowFact>;
}

export type RowCode = Extract<
  ErrorCode,
  'ROW_DIVISION_BY_ZERO' | 'ROW_VALUE_OVERFLOW' | 'ROW_VALUE_INVALID' | 'ROW_VALUE_TOO_LARGE'
>;

/** The error of a row at one place of an expression; `why` names no value. */
export type Refuse = (code: RowCode, why: string) => SyncError;

export function refuseAt({ mapping, field }: ExpressionScope, offset: number): Refuse {
  return (code, why) => {
    const problem = `Expression of ${field} in mapping ${mapping}, character ${String(offset + 1)}: ${why}`;
    return new SyncError(code, { problem, mapping, column: field, offset });
  };
}
