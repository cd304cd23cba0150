import type { ColumnDefinition, RowFact } from '@lutra/model';
import { ExpressionProblem } from './expression-problem.ts';
import type { ExpressionScope } from './expression-scope.ts';
import type { WantedType } from './read-expression.ts';
import { placeOf, termOf } from './read-expression.ts';
import type { ValueType } from './term.ts';

/** What an expression is worth: its type, or what is wrong with it and where. Lines, columns and the offset in UTF-16 units. */
export type ExpressionCheck =
  | { readonly kind: 'valid'; readonly type: ValueType }
  | {
      readonly kind: 'invalid';
      readonly problem: string;
      /** From 1. */
      readonly line: number;
      readonly column: number;
      /** From 0. */
      readonly offset: number;
    };

/**
 * Looks at an expression before it is used. Without columns (null) each name counts as a column of any type; syntax, functions,
 * patterns, limits and the types of all that is literal are looked at nevertheless.
 */
export function checkExpression(
  text: string,
  columns: readonly ColumnDefinition[] | null,
  wanted: WantedType,
  known: Pick<ExpressionScope, 'lookupColumns' | 'hasImages'> = {},
): ExpressionCheck {
  const source = columns === null ? null : { schema: '', table: '', columns, primaryKey: [] };
  try {
    const scope = {
      source,
      ...known,
      mapping: '',
      field: '',
      reads: new Set<number>(),
      facts: new Set<RowFact>(),
    };
    const { type } = termOf(text, scope, wanted);
    return { kind: 'valid', type };
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    return { kind: 'invalid', problem: error.why, ...placeOf(text, error.offset), offset: error.offset };
  }
}
