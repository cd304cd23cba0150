import type { DecodedEvent } from '@lutra/binlog/decoder';
import { columnIndex } from '@lutra/model';
import type { ResyncWish, RowImage } from '@lutra/model';

/** Otter's separator of the values of a key. */
const SEPARATOR = '\u0001';
/** Far more than Otter's table holds: another one may have larger columns. */
const CHARS_MAX = 4_096;
const TOLD_CHARS_MAX = 100;
const COLUMNS = ['full_name', 'type', 'pk_data'] as const;

/** What was written into retl_buffer; deletions mean nothing. TABLE_ID is Otter's number of a table, which nobody knows here: the name counts. */
export function bufferWishes({
  table,
  kind,
  rows,
}: Pick<DecodedEvent, 'table' | 'kind' | 'rows'>): readonly ResyncWish[] {
  if (kind === 'delete') return [];
  const positions = COLUMNS.map((column) => columnIndex(table.columns, column));
  const missing = COLUMNS.find((_column, index) => positions[index] === -1);
  const [name, type, key] = positions;
  const id = columnIndex(table.columns, 'id');
  return rows.map(({ after = [] }) => {
    const wish = { id: textAt(after, id), fullName: textAt(after, name).trim(), type: textAt(after, type).trim() };
    const data = textAt(after, key);
    if (missing !== undefined) return refused(wish, data, `retl_buffer has no column ${missing.toUpperCase()}`);
    if (Math.max(wish.fullName.length, wish.type.length, data.length) > CHARS_MAX)
      return refused(wish, data, `Its texts are longer than ${String(CHARS_MAX)} characters`);
    return { ...wish, type: wish.type.toUpperCase(), key: data.split(SEPARATOR) };
  });
}

/** Cut, so that people know it again. */
const refused = (
  { id, fullName, type }: Pick<ResyncWish, 'id' | 'fullName' | 'type'>,
  data: string,
  problem: string,
): ResyncWish => ({
  ...{ id: cut(id), fullName: cut(fullName), type: cut(type), problem },
  key: cut(data).split(SEPARATOR),
});

const cut = (text: string): string => text.slice(0, TOLD_CHARS_MAX);

/** '' where the image does not hold it. */
function textAt(image: RowImage, position: number | undefined): string {
  const value = position === undefined ? undefined : image[position];
  if (value === undefined || value === null) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}
