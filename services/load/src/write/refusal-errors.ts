import { SyncError } from '@lutra/model';
import type { PlannedRow } from '../plan/planned-statement.ts';
import type { Verdict } from './decide-conflict.ts';

export function rowMissing({ writer: { definition, keyColumns } }: PlannedRow): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem = `An update of ${table} found no row at the target, and its image does not hold every column`;
  return new SyncError('TARGET_ROW_MISSING', { table, keyColumns, problem });
}

export function undecided(
  { writer: { definition, keyColumns }, change }: PlannedRow,
  { type, why }: Extract<Verdict, { kind: 'undecided' }>,
): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const reason = why === 'manual' ? 'its policy leaves it to a person' : 'the deciding column is not in the image';
  const problem = `A conflict (${type}) of the ${change.kind} of a row of ${table}: ${reason}`;
  return new SyncError('TARGET_CONFLICT_UNDECIDED', { table, keyColumns, type, problem });
}
