import type { SourceSession } from '@lutra/binlog';
import { compileTargetLookup } from '@lutra/model';
import type { Clock, DataSourceDefinition, DonePlace, MappingDefinition, TableName } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { openReading, readSourceTable } from '@lutra/source-access';
import { executedPlace, executedQuery, openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { matchAtSource } from '../positions/match-at-source.ts';
import { compareCounted } from './compare-counted.ts';
import { compareGroups } from './compare-groups.ts';
import type { ComparedGroups } from './compare-groups.ts';
import { countGroups, countingMapping } from './count-groups.ts';
import { groupQueries } from './group-queries.ts';

const STATEMENT_MS_MAX = 60_000;

export interface ComparedAround {
  readonly source: DataSourceDefinition;
  readonly target: DataSourceDefinition;
  /** All other mappings into the same target. */
  readonly others: readonly MappingDefinition[];
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** What the target holds of the pipeline; null = not known. */
  readonly reached: () => Promise<DonePlace | null>;
}

interface Names {
  readonly source: TableName;
  readonly target: TableName;
}

/**
 * Compares the groups of a mapping with its source: told by the source where it can tell them, otherwise counted by the mapping
 * itself. A text says why they cannot be compared. Throws what the servers throw.
 */
export async function compareMapping(
  definitions: readonly MappingDefinition[],
  around: ComparedAround,
  signal: AbortSignal,
): Promise<ComparedGroups | string> {
  const [definition, ...more] = definitions;
  const several = 'The mapping counts the rows of several tables';
  if (definition === undefined || more.length > 0 || !('exact' in definition.source.table)) return several;
  const { schema } = definition.source;
  if (typeof schema !== 'string') return several;
  const { exact: table } = definition.source.table;
  const names = {
    source: { schema, table },
    target: { schema: definition.target.schema, table: definition.target.table ?? table },
  };
  const beside = compileTargetLookup(around.others)(names.target.schema, names.target.table);
  if (beside !== null) return `Mapping ${beside.id} writes into the table as well`;
  return compareNamed({ ...around, definition, names }, signal);
}

interface Comparison extends ComparedAround {
  readonly definition: MappingDefinition;
  readonly names: Names;
}

async function compareNamed(comparison: Comparison, signal: AbortSignal): Promise<ComparedGroups | string> {
  const { clock, definition, names, reached } = comparison;
  const source = await open(comparison.source, comparison);
  try {
    const described = await source.describeTable(names.source);
    if (described === null) return absent(names.source);
    const queries = groupQueries(definition, described, names.target);
    if (!('why' in queries))
      return await atTarget(comparison, (target) => compareGroups({ source, target, queries, clock, reached }, signal));
  } finally {
    await source.close();
  }
  return countAndCompare(comparison, signal);
}

async function countAndCompare(comparison: Comparison, signal: AbortSignal): Promise<ComparedGroups | string> {
  const { clock, definition, names, reached, secrets, source } = comparison;
  const reading = { clock, secrets: secrets.ofDataSource(source), serverUuid: null, timeoutMs: STATEMENT_MS_MAX };
  // For a target that is away nothing is counted.
  await atTarget(comparison, () => Promise.resolve());
  const session: SourceSession = await openReading(source, reading);
  try {
    const table = await readSourceTable(session, names.source);
    if (table === null) return absent(names.source);
    if (table.primaryKey.length === 0)
      return 'Only the mapping can tell what it counts, and the source has no primary key to read its rows by';
    const mapping = countingMapping(await matchAtSource(session, [definition]), table);
    const [counts] = mapping.targets;
    if (counts === undefined) return absent(names.source);
    const { kind } = session.server;
    const compared = await compareCounted(
      {
        ...{ clock, reached, table: counts },
        atTarget: (work) => atTarget(comparison, work),
        count: () => countGroups(session, { source: table, mapping }, signal),
        executed: async () => executedPlace(kind, await session.queryText(executedQuery(kind))),
      },
      signal,
    );
    return typeof compared === 'string' ? `Only the mapping can tell what it counts, and ${compared}` : compared;
  } finally {
    session.close();
  }
}

async function atTarget<T>(comparison: Comparison, work: (target: TargetSession) => Promise<T>): Promise<T> {
  const target = await open(comparison.target, comparison);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}

const absent = ({ schema, table }: TableName): string => `There is no table ${schema}.${table} at the source`;

const open = (dataSource: DataSourceDefinition, { clock, secrets }: ComparedAround): Promise<TargetSession> =>
  openTarget(dataSource, secrets.ofDataSource(dataSource), {
    ...{ clock, programName: 'lutra manager', statementTimeoutMs: STATEMENT_MS_MAX },
  });
