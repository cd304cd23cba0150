import { openSnapshot } from '@lutra/binlog';
import type { RawRow, SourceSession } from '@lutra/binlog';
import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnKind, ColumnValue, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName, quoteTable } from '@lutra/sql';
import { readable, valueOf } from './raw-value.ts';
import { errnoOf, GONE, withGrant } from './source-errno.ts';
import { columnAt, hasSameShape, isLarge } from './table-shape.ts';

/** Rows of a table that have given values in some columns. */
export interface RowQuestion {
  readonly table: TableDefinition;
  /** Position of the column, and the kind of the values that it is compared with. */
  readonly key: readonly { readonly column: number; readonly valueKind: ColumnKind }[];
  /** Positions of what is read. */
  readonly columns: readonly number[];
  /** Of each row that is asked for, in the order of `key`; none is null. */
  readonly values: readonly (readonly ColumnValue[])[];
}

/** Values of the columns; or there is no row, there are several, or its large values are larger than {@link ROW_BYTES_MAX}. */
export type FoundRow = readonly ColumnValue[] | 'missing' | 'several' | 'tooLarge';

/** A row with large columns may have so many bytes in them. */
const ROW_BYTES_MAX = 65_536;
/** Rows that are asked for in one statement; each is a search of its own in it. */
const ROWS_MAX = 100;
const LARGE_ROWS_MAX = 16;

/**
 * One answer for each row that is asked for, in their order. The server compares as it always does, by the column's collation.
 * `transactions`: what they wrote has to be visible; null where the server knows nothing of them. pending: it is not visible
 * yet. changed: the table is gone, or no longer of the shape that is given, and its values would not fit.
 */
export async function findRows(
  session: SourceSession,
  question: RowQuestion,
  { transactions, attempt }: { readonly transactions: readonly string[] | null; readonly attempt: number },
): Promise<readonly FoundRow[] | 'pending' | 'changed'> {
  // Inside of a transaction nobody alters the table.
  if (transactions === null) await session.query('START TRANSACTION READ ONLY');
  const visibility = transactions === null ? 'snapshot' : await openSnapshot(session, transactions, attempt);
  if (visibility === null) return 'pending';
  const found = await findAll(session, question, visibility === 'locking');
  if (visibility === 'snapshot') await session.query('COMMIT');
  return found;
}

/** `isLocking`: one by one, each with a lock that is let go at once. */
async function findAll(
  session: SourceSession,
  question: RowQuestion,
  isLocking: boolean,
): Promise<readonly FoundRow[] | 'changed'> {
  const { table, key, columns, values } = question;
  const portionMax = isLocking ? 1 : columns.some((at) => isLarge(columnAt(table, at))) ? LARGE_ROWS_MAX : ROWS_MAX;
  const found: FoundRow[] = [];
  try {
    for (let first = 0; first < values.length; first += portionMax) {
      const portion = values.slice(first, first + portionMax);
      const rows = await session.queryRaw(statementOf({ ...question, values: portion }, isLocking));
      found.push(...answersOf(question, rows, portion.length));
    }
  } catch (error) {
    if (GONE.has(errnoOf(error))) return 'changed';
    throw withGrant(error, session, table);
  }
  const positions = [...new Set([...key.map(({ column }) => column), ...columns])];
  return (await hasSameShape(session, table, positions)) ? found : 'changed';
}

/** A search for each row: each uses the index as a search alone would, and two rows tell that there are several. */
function statementOf({ table, key, columns, values }: RowQuestion, isLocking: boolean): string {
  const large = columns.filter((at) => isLarge(columnAt(table, at)));
  const size =
    large.length === 0
      ? '0'
      : large.map((at) => `COALESCE(OCTET_LENGTH(${quoteName(columnAt(table, at).name)}),0)`).join('+');
  const read = columns.map((at) => {
    const text = readable(columnAt(table, at));
    return large.includes(at) ? `IF(${size}>${String(ROW_BYTES_MAX)},NULL,${text})` : text;
  });
  const selected = [size, ...read].join(',');
  const parts = key.map(({ column, valueKind }) => comparisonOf(columnAt(table, column), valueKind));
  const lock = isLocking ? ' LOCK IN SHARE MODE' : '';
  return values
    .map((row, index) => {
      const where = parts.map((compared, at) => compared(must(row[at], 'a whole key')));
      return `(SELECT ${String(index)},${selected} FROM ${quoteTable(table)} WHERE ${where.join(' AND ')} LIMIT 2${lock})`;
    })
    .join(' UNION ALL ');
}

/** A text that the column's charset cannot hold is no error, and no question mark: no row has it. */
function comparisonOf({ name, charset }: ColumnDefinition, valueKind: ColumnKind): (value: ColumnValue) => string {
  const quoted = quoteName(name);
  const write = keyLiteralWriter(valueKind);
  if (charset === undefined || charset === 'utf8mb4') return (value) => `${quoted}=${write(value)}`;
  return (value) => {
    const literal = write(value);
    const held = `CONVERT(${literal} USING ${charset})`;
    return `${quoted}=${held} AND BINARY CONVERT(${held} USING utf8mb4)=BINARY ${literal}`;
  };
}

function answersOf({ table, columns }: RowQuestion, rows: readonly RawRow[], count: number): readonly FoundRow[] {
  const answers: FoundRow[] = new Array<FoundRow>(count).fill('missing');
  for (const [asked, size, ...values] of rows) {
    const index = numberOf(asked);
    if (answers[index] !== 'missing') answers[index] = 'several';
    else if (numberOf(size) > ROW_BYTES_MAX) answers[index] = 'tooLarge';
    else
      answers[index] = columns.map((at, place) => {
        const bytes = values[place] ?? null;
        return bytes === null ? null : valueOf(columnAt(table, at), bytes);
      });
  }
  return answers;
}

const numberOf = (bytes: Buffer | null | undefined): number => Number((bytes ?? '0').toString());
