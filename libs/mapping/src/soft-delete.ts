import { columnIndex, SyncError } from '@lutra/model';
import type { ColumnValue, SoftDelete, TableDefinition } from '@lutra/model';
import { typedConstant } from './column-origins.ts';
import type { CompiledValue } from './compiled-value.ts';

/** The column that says whether a row is gone at the source. */
export interface DeletionFlag {
  /** As every row has it that is there. */
  readonly present: CompiledValue;
  readonly deleted: ColumnValue;
}

/** Throws MAPPING_STEP_INVALID where the two values are of two types. */
export function deletionFlag({ column: name, deleted, present }: SoftDelete, mapping: string): DeletionFlag {
  const [gone, there] = [typedConstant(deleted, name), typedConstant(present, name)];
  const typed = deleted === null ? there.column : gone.column;
  const isOneType = deleted === null || present === null || gone.column.declared === there.column.declared;
  if (!isOneType || deleted === present) {
    const problem = `The column ${name}, by which mapping ${mapping} marks deleted rows, needs two different values of one type`;
    throw new SyncError('MAPPING_STEP_INVALID', { problem, mapping, column: name });
  }
  const column = { ...typed, nullable: deleted === null || present === null };
  return { present: { column, reads: [], valueOf: () => there.value }, deleted: gone.value };
}

/** Where the flag stands in a table, and what it is there. */
export interface PlacedFlag {
  readonly position: number;
  readonly deleted: ColumnValue;
}

/** Throws what {@link deletionFlag} throws. */
export function placedFlag(
  rule: SoftDelete,
  mapping: string,
  { columns }: Pick<TableDefinition, 'columns'>,
): PlacedFlag {
  return { position: columnIndex(columns, rule.column), deleted: deletionFlag(rule, mapping).deleted };
}
