import type { RowImage, TableDefinition } from '@lutra/model';
import type { RowFacts } from '../compiled-value.ts';

/** Where an expression stands: `field` of the mapping. */
export interface ConditionPlace {
  readonly source: TableDefinition;
  readonly mapping: string;
  readonly field: string;
}

/** An expression of type bool; null counts as false. */
export interface CompiledCondition {
  readonly reads: readonly number[];
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
export function compileCondition(expression: string, { field }: ConditionPlace): CompiledCondition {
  throw new Error(`${field}: ${expression} comes with a commit of its own`);
}

/** As {@link compileCondition}. */
export function compileText(expression: string, { field }: ConditionPlace): CompiledText {
  throw new Error(`${field}: ${expression} comes with a commit of its own`);
}
