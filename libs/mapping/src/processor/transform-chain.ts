import type { TableDefinition } from '@lutra/model';
import type { CompileContext } from '../compile-context.ts';
import { ProcessorChain } from './processor-chain.ts';
import { Processors } from './processors.ts';

/** The processors of transform; they are told of the table by its name at the source. Throws what {@link ProcessorChain.of} throws. */
export function transformChain(
  { mapping, source, processors = Processors.none() }: CompileContext,
  target: TableDefinition,
): ProcessorChain | null {
  const rules = mapping.rules?.processors;
  if (rules === undefined) return null;
  const { schema, table } = source;
  const context = { stage: 'transform', mapping: mapping.id, processors } as const;
  return ProcessorChain.of(rules, { ...target, schema, table }, context);
}
