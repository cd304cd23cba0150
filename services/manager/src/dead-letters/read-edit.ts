import { columnIndex } from '@lutra/model';
import type { DeadLetter, JsonImage, JsonValue } from '@lutra/sql';
import { fieldsRefusal, refuseField } from '../http/refuse-field.ts';
import type { FieldProblem } from '../http/refuse-field.ts';
import { canonical, problemOf } from '../values/column-value.ts';

/**
 * The columns of the letter's row that a person replaces, as they are kept. Values stand in the form in which the API shows
 * them. `key`: names of the columns by which the target tells its rows apart. Throws REQUEST_INVALID that names each
 * field at fault, never a value.
 */
export function editedImage(
  { change, definition }: DeadLetter,
  edit: Readonly<Record<string, unknown>>,
  key: readonly string[],
): JsonImage {
  if (change.kind === 'delete') refuseField('row', 'a deletion has no row to edit');
  if (Object.keys(edit).length === 0) refuseField('row', 'row holds no column');
  const keyNames = new Set(key.map((name) => name.toLowerCase()));
  const problems: FieldProblem[] = [];
  const edited: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(edit)) {
    const field = `row.${name}`;
    const column = definition.columns[columnIndex(definition.columns, name)];
    const problem =
      column === undefined
        ? 'is no column of this row'
        : keyNames.has(name.toLowerCase())
          ? 'is part of the key: a row with another key is another row'
          : column.generated === true
            ? 'is computed by the database'
            : problemOf(column, value);
    if (problem !== null) problems.push({ field, problem: `${field} ${problem}` });
    else if (column !== undefined) edited.push([column.name, canonical(column, value as JsonValue)]);
  }
  if (problems.length > 0) throw fieldsRefusal(problems);
  return Object.fromEntries(edited);
}
