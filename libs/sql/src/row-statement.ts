import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { BulkRow, BulkRows } from './bulk/bulk-rows.ts';
import { amountLiteral, holdsRows, updateAssignment, upsertAssignment } from './amounts.ts';
import { matchAllColumns } from './match-all-columns.ts';
import { keyValue } from './table-writer.ts';
import type { TableWriter, WrittenColumn } from './table-writer.ts';
import type { TargetStatement } from './target-statement.ts';

export type RowInsert = Extract<RowChange, { kind: 'insert' }>;
export type RowUpdate = Extract<RowChange, { kind: 'update' }>;
export type RowDelete = Extract<RowChange, { kind: 'delete' }>;

// From this size on a value travels as a parameter, byte for byte, instead of as a literal of twice its size.
const PARAMETER_BYTES_MIN = 65_536;

/** Whether the image has a value for every column that is written: only such a row may become an upsert. */
export const isComplete = (writer: TableWriter, image: RowImage): boolean =>
  writer.columns.every(({ position }) => image[position] !== undefined);

/** As {@link isComplete}, of a row that may still lie in its message. */
export function isCompleteInsert(writer: TableWriter, insert: RowInsert): boolean {
  const { encoded } = insert;
  return encoded === undefined
    ? isComplete(writer, insert.after)
    : (writer.columns.at(-1)?.position ?? -1) < encoded.columnCount;
}

/**
 * Inserts rows of one column shape. A complete row is an upsert by key that never rewrites another row: the first
 * assignment is a guard that turns into an error (by a NULL in strict mode, or a subquery of two rows) when the row that
 * clashed has another key. An incomplete row (MINIMAL image), or one of a table without a key, is a plain insert.
 */
export function insertStatement(writer: TableWriter, images: readonly RowImage[]): TargetStatement {
  return insertRowsStatement(
    writer,
    images.map((after) => ({ after })),
  );
}

/** As {@link insertStatement}, of rows that may still lie in their messages. */
export function insertRowsStatement(writer: TableWriter, rows: readonly BulkRow[]): TargetStatement {
  const columns = columnsOf(writer, rows);
  const upsert =
    columns.length === writer.columns.length && writer.key.length > 0
      ? ` ON DUPLICATE KEY UPDATE ${upsertAssignments(writer)}`
      : '';
  return new InsertOfRows(writer, columns, { rows, upsert });
}

/** Inserts rows of one column shape and nothing else: any row that has one of their keys or unique values makes it fail. */
export function plainInsertStatement(writer: TableWriter, images: readonly RowImage[]): TargetStatement {
  const rows = images.map((after) => ({ after }));
  return new InsertOfRows(writer, columnsOf(writer, rows), { rows, upsert: '' });
}

/** All rows of a statement have the shape of the first. */
function columnsOf({ columns }: TableWriter, [first]: readonly BulkRow[]): readonly WrittenColumn[] {
  const row = first ?? NO_ROW;
  const { encoded } = row;
  if (encoded !== undefined) {
    const { columnCount } = encoded;
    return columns.every(({ position }) => position < columnCount)
      ? columns
      : columns.filter(({ position }) => position < columnCount);
  }
  return columns.filter(({ position }) => row.after[position] !== undefined);
}

const NO_ROW: BulkRow = { after: [] };

/** The text is made where it is asked for: a session that writes rows in bulk does without. */
class InsertOfRows implements TargetStatement {
  private made: TargetStatement | null = null;
  private prepared: BulkRows | null = null;

  constructor(
    private readonly writer: TableWriter,
    private readonly columns: readonly WrittenColumn[],
    private readonly what: { readonly rows: readonly BulkRow[]; readonly upsert: string },
  ) {}

  get sql(): string {
    return this.text.sql;
  }

  get parameters(): readonly (string | Buffer)[] | undefined {
    return this.text.parameters;
  }

  /**
   * Not where a trigger may fire, the table's own or one behind a view: servers before August 2024 lose rows of a bulk execute
   * to the statements of a trigger and answer that all is well (MDEV-24411).
   */
  get bulk(): BulkRows | undefined {
    const { columns, what, writer } = this;
    const { engine, triggers } = writer.target;
    if (triggers.length > 0 || engine === null) return undefined;
    if (this.prepared !== null) return this.prepared;
    const sql = this.statement(`(${columns.map(() => '?').join(',')})`);
    return (this.prepared = { table: writer.quoted, sql, columns, rows: what.rows });
  }

