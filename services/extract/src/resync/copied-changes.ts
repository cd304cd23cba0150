import type { DecodedEvent } from '@lutra/binlog/decoder';
import { columnIndex, CONTROL_COLUMNS, REPAIRS, WRITES_ALL } from '@lutra/model';
import type { ColumnValue, RowChange, TableDefinition } from '@lutra/model';
import { decodeCopied, imageOfKey } from '@lutra/source-access';

/** Changes of one table that stand for rows which were copied into the log. */
export interface CopiedChanges {
  readonly table: TableDefinition;
  readonly changes: readonly RowChange[];
}

const PIPELINE = columnIndex(CONTROL_COLUMNS.resync, 'pipeline');
const BODY = columnIndex(CONTROL_COLUMNS.resync, 'body');

/**
 * What the rows of an event of the copy's table mean for a pipeline: a row that stands there is an update of equal images, which
 * load writes whole or inserts; a key without a row is a delete. Rows for other pipelines, and what cannot be read, mean nothing.
 * Deletes come first: another spelling of their key may stand among the rows.
 */
export function copiedChanges(
  { kind, rows }: Pick<DecodedEvent, 'kind' | 'rows'>,
  { pipelineId, event }: { readonly pipelineId: string; readonly event: number },
): readonly CopiedChanges[] {
  if (kind !== 'insert') return [];
  const copied: CopiedChanges[] = [];
  let row = 0;
  for (const { after = [] } of rows) {
    if (textOf(after[PIPELINE]) !== pipelineId) continue;
    const body = after[BODY];
    const read = body instanceof Uint8Array ? decodeCopied(body) : null;
    if (read === null) continue;
    const { table } = read;
    const changes: RowChange[] = [];
    const place = (): Omit<RowChange, 'kind' | 'before' | 'after'> => ({
      table: 0,
      event,
      row: row++,
      part: 0,
      flags: REPAIRS,
    });
    for (const key of read.gone) changes.push({ ...place(), kind: 'delete', before: imageOfKey(table, key) });
    for (const image of read.rows)
      changes.push({ ...place(), flags: REPAIRS | WRITES_ALL, kind: 'update', before: image, after: image });
    copied.push({ table, changes });
  }
  return copied;
}

const textOf = (value: ColumnValue | undefined): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
