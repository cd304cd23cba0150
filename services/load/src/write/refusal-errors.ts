import { assertNever, must, SyncError } from '@lutra/model';
import { addPrimaryKeyStatement } from '@lutra/sql';
import type { TableWriter } from '@lutra/sql';
import type { PlannedRow } from '../plan/planned-statement.ts';
import type { Verdict } from './decide-conflict.ts';

export function rowMissing({ writer: { definition, keyColumns } }: PlannedRow): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem = `An update of ${table} found no row at the target, and its image does not hold every column`;
  return new SyncError('TARGET_ROW_MISSING', { table, keyColumns, problem });
}

export function groupMissing({ definition, keyColumns }: TableWriter): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem = `Rows left a group that ${table} does not have, or that counts fewer rows there`;
  return new SyncError('TARGET_GROUP_MISSING', { table, keyColumns: [...keyColumns], problem });
}

export function undecided(
  { writer: { definition, keyColumns }, change }: PlannedRow,
  verdict: Extract<Verdict, { kind: 'undecided' }>,
): SyncError {
  const { type } = verdict;
  const table = `${definition.schema}.${definition.table}`;
  const conflict = `A conflict (${type}) of the ${change.kind} of a row of ${table}`;
  const problem = ((): string => {
    switch (verdict.why) {
      case 'partial':
      case 'incomplete':
        return `The image of the ${change.kind} of a row of ${table} does not hold every column, so a conflict would not be seen`;
      case 'amount': {
        const amounts = verdict.columns.join(', ');
        return `The image of the ${change.kind} of a row of ${table} does not tell from where ${amounts} was moved, so retrying alone never settles it: edit the dead letter (PATCH) with what ${amounts} is to be at the target, or discard it`;
      }
      case 'manual':
        return `${conflict}: its policy leaves it to a person`;
      case 'unknown':
        return `${conflict}: the deciding column is not in the image`;
      default:
        return assertNever(verdict);
    }
  })();
  return new SyncError('TARGET_CONFLICT_UNDECIDED', { table, keyColumns, type, problem });
}

/**
 * The error with the source's name of the row: what a person asks the skip preview for. Of merged changes the last one, which
 * has most of what was refused.
 */
export function namingSource(error: SyncError, { sources }: PlannedRow): SyncError {
  const { origin, change } = must(sources.at(-1), 'a planned row has sources');
  const { gtid } = origin.transaction;
  const summary = error.sentence;
  const merged = sources.length === 1 ? '' : `, the last of ${String(sources.length)} changes of it`;
  const problem = `${summary} (source transaction ${gtid}, event ${String(change.event)}, row ${String(change.row)}${merged})`;
  return new SyncError(error.code, { ...error.details, gtid, problem }, { cause: error });
}

/** A row of a table without a key cannot be looked for but by all that it was: there is nothing to compare it with. */
export function policyNeedsKey({ definition }: TableWriter, policy: string): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const problem = `The conflict policy ${policy} compares rows by their key, and ${table} has none at the target; without one only overwrite is possible`;
  return new SyncError('TARGET_KEY_MISSING', { table, problem, statement: addPrimaryKeyStatement(definition) });
}
