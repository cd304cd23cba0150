import { readColumnType } from '@lutra/model';
import type { ColumnDefinition, RowImage, TableDefinition } from '@lutra/model';
import { valueFromJson } from '@lutra/sql';
import type { JsonValue } from '@lutra/sql';
import { fieldRefusal } from '../http/refuse-field.ts';
import { canonical, problemOf } from '../values/column-value.ts';
import type { SampleDto, SampleRowDto } from './preview.dto.ts';
import type { SourceRow } from './source-row.ts';

/** The table that the columns of a request describe. Throws REQUEST_INVALID. */
export function sampleTable({ schema, table, columns = [], primaryKey = [] }: SampleDto): TableDefinition {
  const defined = columns.map(({ name, type, nullable = true }, index): ColumnDefinition => {
    const read =
      readColumnType(type) ??
      refuse(`sample.columns.${String(index)}.type`, 'is no type such as bigint or varchar(20)');
    return { ...read, name, nullable };
  });
  const names = defined.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse('sample.columns', `names ${twice} twice`);
  const key = primaryKey.map((name) => names.indexOf(name.toLowerCase()));
  if (key.includes(-1)) refuse('sample.primaryKey', 'names what is no column');
  return { schema, table, columns: defined, primaryKey: key };
}

/** Throws REQUEST_INVALID that names each value at fault, without it. */
export function sampleRows(rows: readonly SampleRowDto[], table: TableDefinition, now: Date): readonly SourceRow[] {
  return rows.map((given, row) => {
    const field = `sample.rows.${String(row)}`;
    const { kind, gtid = '', commitAt } = given;
    const wanted = { before: kind !== 'insert', after: kind !== 'delete' };
    return {
      ...{ table, gtid, event: 0, row, kind, commitMs: commitAt === undefined ? now.getTime() : Date.parse(commitAt) },
      before: imageOf(given.before, { table, field: `${field}.before`, kind, isWanted: wanted.before }),
      after: imageOf(given.after, { table, field: `${field}.after`, kind, isWanted: wanted.after }),
    };
  });
}

interface Wanted {
  readonly table: TableDefinition;
  readonly field: string;
  readonly kind: string;
  readonly isWanted: boolean;
}

function imageOf(
  given: Readonly<Record<string, unknown>> | undefined,
  { table, field, kind, isWanted }: Wanted,
): RowImage | null {
  if (given === undefined) return isWanted ? refuse(field, `is what a row of kind ${kind} has`) : null;
  if (!isWanted) return refuse(field, `does not belong to a row of kind ${kind}`);
  const values = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const names = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  const unknown = [...values.keys()].find((name) => !names.has(name));
  if (unknown !== undefined) refuse(`${field}.${unknown}`, `is no column of ${table.schema}.${table.table}`);
  return table.columns.map((column) => {
    const name = column.name.toLowerCase();
    return values.has(name) ? valueOf(column, values.get(name), `${field}.${column.name}`) : undefined;
  });
}

function valueOf(column: ColumnDefinition, value: unknown, field: string): RowImage[number] {
  const problem = problemOf(column, value);
  if (problem !== null) refuse(field, problem);
  return valueFromJson(canonical(column, value as JsonValue));
}

function refuse(field: string, rest: string): never {
  throw fieldRefusal(field, `${field} ${rest}`);
}
