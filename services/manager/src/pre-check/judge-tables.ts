import { madeColumns } from '@lutra/model';
import { Processors } from '@lutra/mapping';
import type { PipelineDefinition, TableDefinition } from '@lutra/model';
import { addPrimaryKeyStatement, createSchemaStatement, createTableStatement, quoteName, quoteTable } from '@lutra/sql';
import type { TargetTable } from '@lutra/sql';
import type { Finding, FindingSubject } from './finding.ts';
import { atTarget } from './finding.ts';
import { judgeColumns } from './judge-columns.ts';
import type { FittedTable } from './judge-columns.ts';
import { judgeForeignKeys } from './judge-foreign-keys.ts';
import { judgeGroups } from './judge-groups.ts';
import { judgeLookupUse, unreadLookup } from './judge-lookups.ts';
import type { LookupFacts } from './judge-lookups.ts';
import { judgeMerging } from './judge-merging.ts';
import { mappedTable } from './map-columns.ts';
import { typeAt } from './modify-column.ts';
import type { ServerFacts, TableFacts, TablePair } from './pre-check-facts.ts';
import type { Peculiarities, Verdict } from './judge-column.ts';

export interface JudgedTables {
  readonly findings: readonly Finding[];
  readonly verdicts: readonly Verdict[];
}

/** What there is to say of the mapped tables as they are now. */
export function judgeTables(
  tables: TableFacts,
  { source, target }: { readonly source: ServerFacts; readonly target: ServerFacts },
  parameters: PipelineDefinition['parameters'],
): JudgedTables {
  const { pairs, lookups = new Map(), processors = Processors.none() } = tables;
  const mapped = new Set(pairs.map(({ targetName }) => foldedName(targetName)));
  const peculiarities = { hasLongTimestamps: hasLongTimestamps(source) && !hasLongTimestamps(target) };
  const around = { mapped, server: target, peculiarities, parameters, lookups, pairs, processors };
  const judged = pairs.map((pair) => judgePair(pair, around));
  return {
    findings: [
      ...judgeCoverage(tables),
      ...judgeMerging(pairs, target),
      ...withoutRepeats(judged.flatMap(({ findings }) => findings)),
    ],
    verdicts: judged.flatMap(({ verdicts }) => verdicts),
  };
}

/**
 * A mapping that does not fit a table is found once for each table that its rows may go to, and a target table once for each
 * that becomes it.
 */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const told = new Set<string>();
  return findings.filter(({ code, subject, explanation }) => {
    const { schema = '', table = '', name = '' } = subject;
    const isOfTable = code.startsWith('MAPPING_') || code === 'TARGET_TABLE_MISSING';
    const about = code.startsWith('MAPPING_') ? '' : code;
    const key = JSON.stringify(isOfTable ? [about, schema, table, name] : [code, subject, explanation]);
    const isNew = !told.has(key);
    told.add(key);
    return isNew;
  });
}

/** MariaDB counts the seconds of a TIMESTAMP without a sign from 11.5 on. */
function hasLongTimestamps({ kind, variables }: ServerFacts): boolean {
  const [major = 0, minor = 0] = (variables['version'] ?? '').split(/[.-]/).map(Number);
  return kind === 'mariadb' && (major > 11 || (major === 11 && minor >= 5));
}

const foldedName = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  JSON.stringify([schema.toLowerCase(), table.toLowerCase()]);

function judgeCoverage({ pairs, idle, otherCase, leftOut }: TableFacts): Finding[] {
  const unseen = idle.map(({ id, source }): Finding => {
    const other = otherCase?.get(id);
    if (other !== undefined)
      return {
        ...{ code: 'NAME_CASE_DIFFERS', severity: 'warning', statements: [] },
        subject: { place: 'source', ...other, name: id },
        explanation: `The mapping covers no table, and would cover ${other.schema}.${other.table} if case told nothing apart, which it does at this source (lower_case_table_names = 0): write the name as the source does`,
      };
    const schemas =
      typeof source.schema === 'string' ? `schema ${source.schema}` : `the schemas ${source.schema.regex}`;
    const pattern = 'exact' in source.table ? `table ${source.table.exact}` : `expression ${source.table.regex}`;
    return {
      ...{ code: 'PATTERN_MATCHES_NOTHING', severity: 'warning', statements: [] },
      subject: { place: 'source', ...(typeof source.schema === 'string' ? { schema: source.schema } : {}), name: id },
      explanation: `No table of ${schemas} that the user may see matches the ${pattern}: nothing is synchronised by this mapping until there is one`,
    };
  });
  if (leftOut === 0) return unseen;
  const explanation = `${String(pairs.length)} tables were compared, ${String(leftOut)} more were not: load looks at each when its first row comes`;
  return [
    ...unseen,
    { code: 'TABLES_NOT_LOOKED_AT', severity: 'info', subject: { place: 'source' }, explanation, statements: [] },
  ];
}

