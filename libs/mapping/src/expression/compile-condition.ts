import type { RowImage, TableDefinition } from '@lutra/model';
import type { RowFacts } from '../compiled-value.ts';
import { isOfChange } from '../column-origins.ts';
import type { ExpressionScope } from './expression-scope.ts';
import { readExpression } from './read-expression.ts';

/** Where an expression stands: `field` of the mapping. */
export interface ConditionPlace {
  readonly source: TableDefinition;
  readonly mapping: string;
  readonly field: string;
  /** As {@link ExpressionScope.hasImages}: `source` has the columns of the images then. */
  readonly hasImages?: boolean;
}

/** An expression of type bool; null counts as false. */
export interface CompiledCondition {
  readonly reads: readonly number[];
  /** As {@link CompiledText.ofChange}. */
  readonly ofChange: boolean;
  /** Of an image that carries what it reads. Throws a SyncError of class poison. */
  isTrue(image: RowImage, facts: RowFacts): boolean;
}

/** An expression whose value is taken as text. */
export interface CompiledText {
  readonly reads: readonly number[];
  /** Asks for what tells of the change and not of the row: kind, GTID, commit time. */
  readonly ofChange: boolean;
  /** Of an image that carries what it reads. Throws a SyncError of class poison. */
  textOf(image: RowImage, facts: RowFacts): string | null;
}

/** Throws MAPPING_EXPRESSION_INVALID with the position. */
export function compileCondition(expression: string, place: ConditionPlace): CompiledCondition {
  const scope: ExpressionScope = { ...place, reads: new Set(), facts: new Set() };
  const { valueOf } = readExpression(expression, scope, 'bool');
  return {
    reads: [...scope.reads],
    ofChange: [...scope.facts].some(isOfChange),
    isTrue: (image, facts) => valueOf(image, facts) === true,
  };
}

/** As {@link compileCondition}. */
export function compileText(expression: string, place: ConditionPlace): CompiledText {
  const scope: ExpressionScope = { ...place, reads: new Set(), facts: new Set() };
  const { valueOf } = readExpression(expression, scope, 'string');
  return {
    reads: [...scope.reads],
    ofChange: [...scope.facts].some(isOfChange),
    textOf: (image, facts) => valueOf(image, facts) as string | null,
  };
}
