import type { MappingDefinition, TableDefinition } from '@lutra/model';
import { compileColumns } from './compile-columns.ts';
import { ANY_KEY } from './compile-context.ts';
import { ImageRows } from './image-rows.ts';

/**
 * Positions of the source's columns without which a row cannot be mapped: what filter, route and computed values read, and
 * all of them for a script. A column that is only taken over may be absent. Throws what compiling the mapping throws.
 */
export function neededColumns(mapping: MappingDefinition, source: TableDefinition): readonly number[] {
  const { rules } = mapping;
  // What a row adds to a group is told by the images of its change alone: what the source holds now is of later changes too.
  if (rules === undefined || rules.aggregate !== undefined) return [];
  const { script, processors, lookups } = rules;
  if (script !== undefined || processors !== undefined || lookups !== undefined) return [...source.columns.keys()];
  const context = { mapping, source, openKey: () => ANY_KEY };
  const rows = ImageRows.of(context);
  const values = compileColumns({ ...context, source: rows?.source ?? source });
  const read = values.flatMap(({ isTaken, reads }) => (isTaken === true ? [] : reads));
  return [...new Set(rows?.readsOf(read) ?? read)];
}