interface Around {
  /** All target tables of the pipeline, by folded name. */
  readonly mapped: ReadonlySet<string>;
  readonly server: ServerFacts;
  readonly peculiarities: Peculiarities;
  readonly parameters: PipelineDefinition['parameters'];
  readonly lookups: LookupFacts;
  /** All of them: what other mappings say of the same table. */
  readonly pairs: readonly TablePair[];
  readonly processors: Processors;
}

function judgePair(pair: TablePair, around: Around): JudgedTables {
  const { mapped, server, peculiarities, parameters, lookups } = around;
  const { target, source } = pair;
  if (unreadLookup(pair.mapping, lookups) !== undefined) return { findings: [], verdicts: [] };
  const rows = mappedTable(pair, around);
  if ('code' in rows) return { findings: [rows], verdicts: [] };
  const ofGroups = judgeGroups(pair);
  if (target === null) return { findings: [...ofGroups, missingTable(rows, { source, server })], verdicts: [] };
  const fitted = { rows, table: target, server, peculiarities };
  const columns = judgeColumns(fitted, parameters);
  const findings = [
    ...judgeEngine(target),
    ...judgeKeys(pair, fitted, parameters),
    ...judgeExtraKeys(fitted, source),
    ...judgeLookupUse(pair, lookups),
    ...ofGroups,
    ...judgeTriggers(target),
    ...judgeForeignKeys(
      { source, target },
      { isMapped: (name) => mapped.has(foldedName(name)), mode: parameters.foreignKeys },
    ),
    ...columns.findings,
  ];
  return { findings, verdicts: columns.verdicts };
}

function missingTable(
  rows: TableDefinition,
  { source, server }: { readonly source: TargetTable; readonly server: ServerFacts },
): Finding {
  const { kind, schemas } = server;
  const { schema, table } = rows;
  const columns = rows.columns.map((column) => ({ ...column, declared: typeAt(kind, column) }));
  const schemaStatement = schemas.has(schema) ? [] : [createSchemaStatement(schema)];
  return {
    code: 'TARGET_TABLE_MISSING',
    severity: 'error',
    subject: { place: 'target', schema, table },
    explanation: `The table ${schema}.${table} does not exist, and ${source.schema}.${source.table} is written into it: the first row stops the pipeline. The statement makes it empty, with its columns and primary key; rows that are there already have to be copied`,
    statements: atTarget(...schemaStatement, createTableStatement({ ...rows, columns })),
  };
}

const subjectOf = ({ schema, table }: TargetTable, name?: string): FindingSubject => ({
  place: 'target',
  schema,
  table,
  ...(name === undefined ? {} : { name }),
});

function judgeEngine(target: TargetTable): Finding[] {
  if (target.unsafeEngine === undefined) return [];
  const explanation = `The engine ${target.unsafeEngine} knows no transactions: rows and the place of the pipeline could part, so that load refuses the table`;
  const statements = atTarget(`ALTER TABLE ${quoteTable(target)} ENGINE = InnoDB`);
  return [{ code: 'ENGINE_UNSAFE', severity: 'error', subject: subjectOf(target), explanation, statements }];
}

