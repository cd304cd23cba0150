import type { SourceSession } from '@lutra/binlog';
import { compileMappings } from '@lutra/model';
import type { MappingDefinition, MappingMatcher } from '@lutra/model';

/** The mappings as the source takes names, which is how the stages take them. Throws what the source throws. */
export async function matchAtSource(
  session: Pick<SourceSession, 'queryText'>,
  mappings: readonly MappingDefinition[],
): Promise<MappingMatcher> {
  const letterCase = await session.queryText('SELECT @@lower_case_table_names');
  return compileMappings(mappings, { isCaseFolded: letterCase !== '0' });
}
