import { compileMappings, compileTargetLookup, SyncError } from '@lutra/model';
import type { MappingDefinition, PipelineDefinition, TableName, TargetMappingLookup } from '@lutra/model';
import { sampleNames } from './sample-names.ts';

/** A mapping with what is asked of it for every other one. */
interface Candidate {
  readonly mapping: MappingDefinition;
  /** Policy and weight as text. */
  readonly rule: string;
  readonly covers: TargetMappingLookup;
  /** Some of the names that it writes; all of them when it names its table. */
  readonly names: readonly TableName[];
}

/** Schemas of an expression that are tried with each of the tables. */
const SCHEMAS_TRIED_MAX = 8;

/**
 * A row's policy and weight are those of its target table, so that two mappings into one table have to agree on them. Exact
 * for names; where two expressions meet it is shown by names that they match, so that an overlap may stay unseen: the first
 * mapping of the definition then decides. Throws MAPPING_POLICY_CONFLICT.
 */
export function refuseMixedPolicies({ name, mappings }: PipelineDefinition): void {
  const candidates = mappings.map(candidateOf);
  if (new Set(candidates.map(({ rule }) => rule)).size < 2) return;
  candidates.forEach((one, index) => {
    for (const other of candidates.slice(index + 1)) {
      if (one.rule === other.rule) continue;
      const table = commonTable(one, other);
      if (table !== null) throw mixed(name, `${table.schema}.${table.table}`, [one.mapping.id, other.mapping.id]);
    }
  });
}

function candidateOf(mapping: MappingDefinition): Candidate {
  const { onConflict = { kind: 'overwrite' }, weight = 0 } = mapping;
  return {
    mapping,
    rule: JSON.stringify([onConflict, weight]),
    covers: compileTargetLookup([mapping]),
    names: targetNames(mapping),
  };
}

function targetNames(mapping: MappingDefinition): readonly TableName[] {
  const { schema, table } = mapping.source;
  const schemas = typeof schema === 'string' ? [schema] : sampleNames(schema.regex).slice(0, SCHEMAS_TRIED_MAX);
  const tables = 'exact' in table ? [table.exact] : sampleNames(table.regex);
  const matcher = compileMappings([mapping]);
  return schemas.flatMap((from) =>
    tables.flatMap((source) =>
      matcher
        .targetsOf(from, source)
        .map(({ targetSchema, targetTable }) => ({ schema: targetSchema, table: targetTable })),
    ),
  );
}

function commonTable(one: Candidate, other: Candidate): TableName | null {
  return (
    one.names.find(({ schema, table }) => other.covers(schema, table) !== null) ??
    other.names.find(({ schema, table }) => one.covers(schema, table) !== null) ??
    null
  );
}

function mixed(pipeline: string, table: string, mappings: readonly string[]): SyncError {
  const problem = `Two mappings of pipeline ${pipeline} write the target table ${table} and differ in onConflict or weight: rows of one table have one policy`;
  return new SyncError('MAPPING_POLICY_CONFLICT', { problem, table, mappings });
}
