import { SyncError } from '@lutra/model';
import type { AggregateRule, AmountKind, ColumnDefinition, ColumnValue } from '@lutra/model';
import { compileExpressionValue } from '../expression/compile-expression.ts';
import type { CompileContext } from '../compile-context.ts';
import type { CompiledValue } from '../compiled-value.ts';
import { DIGITS_MAX, fixedOf, SCALE_MAX } from '../expression/fixed-number.ts';
import { orderOf } from './extreme-order.ts';

/** A column of the target that rows move. */
export interface CompiledAmount {
  /** With its amount: sum, least or greatest. */
  readonly column: ColumnDefinition;
  /** What it is an amount of. */
  readonly value: CompiledValue;
  /** Only of a sum: what the value adds, in units of the column's last digit. */
  readonly unitsOf: ((value: ColumnValue) => bigint) | null;
  /** Only of an extreme: whether `one` is beyond `other`; neither is null. */
  readonly isBeyond: ((one: ColumnValue, other: ColumnValue) => boolean) | null;
}

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
      return { column: sumColumn(name, 0), value, unitsOf: (one) => (one === null ? 0n : 1n), isBeyond: null };
    case 'sum': {
      if (column.kind !== 'integer' && column.kind !== 'decimal')
        throw aggregateInvalid(
          mapping,
          name,
          `sums ${column.declared}: only integers and decimals are summed exactly; convert with decimal(…)`,
        );
      const scale = column.kind === 'integer' ? 0 : (column.scale ?? SCALE_MAX);
      const unitsOf = (one: ColumnValue): bigint =>
        one === null ? 0n : typeof one === 'string' ? fixedOf(one, scale) : BigInt(one as number | bigint);
      return { column: sumColumn(name, scale), value, unitsOf, isBeyond: null };
    }
    case 'min':
    case 'max': {
      const order = orderOf(column);
      if (order === null)
        throw aggregateInvalid(
          mapping,
          name,
          `takes the ${kind} of ${column.declared}: only numbers, dates and times have an order that the servers share`,
        );
      const amount: AmountKind = kind === 'min' ? 'least' : 'greatest';
      const sign = kind === 'min' ? -1 : 1;
      return {
        column: { ...column, nullable: true, generated: false, amount },
        value,
        unitsOf: null,
        isBeyond: (one, other) => order(one, other) * sign > 0,
      };
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
