import type { TableDefinition } from '@lutra/model';
import type { CompiledValue } from '../compiled-value.ts';

export interface ExpressionPlace {
  readonly source: TableDefinition;
  /** The column at the target. */
  readonly name: string;
  readonly mapping: string;
}

/** Throws MAPPING_EXPRESSION_INVALID with the position. */
export function compileExpressionValue(_expression: string, _place: ExpressionPlace): CompiledValue {
  throw new Error('expressions come with their own commit');
}
