import type { TargetMappingLookup } from '@lutra/model';
import type { TableWriter } from '@lutra/sql';

/**
 * Whether rows of the table may be written once more, from any earlier point on, without harm. Where they may not (no key, or
 * values that are added to what is there) nothing may be committed that stands inside one of their transactions: a source
 * that is read again from another server begins such a transaction anew.
 */
export function isRepeatable({ definition, isIdempotent }: TableWriter, mappingOf: TargetMappingLookup): boolean {
  if (!isIdempotent) return false;
  const policy = mappingOf(definition.schema, definition.table)?.onConflict;
  return policy?.kind !== 'merge' || policy.deltaColumns.length === 0;
}
