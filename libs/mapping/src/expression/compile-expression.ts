import type { ColumnDefinition, ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import { assertNever } from '@lutra/model';
import { columnValue, isOfChange, textColumn } from '../column-origins.ts';
import type { CompiledValue } from '../compiled-value.ts';
import { decimalText, power } from '../convert/exact-number.ts';
import { refuseAt } from './expression-scope.ts';
import type { ExpressionScope, Refuse } from './expression-scope.ts';
import { DIGITS_MAX } from './fixed-number.ts';
import { readExpression } from './read-expression.ts';
import { strictOne } from './term.ts';
import type { Term, ValueFunction } from './term.ts';
import { TEXT_BYTES_MAX } from './text-size.ts';

export interface ExpressionPlace {
  readonly source: TableDefinition;
  /** The column at the target. */
  readonly name: string;
  readonly mapping: string;
}

/** A character has four bytes at most. */
const TEXT_UNITS_SAFE = TEXT_BYTES_MAX / 4;
const LARGEST = power(DIGITS_MAX);

/**
 * A column that is computed. An expression that is a column alone keeps the column's type; the type of any other decides:
 * bigint, decimal(65, as many digits behind the point as are computed), double, longtext, longblob or tinyint(1).
 * Throws MAPPING_EXPRESSION_INVALID with the position.
 */
export function compileExpressionValue(expression: string, { source, name, mapping }: ExpressionPlace): CompiledValue {
  const scope: ExpressionScope = { source, mapping, field: name, reads: new Set(), facts: new Set() };
  const term = readExpression(expression, scope, null);
  if (term.column !== undefined) {
    const plain = columnValue(source, term.column, name);
    return plain.column.generated === true ? { ...plain, column: { ...plain.column, generated: false } } : plain;
  }
  const reads = [...scope.reads];
  const column = columnOf(term, name);
  const valueOf = columnValueOf(term, refuseAt(scope, 0));
  return {
    column: [...scope.facts].some(isOfChange) ? { ...column, ofChange: true } : column,
    reads,
    valueOf: (image, facts) => (isCarried(image, reads) ? (valueOf(image, facts) as ColumnValue) : undefined),
  };
}

function isCarried(image: RowImage, reads: readonly number[]): boolean {
  for (const position of reads) if (image[position] === undefined) return false;
  return true;
}

function columnOf({ type, scale }: Term, name: string): ColumnDefinition {
  switch (type) {
    case 'int':
      return { name, kind: 'integer', declared: 'bigint', nullable: true, bytes: 8, unsigned: false };
    case 'decimal': {
      const declared = `decimal(${String(DIGITS_MAX)},${String(scale)})`;
      return { name, kind: 'decimal', declared, nullable: true, length: DIGITS_MAX, scale };
    }
    case 'double':
      return { name, kind: 'double', declared: 'double', nullable: true };
    case 'bytes':
      return { name, kind: 'binary', declared: 'longblob', nullable: true };
    case 'bool':
      return { name, kind: 'integer', declared: 'tinyint(1)', nullable: true, bytes: 1, unsigned: false };
    case 'string':
    case 'null':
    case 'any':
      return textColumn(name, true);
    default:
      return assertNever(type);
  }
}

/** The value in the form that a column of its type has. */
function columnValueOf(term: Term, refuse: Refuse): ValueFunction {
  const { type, scale } = term;
  if (type === 'bool') return strictOne(term, (value: boolean) => (value ? 1 : 0));
  if (type === 'decimal')
    return strictOne(term, (value: bigint) => {
      if (value < LARGEST && value > -LARGEST) return decimalText(value, scale);
      throw refuse('ROW_VALUE_OVERFLOW', `the number has more than ${String(DIGITS_MAX)} digits`);
    });
  if (type === 'string')
    return strictOne(term, (value: string) => {
      if (value.length <= TEXT_UNITS_SAFE || Buffer.byteLength(value) <= TEXT_BYTES_MAX) return value;
      throw refuse('ROW_VALUE_TOO_LARGE', 'the text is larger than 64 MiB');
    });
  return term.valueOf;
}
