import type { BulkRows } from './bulk/bulk-rows.ts';

/** One statement for the target. With parameters it goes as a prepared statement, so that large values are not written as text. */
export interface TargetStatement {
  readonly sql: string;
  readonly parameters?: readonly (string | Buffer)[] | undefined;
  /** The same for a server that takes rows in bulk. */
  readonly bulk?: BulkRows | undefined;
}
