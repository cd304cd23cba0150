import { SyncError } from '@lutra/model';
import type { Route, RowImage } from '@lutra/model';
import type { CompileContext } from './compile-context.ts';
import type { RowFacts } from './compiled-value.ts';
import { compileText } from './expression/compile-condition.ts';

/** Which table a row goes to. */
export interface CompiledRoute {
  readonly tables: readonly string[];
  readonly reads: readonly number[];
  /** Index into `tables`. Throws ROW_ROUTE_UNKNOWN. */
  targetOf(image: RowImage, facts: RowFacts): number;
}

/**
 * Names are compared to the last bit, whatever the target does with their case: which of two spellings is meant where a server
 * tells them apart, nobody could guess. Throws MAPPING_EXPRESSION_INVALID, also where the way would depend on the change: the
 * row would be looked for in another table than the one that it was once written to.
 */
export function compileRoute({ expression, tables }: Route, { mapping, source }: CompileContext): CompiledRoute {
  const field = 'rules.route.expression';
  const text = compileText(expression, { source, mapping: mapping.id, field });
  if (text.ofChange) {
    const problem = `${field} of mapping ${mapping.id} asks for the change (kind, GTID or commit time): a row could not be found again where it was written`;
    throw new SyncError('MAPPING_EXPRESSION_INVALID', { problem, mapping: mapping.id, field, position: 1 });
  }
  const indexes = new Map(tables.map((table, index) => [table, index]));
  return {
    tables,
    reads: text.reads,
    targetOf: (image, facts) => {
      const name = text.textOf(image, facts);
      const index = name === null ? undefined : indexes.get(name);
      if (index !== undefined) return index;
      const table = `${source.schema}.${source.table}`;
      const problem = `The route of mapping ${mapping.id} gives no name that is among its tables for a row of ${table}`;
      throw new SyncError('ROW_ROUTE_UNKNOWN', { problem, mapping: mapping.id, table });
    },
  };
}
