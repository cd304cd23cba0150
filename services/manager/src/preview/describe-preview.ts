import { must, SyncError } from '@lutra/model';
import type {
  ColumnDefinition,
  MappingDefinition,
  MappingRules,
  PipelineParameters,
  RowImage,
  TableDefinition,
} from '@lutra/model';
import type { MappedChange } from '@lutra/mapping';
import {
  changedColumns,
  compileTableWriter,
  deleteStatement,
  imageToJson,
  insertStatement,
  updateStatement,
} from '@lutra/sql';
import type { JsonImage, TableWriter, TargetTable } from '@lutra/sql';
import { judgeColumns } from '../pre-check/judge-columns.ts';
import type { ServerFacts } from '../pre-check/pre-check-facts.ts';
import { tablesOf } from './map-rows.ts';
import type { Fit, MappedResult } from './map-rows.ts';
import type {
  PreviewChangeDto,
  PreviewMisfitDto,
  PreviewResultDto,
  PreviewRowDto,
  PreviewTableDto,
} from './preview.dto.ts';
import type { Trial } from './row-trial.ts';
import { changeOf } from './source-row.ts';
import type { SourceRow } from './source-row.ts';

/** A longer value is shown as its length and digest. */
const VALUE_LENGTH_MAX = 4_096;
const SQL_CHARS_MAX = 8_192;

/** A target as it was found; null = it was not. */
export interface FoundTarget {
  readonly server: ServerFacts;
  /** By {@link targetName}; null = there is none. */
  readonly tables: ReadonlyMap<string, TargetTable | null>;
}

export interface PreviewFacts {
  readonly mappings: readonly MappingDefinition[];
  readonly rows: readonly SourceRow[];
  readonly trial: Trial;
  readonly target: FoundTarget | null;
  readonly parameters: PipelineParameters;
}

export const targetName = ({ schema, table }: { readonly schema: string; readonly table: string }): string =>
  JSON.stringify([schema, table]);

export function describeMisfits({ trial, rows }: PreviewFacts): readonly PreviewMisfitDto[] {
  const tables = tablesOf(rows);
  return trial.fits.flatMap(({ mappingId, table: number, error }) => {
    if (error === null) return [];
    const { schema, table } = must(tables[number], 'it is a table of the rows');
    return [{ mappingId, schema, table, ...error }];
  });
}

/** Each target table of each mapping, and what the pre-check says of its columns. */
export function describeTables({ trial, target, parameters, rows: given }: PreviewFacts): readonly PreviewTableDto[] {
  const sources = tablesOf(given);
  return trial.fits.flatMap(({ mappingId, table: number, targets }) =>
    targets.map((rows): PreviewTableDto => {
      const { schema, table } = rows;
      const source = must(sources[number], 'it is a table of the rows');
      const found = target?.tables.get(targetName(rows));
      const columns = rows.columns.map(({ name, declared }) => ({ name, type: declared }));
      const told = { mappingId, source: `${source.schema}.${source.table}`, schema, table, columns };
      if (target === null || found === undefined || found === null)
        return { ...told, isThere: target === null ? null : false, findings: [] };
      const fitted = { rows, table: found, server: target.server, peculiarities: { hasLongTimestamps: false } };
      return { ...told, isThere: true, findings: judgeColumns(fitted, parameters).findings };
    }),
  );
}

export function describeRows(facts: PreviewFacts): readonly PreviewRowDto[] {
  const writers = new Writers(facts);
  const tables = tablesOf(facts.rows);
  return facts.rows.map((row, index): PreviewRowDto => {
    const { table, gtid, commitMs, event, kind } = row;
    const number = tables.indexOf(table);
    const fits = facts.trial.fits.filter((fit) => fit.error === null && fit.table === number);
    const results = facts.trial.results[index];
    return {
      ...{ gtid, commitAt: new Date(commitMs).toISOString(), event, row: row.row, kind },
      ...{ schema: table.schema, table: table.table },
      before: shown(table, row.before),
      after: shown(table, row.after),
      results:
        results === undefined
          ? fits.map(notTried)
          : results.map((result) => describeResult(result, { row, writers, fits, mappings: facts.mappings })),
    };
  });
}

const notTried = ({ mappingId }: Fit): PreviewResultDto => ({
  ...{ mappingId, outcome: 'notTried', code: null, changes: [], console: [] },
  reason: 'Time was up before this row: show fewer rows at once, or look for what takes so long',
});

interface Around {
  readonly row: SourceRow;
  readonly writers: Writers;
  readonly fits: readonly Fit[];
  readonly mappings: readonly MappingDefinition[];
}