/** What a row is found by, at either side. */
function judgeKeys(
  { mapping }: TablePair,
  { rows, table }: FittedTable,
  { noPrimaryKey }: PipelineDefinition['parameters'],
): Finding[] {
  const theirs = rows.primaryKey.map((position) => (rows.columns[position]?.name ?? '').toLowerCase());
  const isThere = theirs.length > 0 && theirs.every((name) => table.columns.has(name));
  if (table.key === null) {
    const policy = mapping.onConflict?.kind ?? 'overwrite';
    const isFatal = noPrimaryKey === 'reject' || policy !== 'overwrite';
    const consequence = isFatal
      ? `the pipeline stops (noPrimaryKey = ${noPrimaryKey}, onConflict = ${policy})`
      : 'each row is looked for by all its columns, one by one, which is slow (noPrimaryKey = matchAllColumns)';
    const advice = isThere
      ? ''
      : '. The source has no primary key that the mapping carries whole: make one at both sides';
    const explanation = `The table has neither a primary key nor a unique key without NULLs: ${consequence}${advice}`;
    const statements = isThere ? atTarget(addPrimaryKeyStatement(rows)) : [];
    return [
      {
        code: 'KEY_MISSING',
        severity: isFatal ? 'error' : 'warning',
        subject: subjectOf(table),
        explanation,
        statements,
      },
    ];
  }
  const carried = new Set(rows.columns.map(({ name }) => name.toLowerCase()));
  const lost = table.key.columns.filter((name) => !carried.has(name));
  const key = theirs.map((name) => quoteName(table.columns.get(name)?.name ?? name)).join(', ');
  const drop = table.key.name === 'PRIMARY' ? 'DROP PRIMARY KEY, ' : '';
  const statements = isThere ? atTarget(`ALTER TABLE ${quoteTable(table)} ${drop}ADD PRIMARY KEY (${key})`) : [];
  const subject = subjectOf(table, table.key.name);
  if (lost.length > 0) {
    const explanation = `The key ${table.key.name} has the columns ${lost.join(', ')}, which the rows do not carry: the first row stops the pipeline`;
    return [{ code: 'KEY_NOT_CARRIED', severity: 'error', subject, explanation, statements }];
  }
  if (theirs.length === 0) return [];
  const ours = new Set(table.key.columns);
  const made = madeColumns(mapping.rules);
  // What the mapping adds to the key only tells more rows apart.
  const kept = [...ours].filter((name) => theirs.includes(name) || !made.has(name));
  if (theirs.length === kept.length && theirs.every((name) => ours.has(name))) return [];
  const explanation = `Rows are found by ${[...ours].join(', ')} (${table.key.name}) at the target and by ${theirs.join(', ')} at the source: two rows of the source may be one there`;
  return [{ code: 'KEY_DIFFERS', severity: 'warning', subject, explanation, statements }];
}

/** What is unique at the target alone refuses rows that the source takes. */
function judgeExtraKeys({ rows, table }: FittedTable, source: TargetTable): Finding[] {
  const textOf = (columns: readonly string[]): string => [...columns].sort().join('\0');
  const names = new Map(source.uniqueKeys.map((key) => [textOf(key.columns), key]));
  const carried = new Set(rows.columns.map(({ name }) => name.toLowerCase()));
  return table.uniqueKeys
    .filter(
      ({ name, columns }) => name !== 'PRIMARY' && name !== table.key?.name && columns.every((one) => carried.has(one)),
    )
    .filter(({ columns }) => !names.has(textOf(columns)))
    .map((key) => ({
      ...{ code: 'KEY_EXTRA', severity: 'warning', subject: subjectOf(table, key.name) },
      explanation: `${key.name} is unique at the target and nothing of the kind is at the source: a row that repeats its value is refused`,
      statements: atTarget(`ALTER TABLE ${quoteTable(table)} DROP INDEX ${quoteName(key.name)}`),
    }));
}

const judgeTriggers = (target: TargetTable): Finding[] =>
  target.triggers.map(({ name, timing, event }) => ({
    ...{ code: 'TRIGGER_FIRES', severity: 'warning', subject: subjectOf(target, name) },
    explanation: `The trigger ${name} (${timing} ${event}) fires for replicated rows too: what the source's triggers did comes with its rows, and is done twice`,
    statements: atTarget(`DROP TRIGGER ${quoteName(target.schema)}.${quoteName(name)}`),
  }));
