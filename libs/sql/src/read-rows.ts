import { columnIndex } from '@lutra/model';
import type { ColumnValue, RowImage } from '@lutra/model';
import { keyCondition } from './row-statement.ts';
import { keyColumn } from './table-writer.ts';
import type { TableWriter, WrittenColumn } from './table-writer.ts';
import type { TargetSession } from './target-session.ts';

// Round trips are few, and no statement grows large.
const KEYS_PER_QUERY = 100;

/**
 * The rows at the target whose keys the images hold, in their order; null = there is no such row. The rows are locked until
 * the transaction ends. A value has the form that the images use ({@link ColumnValue}, by the kind of the process's column);
 * columns that are not written are absent.
 */
export async function lockRows(
  session: TargetSession,
  writer: TableWriter,
  images: readonly RowImage[],
): Promise<readonly (RowImage | null)[]> {
  const rows = await readByKey(session, writer, { images, values: valuesOf(writer) });
  return rows.map((row) => (row === null ? null : imageOf(writer, row)));
}

/**
 * The row at the target that has the values of the image in the unique index of this name; null = there is none, or the index
 * is over expressions or parts of columns, or over columns that the image does not hold. It is not locked.
 */
export async function readHolder(
  session: TargetSession,
  writer: TableWriter,
  { index, image }: { readonly index: string; readonly image: RowImage },
): Promise<RowImage | null> {
  const unique = writer.target.uniqueKeys.find(({ name }) => name.toLowerCase() === index.toLowerCase());
  if (unique?.isExact !== true) return null;
  const conditions: string[] = [];
  for (const name of unique.columns) {
    const column = writer.columns[columnIndex(writer.columns, name)];
    const value = column === undefined ? undefined : image[column.position];
    if (column === undefined || value === undefined || value === null) return null;
    conditions.push(`${column.quoted}=${keyColumn(column).keyLiteral(value)}`);
  }
  const sql = `SELECT ${valuesOf(writer)} FROM ${writer.quoted} WHERE ${conditions.join(' AND ')}`;
  const [row] = await session.query(sql);
  return row === undefined ? null : imageOf(writer, row);
}

/** Which of the rows are there, by the keys that the images hold. They are locked until the transaction ends. */
export async function lockExisting(
  session: TargetSession,
  writer: TableWriter,
  images: readonly RowImage[],
): Promise<readonly boolean[]> {
  const rows = await readByKey(session, writer, { images, values: '1 AS one' });
  return rows.map((row) => row !== null);
}

type FoundRow = Readonly<Record<string, unknown>>;

/** One SELECT for each key, so that every comparison is that of the statements that write: exact, and by index. */
async function readByKey(
  session: TargetSession,
  writer: TableWriter,
  { images, values }: { readonly images: readonly RowImage[]; readonly values: string },
): Promise<readonly (FoundRow | null)[]> {
  const found: (FoundRow | null)[] = images.map(() => null);
  for (let start = 0; start < images.length; start += KEYS_PER_QUERY) {
    const selects = images.slice(start, start + KEYS_PER_QUERY).map((image, index) => {
      const where = keyCondition(writer, image);
      return `(SELECT ${String(start + index)} AS n,${values} FROM ${writer.quoted} WHERE ${where} FOR UPDATE)`;
    });
    for (const row of await session.query(selects.join(' UNION ALL '))) found[Number(row['n'])] = row;
  }
  return found;
}

const valuesOf = ({ columns }: TableWriter): string =>
  columns.map((column, index) => `${readable(column)} AS c${String(index)}`).join(',');

function imageOf(writer: TableWriter, row: FoundRow): RowImage {
  const image: (ColumnValue | undefined)[] = writer.definition.columns.map(() => undefined);
  for (const [index, column] of writer.columns.entries())
    image[column.position] = valueOf(column, row[`c${String(index)}`]);
  return image;
}

/** The column as an expression whose text holds the value without loss. */
function readable({ quoted, definition }: WrittenColumn): string {
  switch (definition.kind) {
    case 'float':
    case 'double':
      // As a double: a float would be printed with six digits.
      return `${quoted}+0e0`;
    case 'bit':
      return `${quoted}+0`;
    case 'binary':
    case 'geometry':
      return `HEX(${quoted})`;
    case 'json':
      return `CAST(${quoted} AS CHAR)`;
    default:
      return quoted;
  }
}

function valueOf({ definition }: WrittenColumn, value: unknown): ColumnValue {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return null;
  const text = String(value);
  switch (definition.kind) {
    case 'integer':
      return definition.bytes === 8 && /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
    case 'bit':
      return BigInt(text);
    case 'year':
    case 'float':
    case 'double':
      return Number(text);
    case 'binary':
    case 'geometry':
      return new Uint8Array(Buffer.from(text, 'hex'));
    default:
      return text;
  }
}