  private get text(): TargetStatement {
    if (this.made !== null) return this.made;
    const parameters: (string | Buffer)[] = [];
    const tuples = this.what.rows.map(({ after }) => tupleOf(this.columns, after, parameters));
    return (this.made = statement(this.statement(tuples.join(',')), parameters));
  }

  private statement(tuples: string): string {
    const names = this.columns.map(({ quoted }) => quoted).join(',');
    return `INSERT INTO ${this.writer.quoted} (${names}) VALUES ${tuples}${this.what.upsert}`;
  }
}

/** Updates one row by the key it had before (without a key: by all its columns); the key itself may change. `columns` are the columns to write. */
export function updateStatement(
  writer: TableWriter,
  columns: readonly WrittenColumn[],
  change: RowUpdate,
): TargetStatement {
  const parameters: (string | Buffer)[] = [];
  // Nothing to write (only columns outside the mapping changed): a column onto itself, so that a missing row still shows.
  const written = columns.length > 0 ? columns : (writer.key.length > 0 ? writer.key : writer.columns).slice(0, 1);
  const assignments = written.map((column) => {
    // NULL is a value like any other; only what the image does not carry is taken from the one before.
    const after = change.after[column.position];
    const value = after === undefined ? change.before[column.position] : after;
    if (value === undefined) throw absentValue(column);
    if (column.definition.amount !== undefined) return movedBy(column, value);
    return `${column.quoted}=${writtenText(column, value, parameters)}`;
  });
  for (const column of writer.keptColumns)
    if (!written.includes(column)) assignments.push(`${column.quoted}=${column.quoted}`);
  const where = rowCondition(writer, change.before, parameters) + countCondition(writer, change);
  return statement(`UPDATE ${writer.quoted} SET ${assignments.join(',')} WHERE ${where}`, parameters);
}

/**
 * Updates many rows whose keys differ and stay. The values stand in a derived table that is read first and in order; the
 * rows are found by key. Affected rows = rows found.
 */
export function updateJoinStatement(
  writer: TableWriter,
  columns: readonly WrittenColumn[],
  changes: readonly RowUpdate[],
): TargetStatement {
  // Nothing to write (only columns outside the mapping changed): the key onto itself, so that missing rows still show.
  const assignments =
    columns.length > 0
      ? columns.map((column, index) => updateAssignment(column, `t.${column.quoted}`, `v.c${String(index)}`))
      : writer.key.slice(0, 1).map(({ quoted }) => `t.${quoted}=t.${quoted}`);
  for (const column of writer.keptColumns)
    if (!columns.includes(column)) assignments.push(`t.${column.quoted}=t.${column.quoted}`);
  const on = writer.key.map(({ join }, index) => join?.(`v.k${String(index)}`) ?? '');
  const counted = columns.findIndex(({ definition }) => definition.amount === 'count');
  if (counted >= 0) on.push(holdsRows(`t.${columns[counted]?.quoted ?? ''}`, `v.c${String(counted)}`));
  const selects = changes.map((change, row) => {
    const values = writer.key.map((column) => column.keyLiteral(keyValue(writer, column, change.before)));
    for (const column of columns) {
      const value = change.after[column.position];
      if (value === undefined) throw absentValue(column);
      column.check?.(value);
      values.push(column.definition.amount === undefined ? column.literal(value) : amountLiteral(column, value));
    }
    // The first row names the columns.
    if (row > 0) return values.join(',');
    return values
      .map((value, index) => {
        const name = index < writer.key.length ? `k${String(index)}` : `c${String(index - writer.key.length)}`;
        return `${value} AS ${name}`;
      })
      .join(',');
  });
  const derived = `SELECT ${selects.join(' UNION ALL SELECT ')}`;
  return {
    sql: `UPDATE (${derived}) AS v STRAIGHT_JOIN ${writer.quoted} AS t ON ${on.join(' AND ')} SET ${assignments.join(',')}`,
  };
}

/** Deletes those groups of the rows that count no row any more. */
export function emptyGroupsStatement(
  writer: TableWriter,
  counted: WrittenColumn,
  images: readonly RowImage[],
): TargetStatement {
  const rows = images.map((image) => `(${keyCondition(writer, image)})`);
  return { sql: `DELETE FROM ${writer.quoted} WHERE (${rows.join(' OR ')}) AND ${counted.quoted}=0` };
}

