import type { MappingDefinition, SchemaPattern } from '@lutra/model';
import type { MappingEntity } from '../mappings/mapping.entity.ts';
import type { NameRange } from '../mappings/name-range.ts';
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
  return schemaNames(source, target).flatMap((pair) => tableNames(source, pair));
}

/** The schemas of both sides, and the target's table, which may be called after the source's schema. */
interface SchemaPair {
  readonly schema: SchemaPattern;
  readonly target: MappingEntity['target'];
}

function schemaNames({ schema }: MappingEntity['source'], target: MappingEntity['target']): readonly SchemaPair[] {
  if (typeof schema === 'string' || 'regex' in schema) return [{ schema, target }];
  const range = readRange(schema.range, 'source.schema.range');
  const pattern = { regex: rangeRegex(range) };
  if (!isRange(target.schema)) return [{ schema: pattern, target }];
  const other = readRange(target.schema, 'target.schema');
  if (isNumberedAlike(range, other))
    return [{ schema: pattern, target: { ...target, schema: `${other.before}$s1${other.after}` } }];
  const targets = rangeNames(other);
  const { table } = target;
  return rangeNames(range).map((exact, index) => {
    const number = exact.slice(range.before.length, exact.length - range.after.length);
    const filled = table?.replaceAll('$s0', () => exact).replaceAll('$s1', () => number);
    return {
      schema: exact,
      target: { schema: targets[index] ?? exact, ...(filled === undefined ? {} : { table: filled }) },
    };
  });
}

function tableNames({ table }: MappingEntity['source'], { schema, target }: SchemaPair): readonly Names[] {
  if (!('range' in table)) return [{ source: { schema, table }, target }];
  const range = readRange(table.range, 'source.table.range');
  const pattern = { schema, table: { regex: rangeRegex(range) } };
  if (target.table === undefined || !isRange(target.table)) return [{ source: pattern, target }];
  const other = readRange(target.table, 'target.table');
  if (isNumberedAlike(range, other))
    return [{ source: pattern, target: { ...target, table: `${other.before}$1${other.after}` } }];
  const targets = rangeNames(other);
  return rangeNames(range).map((exact, index) => ({
    source: { schema, table: { exact } },
    target: { ...target, table: targets[index] ?? exact },
  }));
}

const isNumberedAlike = (one: NameRange, other: NameRange): boolean =>
  one.first === other.first && one.last === other.last;
