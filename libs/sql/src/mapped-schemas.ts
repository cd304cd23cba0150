import { compileTargetSchemas } from '@lutra/model';
import type { MappingDefinition } from '@lutra/model';
import type { TargetSession } from './target-session.ts';

/**
 * The schemas of the target that mappings write into: those that they name, there or not, and those that are there and that
 * an expression over the source's schemas may give. Throws what the session throws.
 */
export async function mappedSchemas(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
): Promise<readonly string[]> {
  const { named, isOpen, has } = compileTargetSchemas(mappings);
  if (!isOpen) return named;
  const rows = await session.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  return [...new Set([...named, ...rows.map((row) => String(row['name'])).filter(has)])];
}