/** Without a key: of one row only, since equal rows may stand beside it. */
export function deleteStatement(writer: TableWriter, changes: readonly RowDelete[]): TargetStatement {
  const [only] = writer.key;
  if (only === undefined) return deleteOneMatching(writer, changes);
  if (writer.key.length === 1) {
    const values = changes.map((change) => only.keyLiteral(keyValue(writer, only, change.before)));
    return { sql: `DELETE FROM ${writer.quoted} WHERE ${only.quoted} IN (${values.join(',')})` };
  }
  const rows = changes.map((change) => `(${keyCondition(writer, change.before)})`);
  return { sql: `DELETE FROM ${writer.quoted} WHERE ${rows.join(' OR ')}` };
}

function deleteOneMatching(writer: TableWriter, changes: readonly RowDelete[]): TargetStatement {
  const [change] = changes;
  if (change === undefined || changes.length > 1)
    throw new SyncError('INTERNAL', { problem: `Rows of ${writer.quoted}, which has no key, in one statement` });
  const parameters: (string | Buffer)[] = [];
  const where = rowCondition(writer, change.before, parameters);
  return statement(`DELETE FROM ${writer.quoted} WHERE ${where}`, parameters);
}

function movedBy(column: WrittenColumn, value: ColumnValue): string {
  column.check?.(value);
  return updateAssignment(column, column.quoted, amountLiteral(column, value));
}

/** A group that counts fewer rows than leave it is not the one that the source had. */
function countCondition({ counted }: TableWriter, { after }: RowUpdate): string {
  const value = counted === null ? undefined : after[counted.position];
  if (counted === null || value === undefined) return '';
  return ` AND ${holdsRows(counted.quoted, amountLiteral(counted, value))}`;
}

/** The condition that finds one row. */
function rowCondition(writer: TableWriter, before: RowImage, parameters: (string | Buffer)[]): string {
  if (writer.key.length > 0) return keyCondition(writer, before);
  return `${matchAllColumns(writer, before, (column, value) => valueText(column, value, parameters))} LIMIT 1`;
}

function upsertAssignments(writer: TableWriter): string {
  const key = writer.key.map(({ quoted }) => quoted);
  // A NULL assigned to a TIMESTAMP may mean "now", and to an AUTO_INCREMENT column 0, instead of an error.
  const refusing = writer.key.find(({ target }) => target.dataType !== 'timestamp' && target.isAutoIncrement !== true);
  const guard = (refusing ?? writer.key[0])?.quoted ?? '';
  const refusal = refusing === undefined ? '(SELECT 1 UNION ALL SELECT 2)' : 'NULL';
  const [mine, theirs] = [key.join(','), key.map((column) => `VALUES(${column})`).join(',')];
  const same = key.length === 1 ? `${mine}=${theirs}` : `(${mine})=(${theirs})`;
  const others = writer.columns.filter(({ quoted }) => quoted !== guard);
  return [`${guard}=IF(${same},VALUES(${guard}),${refusal})`, ...others.map(upsertAssignment)].join(',');
}

/** The condition that finds the row whose key the image holds. */
export function keyCondition(writer: TableWriter, image: RowImage): string {
  return writer.key
    .map((column) => `${column.quoted}=${column.keyLiteral(keyValue(writer, column, image))}`)
    .join(' AND ');
}

function tupleOf(columns: readonly WrittenColumn[], image: RowImage, parameters: (string | Buffer)[]): string {
  let text = '(';
  for (const column of columns) {
    const value = image[column.position];
    if (value === undefined) throw absentValue(column);
    text += text.length === 1 ? writtenText(column, value, parameters) : `,${writtenText(column, value, parameters)}`;
  }
  return `${text})`;
}

const absentValue = ({ name }: WrittenColumn): SyncError =>
  new SyncError('INTERNAL', { problem: `Rows of two column shapes in one statement for ${name}` });

/** Of a value that the target is to hold: throws TARGET_VALUE_REFUSED where it would hold another. */
function writtenText(column: WrittenColumn, value: ColumnValue, parameters: (string | Buffer)[]): string {
  column.check?.(value);
  return valueText(column, value, parameters);
}

function valueText(column: WrittenColumn, value: ColumnValue, parameters: (string | Buffer)[]): string {
  if (typeof value === 'string' && value.length >= PARAMETER_BYTES_MIN) {
    if (!value.isWellFormed()) return column.literal(value);
    parameters.push(value);
    return '?';
  }
  if (value instanceof Uint8Array && value.length >= PARAMETER_BYTES_MIN) {
    parameters.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    return '?';
  }
  return column.literal(value);
}

const statement = (sql: string, parameters: readonly (string | Buffer)[]): TargetStatement =>
  parameters.length === 0 ? { sql } : { sql, parameters };
