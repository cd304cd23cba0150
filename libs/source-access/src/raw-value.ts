import { quoteName } from '@lutra/sql';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';

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
