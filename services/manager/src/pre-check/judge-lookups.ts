import { ANY_KEY, lookupName, TableMapping } from '@lutra/mapping';
import { compileMappings, SyncError } from '@lutra/model';
import type { LookupRule, MappingDefinition, TableDefinition } from '@lutra/model';
import { defineTable } from '@lutra/sql';
import type { TargetTable } from '@lutra/sql';
import type { Finding, FindingSubject } from './finding.ts';
import type { Looked, TablePair } from './pre-check-facts.ts';

/** Tables of look-ups by {@link lookupName}; null = there is none that the user may see. */
export type LookupFacts = ReadonlyMap<string, Looked<TargetTable | null>>;

/** For compiling mappings: the tables as they were read. */
export const lookupTableOf =
  (lookups: LookupFacts) =>
  (rule: LookupRule): TableDefinition | null => {
    const looked = lookups.get(lookupName(rule));
    return looked === undefined || 'failure' in looked || looked.value === null ? null : defineTable(looked.value);
  };

/** The look-up of the mapping whose table could not be read: nothing can be said of such a mapping. */
export const unreadLookup = ({ rules }: MappingDefinition, lookups: LookupFacts): LookupRule | undefined =>
  rules?.lookups?.find((rule) => {
    const looked = lookups.get(lookupName(rule));
    return looked === undefined || 'failure' in looked;
  });

/** What there is to say of look-ups: of each once, whatever the tables are that it is used for. */
export function judgeLookups(mappings: readonly MappingDefinition[], lookups: LookupFacts): readonly Finding[] {
  return mappings.flatMap((mapping) =>
    (mapping.rules?.lookups ?? []).flatMap((rule): readonly Finding[] => {
      const looked = lookups.get(lookupName(rule));
      if (looked === undefined) return [];
      if ('failure' in looked) return [unread(rule, mapping, looked.failure)];
      if (looked.value === null || isUnique(rule, looked.value)) return [];
      return [notUnique(rule, mapping)];
    }),
  );
}

/** What a mapping of a table cannot promise when a looked-up row changes. */
export function judgeLookupUse({ mapping, source, target }: TablePair, lookups: LookupFacts): readonly Finding[] {
  const used = usedBy(mapping, source, lookups);
  if (used === null) return [];
  const keys = (target?.key?.columns ?? []).filter((name) => used.columns.includes(name));
  if (!used.isDeciding && keys.length === 0) return [];
  const what = [
    ...(used.isDeciding ? ['filter, route or explode'] : []),
    ...(keys.length > 0 ? [`the key at the target (${keys.join(', ')})`] : []),
  ].join(' and ');
  return [
    {
      ...{ code: 'LOOKUP_DECIDES_ROWS', severity: 'warning', statements: [] },
      subject: { place: 'source', schema: source.schema, table: source.table, name: mapping.id },
      explanation: `Where rows stand depends on a look-up (${what}): when the looked-up row changes, rows that were written before are looked for in the wrong place and stay behind. Look up what never changes, or copy such rows anew`,
    },
  ];
}

/** Null: no look-up, or the mapping does not fit, which is told elsewhere. */
function usedBy(mapping: MappingDefinition, source: TargetTable, lookups: LookupFacts): TableMapping['lookedUp'] {
  if ((mapping.rules?.lookups ?? []).length === 0) return null;
  const context = {
    source: defineTable(source),
    openKey: () => ANY_KEY,
    lookupTable: lookupTableOf(lookups),
  };
  try {
    return TableMapping.all(compileMappings([mapping], { isCaseFolded: true }), context)[0]?.lookedUp ?? null;
  } catch (error) {
    if (SyncError.is(error) && error.class === 'configuration') return null;
    throw error;
  }
}

function isUnique({ key }: LookupRule, { uniqueKeys }: TargetTable): boolean {
  const names = new Set(key.map(({ column }) => column.toLowerCase()));
  return uniqueKeys.some(({ columns, isExact }) => isExact && columns.every((name) => names.has(name)));
}

const subjectOf = ({ schema, table }: LookupRule, { id }: MappingDefinition): FindingSubject => ({
  ...{ place: 'source', schema, table, name: id },
});

/** A server that is away comes back; a grant that is missing stops the pipeline. */
const unread = (rule: LookupRule, mapping: MappingDefinition, failure: SyncError): Finding => ({
  ...{ code: 'LOOKUP_NOT_READ', severity: failure.class === 'retryable' ? 'warning' : 'error' },
  ...{ subject: subjectOf(rule, mapping), statements: [] },
  explanation: `The table ${rule.schema}.${rule.table} of look-up ${rule.name} could not be read (${failure.code}), so that the mapping was not looked at: ${failure.sentence}`,
});

const notUnique = (rule: LookupRule, mapping: MappingDefinition): Finding => ({
  ...{ code: 'LOOKUP_KEY_NOT_UNIQUE', severity: 'warning', subject: subjectOf(rule, mapping), statements: [] },
  explanation: `No unique index of ${rule.schema}.${rule.table} lies within the key of look-up ${rule.name} (${rule.key.map(({ column }) => column).join(', ')}): a row for which it finds two is refused (ROW_LOOKUP_SEVERAL), and without any index each search reads the whole table`,
});