function describeResult(
  { mappingId, changes, error, console }: MappedResult,
  { row, writers, fits, mappings }: Around,
): PreviewResultDto {
  const told = { mappingId, console };
  const rules = mappings.find(({ id }) => id === mappingId)?.rules;
  if (error !== null) return { ...told, outcome: 'refused', code: error.code, reason: error.detail, changes: [] };
  if (changes.length === 0)
    return { ...told, outcome: 'dropped', code: null, reason: whyDropped(rules, row), changes: [] };
  const { targets } = must(
    fits.find((fit) => fit.mappingId === mappingId),
    'only a mapping that fits gives changes',
  );
  return {
    ...{ ...told, outcome: 'mapped', code: null, reason: null },
    changes: changes.map((change) => {
      const table = must(targets[change.target], 'a row goes to one of the targets');
      return describeChange(change, { row, table, writers });
    }),
  };
}

/** Of a row that becomes none: what takes it, in the order of the rules. */
function whyDropped({ rows, script, processors, aggregate }: MappingRules = {}, { kind }: SourceRow): string {
  if (rows?.leaveOut?.includes(kind) === true) return `rows.leaveOut leaves out every ${kind}`;
  const causes = [
    ...(rows?.filter === undefined ? [] : ['rows.filter accepts none of its images']),
    ...(rows?.explode === undefined ? [] : [`rows.explode finds no element in ${rows.explode.column}`]),
    ...(script === undefined ? [] : ['the script gives no row for it']),
    ...(processors === undefined || processors.length === 0 ? [] : ['the processors drop it']),
    ...(aggregate === undefined ? [] : ['it changes nothing that its group counts']),
  ];
  return causes.length === 0 ? 'The mapping makes no row of it' : causes.join(', or ');
}

function describeChange(
  change: MappedChange,
  { row, table, writers }: { readonly row: SourceRow; readonly table: TableDefinition; readonly writers: Writers },
): PreviewChangeDto {
  const images = {
    before: change.kind === 'insert' ? null : change.before,
    after: change.kind === 'delete' ? null : change.after,
  };
  const { schema } = table;
  const told = { schema, table: table.table, kind: change.kind, before: shown(table, images.before) };
  if (change.asks !== undefined && images.after !== null) return { ...told, ...withoutExtremes(table, images.after) };
  return {
    ...told,
    after: shown(table, images.after),
    ...writers.statementOf(table, { event: row.event, row: row.row, kind: change.kind, ...images }),
  };
}

/** What has left a group makes transform ask the source, which the preview does not. */
function withoutExtremes(table: TableDefinition, after: RowImage): Pick<PreviewChangeDto, 'after' | 'sql' | 'problem'> {
  const isRead = ({ amount }: ColumnDefinition): boolean => amount === 'set';
  const names = table.columns.filter(isRead).map(({ name }) => name);
  const known = after.map((value, at) => (isRead(must(table.columns[at], 'inside')) ? undefined : value));
  const problem = `A row leaves the group: ${names.join(', ')} are then read at the source, behind the change`;
  return { after: shown(table, known), sql: null, problem };
}

const shown = (table: TableDefinition, image: SourceRow['after']): JsonImage | null =>
  image === null ? null : imageToJson(table, image, { valueLengthMax: VALUE_LENGTH_MAX });

/** What load would write rows with. */
class Writers {
  private readonly writers = new Map<TableDefinition, TableWriter | string>();

  constructor(private readonly facts: PreviewFacts) {}

  statementOf(
    table: TableDefinition,
    change: Pick<SourceRow, 'event' | 'row' | 'kind' | 'before' | 'after'>,
  ): Pick<PreviewChangeDto, 'sql' | 'problem'> {
    const writer = this.writerOf(table);
    if (typeof writer === 'string') return { sql: null, problem: writer };
    try {
      const sql = textOf(writer, changeOf(change));
      return { sql: sql.length > SQL_CHARS_MAX ? `${sql.slice(0, SQL_CHARS_MAX)} …` : sql, problem: null };
    } catch (error) {
      return { sql: null, problem: sentenceOf(error) };
    }
  }

  private writerOf(table: TableDefinition): TableWriter | string {
    const present = this.writers.get(table);
    if (present !== undefined) return present;
    const made = this.compile(table);
    this.writers.set(table, made);
    return made;
  }

  private compile(table: TableDefinition): TableWriter | string {
    const { target, parameters } = this.facts;
    if (target === null) return 'The target could not be asked what its table looks like';
    const found = target.tables.get(targetName(table)) ?? null;
    if (found === null) return `There is no table ${table.schema}.${table.table} at the target`;
    try {
      return compileTableWriter(table, found, parameters);
    } catch (error) {
      return sentenceOf(error);
    }
  }
}

function textOf(writer: TableWriter, change: ReturnType<typeof changeOf>): string {
  switch (change.kind) {
    case 'insert':
      return insertStatement(writer, [change.after]).sql;
    case 'update':
      return updateStatement(writer, changedColumns(writer, change), change).sql;
    case 'delete':
      return deleteStatement(writer, [change]).sql;
  }
}

/** Throws what is no matter of the rows. */
function sentenceOf(error: unknown): string {
  if (!SyncError.is(error) || error.class === 'internal') throw error;
  return `${error.message} ${error.workaround}`.trim();
}
