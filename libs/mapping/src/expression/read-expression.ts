import { SyncError } from '@lutra/model';
import { compileTerm } from './compile-term.ts';
import { DIGITS_MAX, SCALE_MAX } from './fixed-number.ts';
import { ExpressionProblem } from './expression-problem.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { parseExpression } from './parse-expression.ts';
import type { Term } from './term.ts';

/** A type that an expression has to have where it stands; null = any that a column can have. */
export type WantedType = 'bool' | 'string' | null;

/** The typed form of an expression. Throws MAPPING_EXPRESSION_INVALID with the place of what is wrong. */
export function readExpression(text: string, scope: ExpressionScope, wanted: WantedType): Term {
  try {
    return termOf(text, scope, wanted);
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    const { mapping, field } = scope;
    const { line, column } = placeOf(text, error.offset);
    const where = `line ${String(line)}, column ${String(column)}`;
    const problem = `${field} of mapping ${mapping}, ${where}: ${error.why} (at ${quoted(text, error.offset)})`;
    const details = { problem, mapping, field, position: error.offset + 1, line };
    throw new SyncError('MAPPING_EXPRESSION_INVALID', details, { cause: error });
  }
}

/** The same, for whoever keeps the place. Throws an {@link ExpressionProblem} and nothing else. */
export function termOf(text: string, scope: ExpressionScope, wanted: WantedType): Term {
  const term = compileTerm(parseExpression(text), scope);
  const { type, scale } = term;
  if (wanted !== null && type !== wanted && type !== 'null' && type !== 'any') {
    const advice = wanted === 'bool' ? 'compare it with something' : 'string(…) makes a text of it';
    throw new ExpressionProblem(`Here stands an expression of type ${wanted}, and this is ${type}: ${advice}`, 0);
  }
  if (scale > SCALE_MAX)
    throw new ExpressionProblem(
      `This has ${String(scale)} digits behind the point, and a column has ${String(SCALE_MAX)} at most (${String(DIGITS_MAX)} in all): round(…, ${String(SCALE_MAX)}) or fewer`,
      0,
    );
  return term;
}

/** Line and column of a place in a text, from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - start + 1 };
}

function quoted(text: string, offset: number): string {
  const [shown = ''] = text.slice(offset, offset + 30).split('\n');
  return shown === '' ? 'its end' : JSON.stringify(shown.toWellFormed());
}
