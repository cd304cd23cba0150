import { assertNever, columnIndex, compileSelection, SyncError } from '@lutra/model';
import type { ColumnMapping, ColumnRule, Explode, TableDefinition } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';
import type { CompiledStep, CompiledValue } from './compiled-value.ts';
import { withSteps } from './compiled-value.ts';
import { columnValue, concatValue, constantValue, factValue } from './column-origins.ts';
import { compileExpressionValue } from './expression/compile-expression.ts';
import { deletionFlag } from './soft-delete.ts';
import { compileStep } from './steps/compile-step.ts';

/**
 * The columns of the target in order: those of the source that the selection takes, then the computed ones; a computed one
 * stands where a taken one of its name would. What rules of rows add is taken whatever the selection. Throws
 * MAPPING_COLUMN_UNKNOWN, MAPPING_COLUMN_TWICE, MAPPING_EXPRESSION_INVALID, MAPPING_STEP_INVALID.
 */
export function compileColumns(context: CompileContext): readonly CompiledValue[] {
  const { mapping, source } = context;
  const { columns: rules = [], rows } = mapping.rules ?? {};
  const flag = rows?.softDelete === undefined ? [] : [deletionFlag(rows.softDelete, mapping.id).present];
  const values = [...rules.map((rule) => compileRule(rule, context)), ...flag];
  const computed = new Map(values.map((value) => [value.column.name.toLowerCase(), value]));
  if (computed.size < values.length)
    refuseTwice(
      values.map(({ column }) => column.name),
      context,
    );
  const taken = selected(context).map(
    ({ source: name, target }) =>
      computed.get(target.toLowerCase()) ?? columnValue(source, positionOf(source, name, mapping.id), target),
  );
  const names = new Set(taken.map(({ column }) => column.name.toLowerCase()));
  return [...taken, ...[...computed].filter(([name]) => !names.has(name)).map(([, value]) => value)];
}

function compileRule(rule: ColumnRule, context: CompileContext): CompiledValue {
  let value = originOf(rule, context);
  const steps: CompiledStep[] = [];
  let { column } = value;
  for (const step of rule.steps ?? []) {
    const compiled = compileStep(step, column, context);
    steps.push(compiled);
    ({ column } = compiled);
  }
  value = withSteps(value, steps);
  return value;
}

function originOf({ from, target }: ColumnRule, context: CompileContext): CompiledValue {
  const { source, mapping } = context;
  switch (from.kind) {
    case 'column':
      return columnValue(source, positionOf(source, from.column, mapping.id), target);
    case 'constant':
      return constantValue(from.value, target);
    case 'concat': {
      const positions = from.columns.map((name) => positionOf(source, name, mapping.id));
      return concatValue(source, positions, { separator: from.separator, name: target });
    }
    case 'fact':
      return factValue(from.fact, { source, name: target });
    case 'expression':
      return compileExpressionValue(from.expression, { source, name: target, mapping: mapping.id });
    case 'lookup':
      return columnValue(source, positionOf(source, `${from.lookup}.${from.column}`, mapping.id), target);
    default:
      return assertNever(from);
  }
}

/** What the selection takes of this table, under the names at the target. */
function selected(context: CompileContext): readonly ColumnMapping[] {
  const { source, mapping, lookups } = context;
  const { columns: selection, rules } = mapping;
  if (selection.mode === 'list') return [...selection.columns, ...exploded(selection.columns, rules?.rows?.explode)];
  const nameOf = compileSelection(selection);
  const columns = source.columns.flatMap(({ name }, position): readonly ColumnMapping[] => {
    const target = lookups?.adds(position) === true ? null : nameOf(name);
    return target === null ? [] : [{ source: name, target }];
  });
  refuseTwice(
    columns.map(({ target }) => target),
    context,
  );
  return columns;
}

/** The element and its number are in the key of the target: a list need not name them. */
function exploded(listed: readonly ColumnMapping[], rule: Explode | undefined): readonly ColumnMapping[] {
  const names = listed.flatMap(({ source, target }) => [source.toLowerCase(), target.toLowerCase()]);
  return [rule?.as, rule?.positionAs].flatMap((name) =>
    name === undefined || names.includes(name.toLowerCase()) ? [] : [{ source: name, target: name }],
  );
}

function refuseTwice(targets: readonly string[], { mapping, source }: CompileContext): void {
  const lower = targets.map((target) => target.toLowerCase());
  const column = targets.find((_target, index) => lower.indexOf(lower[index] ?? '') !== index);
  if (column === undefined) return;
  const table = `${source.schema}.${source.table}`;
  const problem = `Mapping ${mapping.id} gives two columns of ${table} the name ${column}`;
  throw new SyncError('MAPPING_COLUMN_TWICE', { problem, mapping: mapping.id, column, table });
}

/** Throws MAPPING_COLUMN_UNKNOWN. */
export function positionOf(source: TableDefinition, column: string, mapping: string): number {
  const position = columnIndex(source.columns, column);
  if (position >= 0) return position;
  const table = `${source.schema}.${source.table}`;
  const problem = `Mapping ${mapping} names the column ${column}, which ${table} does not have`;
  throw new SyncError('MAPPING_COLUMN_UNKNOWN', { problem, mapping, column, table });
}
