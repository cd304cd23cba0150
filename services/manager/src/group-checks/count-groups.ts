import type { SourceSession } from '@lutra/binlog';
import { GroupTally, TableMapping } from '@lutra/mapping';
import type { RowFacts } from '@lutra/mapping';
import { must } from '@lutra/model';
import type { MappingMatcher, RowChange, TableDefinition } from '@lutra/model';
import { readPages } from '@lutra/source-access';

/** More than this is read neither every hour nor while other mappings wait. */
const ROWS_MAX = 20_000_000;
/** Of groups, which are kept in memory. */
export const GROUPS_MAX = 50_000;

/** No rule of a mapping that counts may ask for the change. */
const FACTS: RowFacts = { pipelineId: '', gtid: '', commitMs: 0, event: 0, row: 0, kind: 'insert' };

/** The mapping as transform has it. Throws what compiling it throws. */
export const countingMapping = (matcher: MappingMatcher, source: TableDefinition): TableMapping =>
  must(TableMapping.all(matcher, { source, openKey: () => '' })[0], 'it covers its table');

/**
 * What the mapping makes of all rows that the table has, each page as it stands when it is read. A text says why that is not done. Throws what
 * reading throws.
 */
export async function countGroups(
  session: SourceSession,
  { source, mapping }: { readonly source: TableDefinition; readonly mapping: TableMapping },
  signal: AbortSignal,
): Promise<GroupTally | string> {
  const tally = new GroupTally(must(mapping.targets[0], 'rows are counted into one'));
  let rowCount = 0;
  for await (const images of readPages(session, { table: source, reads: mapping.reads, where: '' }, signal)) {
    rowCount += images.length;
    if (rowCount > ROWS_MAX) return `more than ${String(ROWS_MAX)} rows would be read`;
    for (const after of images) {
      const change: RowChange = { kind: 'insert', after, table: 0, event: 0, row: 0, part: 0, flags: 0 };
      for (const counted of mapping.mapOrRefuse(change, FACTS)) tally.addChange(counted);
      if (tally.size > GROUPS_MAX) return `there are more than ${String(GROUPS_MAX)} groups`;
    }
  }
  return tally;
}
