import { isDeepStrictEqual } from 'node:util';
import { SyncError } from '@lutra/model';
import type { MappingDefinition, ProcessorRule, TableDefinition } from '@lutra/model';
import { ProcessorChain } from './processor-chain.ts';
import type { Processors } from './processors.ts';

const NO_RULES: readonly ProcessorRule[] = [];

/**
 * The processors of extract for a table that `mappings` cover; null when they name none. The table's rows are made once for all
 * of them. Throws PROCESSOR_MAPPINGS_DIFFER and what {@link ProcessorChain.of} throws.
 */
export function extractChain(
  mappings: readonly MappingDefinition[],
  source: TableDefinition,
  processors: Processors,
): ProcessorChain | null {
  if (mappings.every(({ rules }) => rules?.processors === undefined)) return null;
  const [first, ...others] = mappings.map(({ id, rules }) => ({
    id,
    rules: (rules?.processors ?? NO_RULES).filter(
      (rule) => processors.settled(rule).loaded.definition.stage === 'extract',
    ),
  }));
  if (first === undefined) return null;
  const other = others.find(({ rules }) => !isDeepStrictEqual(rules, first.rules));
  if (other !== undefined) {
    const table = `${source.schema}.${source.table}`;
    const problem = `The mappings ${first.id} and ${other.id} of ${table} name different processors of extract`;
    throw new SyncError('PROCESSOR_MAPPINGS_DIFFER', { problem, mapping: other.id, table });
  }
  return ProcessorChain.of(first.rules, source, { stage: 'extract', mapping: first.id, processors });
}
