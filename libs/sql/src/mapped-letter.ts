import { SyncError } from '@lutra/model';
import type { RowChange } from '@lutra/model';
import type { DeadLetter } from './dead-letter.ts';

type Refused = Pick<DeadLetter, 'change' | 'edited' | 'definition'>;

/**
 * The change of a letter as a row that can be written: itself where the mapping has not refused it, and otherwise with what a
 * person has set in every column that could not be made. Throws ROW_NOT_MAPPED when there is no such row: retrying alone
 * settles nothing.
 */
export function mappedChange(letter: Refused): RowChange {
  const { change, edited } = letter;
  if (change.refusal === undefined) return change;
  if (edited === null || change.kind === 'delete' || openColumns(letter).length > 0) throw notMapped(letter);
  return { ...change, refusal: undefined };
}

/** Names of the columns that the mapping could not make and nobody has set. */
export function openColumns({ change, definition, edited }: Refused): readonly string[] {
  const { refusal } = change;
  if (refusal === undefined || change.kind === 'delete') return [];
  return refusal.columns.flatMap((position) => {
    const isSet = change.after[position] !== undefined || edited?.[position] !== undefined;
    return isSet ? [] : (definition.columns[position]?.name ?? []);
  });
}

function notMapped(letter: Refused): SyncError {
  const { change, definition } = letter;
  const table = `${definition.schema}.${definition.table}`;
  const columns = openColumns(letter).join(', ');
  const what =
    change.kind === 'delete'
      ? 'a deletion cannot be edited either: discard it'
      : columns === ''
        ? 'an edit has to say what the row is to be'
        : `an edit has to say what ${columns} ${columns.includes(',') ? 'are' : 'is'} to be`;
  const problem = `The mapping has refused this ${change.kind} of ${table} (${String(change.refusal?.code)}), so that there is no row to write; ${what}`;
  return new SyncError('ROW_NOT_MAPPED', { table, columns: columns === '' ? 'of the row' : columns, problem });
}
