import { changesColumn, WRITES_ALL } from '@lutra/model';
import type { ColumnValue, RowImage } from '@lutra/model';
import type { TableWriter, WrittenColumn } from './table-writer.ts';

/**
 * The columns that an update writes: those in `after` whose value differs, or whose value before is not known or not the
 * target's (ofChange), and with each of them those of its group; all that `after` carries when the update's flags say so ({@link WRITES_ALL}).
 */
export function changedColumns(
  writer: TableWriter,
  { before, after, flags = 0 }: { readonly before: RowImage; readonly after: RowImage; readonly flags?: number },
): readonly WrittenColumn[] {
  const { columns } = writer;
  if ((flags & WRITES_ALL) !== 0) return columns.filter(({ position }) => after[position] !== undefined);
  const changed = columns.filter((column) => isChanged(column, before, after));
  if (writer.hasGroups !== true || changed.length === 0) return changed;
  const groups = new Set(changed.map(({ definition }) => definition.group));
  groups.delete(undefined);
  return columns.filter((column) => {
    const { definition, position } = column;
    return (groups.has(definition.group) && after[position] !== undefined) || isChanged(column, before, after);
  });
}

function isChanged({ position, definition }: WrittenColumn, before: RowImage, after: RowImage): boolean {
  if (definition.ofChange === true) return after[position] !== undefined;
  return changesColumn(before, after, position);
}

/** What a value takes in a statement's text, in characters; an estimate from above for everything but escapes. */
export function literalCharacters(value: ColumnValue | undefined): number {
  if (typeof value === 'string') return value.length + 3;
  if (value instanceof Uint8Array) return value.length * 2 + 4;
  return value === undefined ? 0 : 22;
}

/** Characters that the row takes in a statement's text; see {@link literalCharacters}. */
export function imageCharacters(image: RowImage): number {
  let characters = 4;
  for (const value of image) characters += literalCharacters(value);
  return characters;
}
