import { ANY_KEY, extractChain, TableMapping } from '@lutra/mapping';
import type { Processors } from '@lutra/mapping';
import { compileMappings, SyncError } from '@lutra/model';
import type { MappingDefinition, TableDefinition } from '@lutra/model';
import { defineTable } from '@lutra/sql';
import type { TableName, TargetTable } from '@lutra/sql';
import type { Finding, FindingCode } from './finding.ts';
import { lookupTableOf } from './judge-lookups.ts';
import type { LookupFacts } from './judge-lookups.ts';
import type { TablePair } from './pre-check-facts.ts';

/** Each problem of a table with its mapping that has a line of its own in docs/pre-check.md. */
const TOLD: Readonly<Record<string, FindingCode>> = {
  MAPPING_COLUMN_UNKNOWN: 'MAPPING_COLUMN_UNKNOWN',
  MAPPING_EXPRESSION_INVALID: 'MAPPING_EXPRESSION_INVALID',
  MAPPING_LOOKUP_INVALID: 'MAPPING_LOOKUP_INVALID',
};

/**
 * The source's table in the shape that its rows have at the target: names, columns, order, primary key as far as it is carried
 * whole. A finding when the mapping and the table do not fit.
 */
export function mappedTable(
  { mapping, source, targetName }: TablePair,
  around: {
    readonly lookups: LookupFacts;
    readonly pairs: readonly TablePair[];
    readonly processors: Processors;
  },
): TableDefinition | Finding {
  const { processors } = around;
  try {
    const definition = extractedTable(mapping, defineTable(source), around);
    const lookupTable = lookupTableOf(around.lookups);
    const context = { source: definition, openKey: () => ANY_KEY, lookupTable, processors };
    const [fitted] = TableMapping.all(compileMappings([mapping], { isCaseFolded: true }), context);
    const isHere = ({ schema, table }: TableName): boolean =>
      schema === targetName.schema && table === targetName.table;
    const { columns, primaryKey } = fitted?.targets.find(isHere) ?? fitted?.targets[0] ?? definition;
    return { schema: targetName.schema, table: targetName.table, columns, primaryKey };
  } catch (error) {
    if (SyncError.is(error) && error.class === 'configuration') return misfit(error, mapping, source);
    throw error;
  }
}

/** As extract hands its rows on: processors of all mappings of the table are asked at once. */
function extractedTable(
  mapping: MappingDefinition,
  table: TableDefinition,
  { pairs, processors }: { readonly pairs: readonly TablePair[]; readonly processors: Processors },
): TableDefinition {
  if (mapping.rules?.processors === undefined) return table;
  const others = pairs
    .filter(({ source: { schema, table: name } }) => schema === table.schema && name === table.table)
    .map((pair) => pair.mapping);
  return extractChain([...new Set([mapping, ...others])], table, processors)?.table ?? table;
}

function misfit(
  { code, details, sentence }: SyncError,
  { id }: MappingDefinition,
  { schema, table }: TargetTable,
): Finding {
  const column = details['column'];
  return {
    code: TOLD[code] ?? 'MAPPING_NOT_FITTING',
    severity: 'error',
    subject: { place: 'source', schema, table, name: id, ...(typeof column === 'string' ? { column } : {}) },
    explanation: `${sentence}: the first row of ${schema}.${table} stops the pipeline (${code})`,
    statements: [],
  };
}
