import { compileTargetLookup } from '@lutra/model';
import type { Clock, MappingDefinition } from '@lutra/model';
import { mappedSchemas, tablesOfSchemas, TargetCatalog } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';

/** More tables than these are described when their first row comes: reading them all would keep the start waiting. */
const LEARNED_MAX = 2_000;

/** A catalog that knows the mapped tables already, so that the first rows of hundreds of tables cost no round trips. */
export async function learnTarget(
  session: TargetSession,
  mappings: readonly MappingDefinition[],
  clock: Clock,
): Promise<TargetCatalog> {
  const schemas = await mappedSchemas(session, mappings);
  const catalog = new TargetCatalog(clock);
  const mappingOf = compileTargetLookup(mappings);
  const names = (await tablesOfSchemas(session, schemas)).filter(
    ({ schema, table }) => mappingOf(schema, table) !== null,
  );
  await catalog.learn(session, names.slice(0, LEARNED_MAX));
  await session.rollback();
  return catalog;
}
