import type { RawRow } from '@lutra/binlog';
import type { ColumnDefinition, ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import { quoteName } from '@lutra/sql';
import { columnAt } from './table-shape.ts';

/** A column in a SELECT, so that what the server writes of it holds the value without loss. */
export function readable({ kind, name }: ColumnDefinition): string {
  // As a double: a float would be written with six digits, and one of a fixed number of digits with those.
  return kind === 'float' || kind === 'double' ? `${quoteName(name)}+0e0` : quoteName(name);
}

/** What the server wrote, in the form that the log's decoder gives the same value. */
export function valueOf(column: ColumnDefinition, bytes: Buffer): ColumnValue {
  switch (column.kind) {
    case 'integer':
      return column.bytes === 8 ? BigInt(bytes.toString('latin1')) : Number(bytes.toString('latin1'));
    case 'year':
    case 'float':
    case 'double':
      return Number(bytes.toString('latin1'));
    case 'bit':
      return BigInt(`0x${bytes.toString('hex')}`);
    case 'decimal':
      // ZEROFILL is a matter of printing.
      return bytes.toString('latin1').replace(/^(-?)0+(?=\d)/, '$1');
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      return bytes.toString('latin1');
    case 'binary':
    case 'geometry':
      return bytes;
    default:
      return bytes.toString('utf8');
  }
}

/** A row that was read, `positions` of its columns first. */
export function imageOf(table: TableDefinition, positions: readonly number[], row: RawRow): RowImage {
  const image: (ColumnValue | undefined)[] = table.columns.map(() => undefined);
  for (const [index, position] of positions.entries()) {
    const bytes = row[index] ?? null;
    image[position] = bytes === null ? null : valueOf(columnAt(table, position), bytes);
  }
  return image;
}
