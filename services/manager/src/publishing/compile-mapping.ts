import type { MappingDefinition } from '@lutra/model';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import { isRange, rangeNames, rangeRegex, readRange } from '../mappings/name-range.ts';

export type MappingParts = Pick<
  MappingEntity,
  'id' | 'source' | 'target' | 'columns' | 'onConflict' | 'weight' | 'rules'
>;
type Names = Pick<MappingDefinition, 'source' | 'target'>;

/**
 * A mapping as stages see it. They know names and expressions, so that a range becomes an expression, or one mapping for each
 * table where source and target number their tables in another way. What is the default is left out, so that a definition of
 * an earlier version stays the same revision.
 */
export function compileMapping(mapping: MappingParts): readonly MappingDefinition[] {
  const { id, source, target, columns, onConflict, weight, rules } = mapping;
  const names = namesOf(source, target);
  return names.map((one, index) => ({
    id: names.length === 1 ? id : `${id}.${String(index)}`,
    ...one,
    columns,
    ...(onConflict === null || onConflict.kind === 'overwrite' ? {} : { onConflict }),
    ...(weight === 0 ? {} : { weight }),
    ...(rules === null ? {} : { rules }),
  }));
}

function namesOf(source: MappingEntity['source'], target: MappingEntity['target']): readonly Names[] {
  const { schema, table } = source;
  if (!('range' in table)) return [{ source: { schema, table }, target }];
  const range = readRange(table.range, 'source.table.range');
  const pattern = { schema, table: { regex: rangeRegex(range) } };
  if (target.table === undefined || !isRange(target.table)) return [{ source: pattern, target }];
  const other = readRange(target.table, 'target.table');
  if (other.first === range.first && other.last === range.last)
    return [{ source: pattern, target: { ...target, table: `${other.before}$1${other.after}` } }];
  const targets = rangeNames(other);
  return rangeNames(range).map((exact, index) => ({
    source: { schema, table: { exact } },
    target: { ...target, table: targets[index] ?? exact },
  }));
}
