import type { DecodedEvent } from '@lutra/binlog/decoder';
import { columnIndex } from '@lutra/model';
import type { RowImage } from '@lutra/model';

/** A row of retl_buffer: rows that somebody wants to be sent once more. */
export interface Wish {
  /** Of the row, for the answer. */
  readonly id: string;
  /** A table, or a pattern of tables: 'shop.item', 'shop.item[0001-0128]', 'shop.(item|order)'. */
  readonly fullName: string;
  /** I and U: as it stands; D: as one that is gone. */
  readonly type: string;
  readonly key: readonly string[];
}

/** Otter's separator of the values of a key. */
const SEPARATOR = '\u0001';

/** What was written into retl_buffer; deletions mean nothing. TABLE_ID is Otter's number of a table, which nobody knows here: the name counts. */
export function bufferWishes({ table, kind, rows }: Pick<DecodedEvent, 'table' | 'kind' | 'rows'>): readonly Wish[] {
  if (kind === 'delete') return [];
  const [id, name, type, key] = ['id', 'full_name', 'type', 'pk_data'].map((column) =>
    columnIndex(table.columns, column),
  );
  return rows.map(({ after = [] }) => ({
    id: textAt(after, id),
    fullName: textAt(after, name).trim(),
    type: textAt(after, type).trim().toUpperCase(),
    key: textAt(after, key).split(SEPARATOR),
  }));
}

/** '' where the image does not hold it. */
function textAt(image: RowImage, position: number | undefined): string {
  const value = position === undefined ? undefined : image[position];
  if (value === undefined || value === null) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}
