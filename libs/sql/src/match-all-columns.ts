import type { ColumnValue, RowImage, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { keyLiteralWriter } from './sql-text.ts';
import type { WrittenColumn } from './table-writer.ts';

/** Writes a value of the column into a statement: as a literal, or as a parameter when it is large. */
export type ValueText = (column: WrittenColumn, value: ColumnValue) => string;

/**
 * The condition by which a row of a table without a key is found: every column is what the image says, to the last bit. Text
 * is compared by its bytes (and by its collation first, for which there may be an index), JSON as the server normalises it.
 * What tells of a change and not of the row (ofChange) finds nothing: of rows that are equal but for it one is as good as the
 * other. Throws TARGET_KEY_INCOMPLETE when the image lacks another column, or there is none.
 */
export function matchAllColumns(
  { definition, columns }: { readonly definition: TableDefinition; readonly columns: readonly WrittenColumn[] },
  image: RowImage,
  valueText: ValueText,
): string {
  const ofRow = columns.filter((column) => column.definition.ofChange !== true);
  const absent = ofRow.length === 0 ? columns : ofRow.filter(({ position }) => image[position] === undefined);
  if (absent.length > 0) throw imageIncomplete(definition, absent);
  return ofRow.map((column) => conditionOf(column, image[column.position] ?? null, valueText)).join(' AND ');
}

function conditionOf(column: WrittenColumn, value: ColumnValue, valueText: ValueText): string {
  const { quoted, definition, target } = column;
  if (value === null) return `${quoted} IS NULL`;
  const { dataType, charset } = target;
  const text = (): string => valueText(column, value);
  switch (dataType) {
    case 'json':
      return `${quoted}=CAST(${text()} AS JSON)`;
    case 'enum':
    case 'set':
      return `${quoted}=${text()}`;
    case 'binary':
      return `${quoted}=${keyText(column, value)}`;
  }
  if (definition.kind === 'geometry') return `HEX(${quoted})=HEX(${text()})`;
  if (charset !== null && typeof value === 'string')
    return `${quoted}=${text()} AND CAST(${quoted} AS BINARY)=CAST(CONVERT(${text()} USING ${charset}) AS BINARY)`;
  return `${quoted}=${definition.kind === 'binary' ? text() : keyText(column, value)}`;
}

/** A binary(n) column compares with its padding, which the source's log cuts off; a decimal as a number. */
function keyText({ definition, target }: WrittenColumn, value: ColumnValue): string {
  const { paddedBytes } = target;
  const isShort = value instanceof Uint8Array && paddedBytes !== null && value.length < paddedBytes;
  const whole = isShort ? Buffer.concat([value], paddedBytes) : value;
  return keyLiteralWriter(definition.kind)(whole);
}

function imageIncomplete(definition: TableDefinition, absent: readonly WrittenColumn[]): SyncError {
  const table = `${definition.schema}.${definition.table}`;
  const columns = absent.map(({ name }) => name).join(', ');
  const problem =
    `The table ${table} has no key at the target, and a row can only be found by all its columns: ` +
    `its image does not carry ${columns}. The source has to log whole images (binlog_row_image = FULL)`;
  return new SyncError('TARGET_KEY_INCOMPLETE', { table, columns, problem });
}
