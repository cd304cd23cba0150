import type { ColumnValue, RowChange, RowImage } from '@lutra/model';
import { SyncError } from '@lutra/model';
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

/**
 * Inserts rows of one column shape. A complete row is an upsert by key that never rewrites another row: the first
 * assignment is a guard that turns into an error (by a NULL in strict mode, or a subquery of two rows) when the row that
 * clashed has another key. An incomplete row (MINIMAL image) is a plain insert.
 */
export function insertStatement(writer: TableWriter, images: readonly RowImage[]): TargetStatement {
  const first = images[0] ?? [];
  const columns = writer.columns.filter(({ position }) => first[position] !== undefined);
  const parameters: (string | Buffer)[] = [];
  const tuples = images.map((image) => tupleOf(columns, image, parameters));
  const upsert =
    columns.length === writer.columns.length ? ` ON DUPLICATE KEY UPDATE ${upsertAssignments(writer)}` : '';
  const names = columns.map(({ quoted }) => quoted).join(',');
  return statement(`INSERT INTO ${writer.quoted} (${names}) VALUES ${tuples.join(',')}${upsert}`, parameters);
}

/** Inserts one row and nothing else: to learn from the server which index it clashes with. */
export function plainInsertStatement(writer: TableWriter, image: RowImage): TargetStatement {
  const columns = writer.columns.filter(({ position }) => image[position] !== undefined);
  const parameters: (string | Buffer)[] = [];
  const tuple = tupleOf(columns, image, parameters);
  const names = columns.map(({ quoted }) => quoted).join(',');
  return statement(`INSERT INTO ${writer.quoted} (${names}) VALUES ${tuple}`, parameters);
}

/** Updates one row by the key it had before; the key itself may change. `columns` are the columns to write. */
export function updateStatement(
  writer: TableWriter,
  columns: readonly WrittenColumn[],
  change: RowUpdate,
): TargetStatement {
  const parameters: (string | Buffer)[] = [];
  const where = keyCondition(writer, change.before);
  const written = columns.length > 0 ? columns : writer.key.slice(0, 1);
  const assignments = written.map((column) => {
    // NULL is a value like any other; only what the image does not carry is taken from the one before.
    const after = change.after[column.position];
    const value = after === undefined ? change.before[column.position] : after;
    if (value === undefined) throw absentValue(column);
    return `${column.quoted}=${valueText(column, value, parameters)}`;
  });
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
      ? columns.map(({ quoted }, index) => `t.${quoted}=v.c${String(index)}`)
      : writer.key.slice(0, 1).map(({ quoted }) => `t.${quoted}=t.${quoted}`);
  const on = writer.key.map(({ join }, index) => join?.(`v.k${String(index)}`) ?? '');
  const selects = changes.map((change, row) => {
    const values = writer.key.map((column) => column.keyLiteral(keyValue(writer, column, change.before)));
    for (const column of columns) {
      const value = change.after[column.position];
      if (value === undefined) throw absentValue(column);
      values.push(column.literal(value));
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

export function deleteStatement(writer: TableWriter, changes: readonly RowDelete[]): TargetStatement {
  const [only] = writer.key;
  if (writer.key.length === 1 && only !== undefined) {
    const values = changes.map((change) => only.keyLiteral(keyValue(writer, only, change.before)));
    return { sql: `DELETE FROM ${writer.quoted} WHERE ${only.quoted} IN (${values.join(',')})` };
  }
  const rows = changes.map((change) => `(${keyCondition(writer, change.before)})`);
  return { sql: `DELETE FROM ${writer.quoted} WHERE ${rows.join(' OR ')}` };
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
  return [
    `${guard}=IF(${same},VALUES(${guard}),${refusal})`,
    ...others.map(({ quoted }) => `${quoted}=VALUES(${quoted})`),
  ].join(',');
}

function keyCondition(writer: TableWriter, image: RowImage): string {
  return writer.key
    .map((column) => `${column.quoted}=${column.keyLiteral(keyValue(writer, column, image))}`)
    .join(' AND ');
}

function tupleOf(columns: readonly WrittenColumn[], image: RowImage, parameters: (string | Buffer)[]): string {
  let text = '(';
  for (const column of columns) {
    const value = image[column.position];
    if (value === undefined) throw absentValue(column);
    text += text.length === 1 ? valueText(column, value, parameters) : `,${valueText(column, value, parameters)}`;
  }
  return `${text})`;
}

const absentValue = ({ name }: WrittenColumn): SyncError =>
  new SyncError('INTERNAL', { problem: `Rows of two column shapes in one statement for ${name}` });

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
