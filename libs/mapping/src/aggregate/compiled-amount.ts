import { SyncError } from '@lutra/model';
import type { AggregateRule, AmountKind, ColumnDefinition, ColumnKind, ColumnValue } from '@lutra/model';
import { compileExpressionValue } from '../expression/compile-expression.ts';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue } from '../compiled-value.ts';
import { DIGITS_MAX } from '../expression/fixed-number.ts';

/** A column of the target that rows move. */
export interface CompiledAmount {
  /** With its amount: sum, least or greatest. */
  readonly column: ColumnDefinition;
  /** What it is an amount of. */
  readonly value: CompiledValue;
  /** Only of a sum: what the value adds, in units of the column's last digit. */
  readonly unitsOf: ((value: ColumnValue) => bigint) | null;
}

/** Digits behind the point of a decimal that does not say how many it has. */
const SCALE_MAX = 30;
const ORDERED: ReadonlySet<ColumnKind> = new Set([
  ...(['integer', 'decimal', 'float', 'double', 'year'] as const),
  ...(['date', 'time', 'datetime', 'timestamp'] as const),
]);

/** Throws MAPPING_AGGREGATE_INVALID, MAPPING_EXPRESSION_INVALID. */
export function compileAmount(
  { function: kind, expression, target: name }: AggregateRule['values'][number],
  context: CompileContext,
): CompiledAmount {
  const mapping = context.mapping.id;
  const value = compileExpressionValue(expression, { source: context.source, name, mapping });
  const { column } = value;
  if (column.ofChange === true)
    throw aggregateInvalid(mapping, name, 'asks for the change (kind, GTID or commit time), and a group is of rows');
  switch (kind) {
    case 'count':
      return { column: sumColumn(name, 0), value, unitsOf: (one) => (one === null ? 0n : 1n) };
    case 'sum': {
      if (column.kind !== 'integer' && column.kind !== 'decimal')
        throw aggregateInvalid(
          mapping,
          name,
          `sums ${column.declared}: only integers and decimals are summed exactly; convert with decimal(…)`,
        );
      const scale = column.kind === 'integer' ? 0 : (column.scale ?? SCALE_MAX);
      return { column: sumColumn(name, scale), value, unitsOf: (one) => (one === null ? 0n : units(one, scale)) };
    }
    case 'min':
    case 'max': {
      if (!ORDERED.has(column.kind))
        throw aggregateInvalid(
          mapping,
          name,
          `takes the ${kind} of ${column.declared}: only numbers, dates and times have an order that the servers share`,
        );
      const amount: AmountKind = kind === 'min' ? 'least' : 'greatest';
      return { column: { ...column, nullable: true, generated: false, amount }, value, unitsOf: null };
    }
  }
}

/** How many rows a group has. */
export const countColumn = (name: string): ColumnDefinition => ({
  ...{ name, kind: 'integer', declared: 'bigint', nullable: false, bytes: 8, unsigned: false, amount: 'count' },
});

export function aggregateInvalid(mapping: string, column: string, why: string): SyncError {
  const problem = `Column ${column} of the aggregate of mapping ${mapping} ${why}`;
  return new SyncError('MAPPING_AGGREGATE_INVALID', { problem, mapping, column });
}

/** What all rows of a group add up to has more digits than a value. */
const sumColumn = (name: string, scale: number): ColumnDefinition => ({
  ...{ name, kind: 'decimal', nullable: false, length: DIGITS_MAX, scale, amount: 'sum' },
  declared: `decimal(${String(DIGITS_MAX)},${String(scale)})`,
});

function units(value: ColumnValue, scale: number): bigint {
  if (typeof value !== 'string') return BigInt(value as number | bigint);
  const point = value.indexOf('.');
  if (point < 0) return BigInt(value + '0'.repeat(scale));
  return BigInt(value.slice(0, point) + value.slice(point + 1).padEnd(scale, '0'));
}
