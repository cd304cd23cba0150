import type { DecodedEvent } from '@lutra/binlog/decoder';
import type { RowProcessEncoder } from '@lutra/messaging';
import { must, SyncError } from '@lutra/model';
import type { RowChangeBase, TableDefinition } from '@lutra/model';

/** Flags of a rows event (binlog format, rows event header): the session's foreign_key_checks and unique_checks were off. */
const NO_FOREIGN_KEY_CHECKS = 0x0002;
const RELAXED_UNIQUE_CHECKS = 0x0004;

/** Writes decoded events as row changes. */
export class RowWriter {
  /** By definition object: the decoder hands out the same one while a table keeps its shape. */
  private readonly indexes = new Map<TableDefinition, number>();
  rowCount = 0;

  constructor(private readonly to: RowProcessEncoder) {}

  /** `number` counts the rows events of the transaction; rows are numbered inside their event, before any filter. */
  event(number: number, event: DecodedEvent): void {
    const table = this.indexOf(event.table);
    const flags = modelFlags(event.flags);
    event.rows.forEach((images, row) => {
      const base: RowChangeBase = { table, event: number, row, part: 0, flags };
      this.to.change(toChange(base, event.kind, images));
    });
    this.rowCount += event.rows.length;
  }

  private indexOf(table: TableDefinition): number {
    const known = this.indexes.get(table);
    if (known !== undefined) return known;
    const index = this.to.defineTable(table);
    this.indexes.set(table, index);
    return index;
  }
}

function toChange(base: RowChangeBase, kind: DecodedEvent['kind'], { before, after }: DecodedEvent['rows'][number]) {
  switch (kind) {
    case 'insert':
      return { ...base, kind, after: must(after, 'an insert has an after image') };
    case 'delete':
      return { ...base, kind, before: must(before, 'a delete has a before image') };
    case 'update':
      return {
        ...base,
        kind,
        before: must(before, 'an update has a before image'),
        after: must(after, 'an update has an after image'),
      };
    default:
      throw new SyncError('INTERNAL', { problem: `Unknown kind of rows event ${String(kind)}` });
  }
}

const modelFlags = (flags: number): number =>
  ((flags & NO_FOREIGN_KEY_CHECKS) === 0 ? 0 : 1) | ((flags & RELAXED_UNIQUE_CHECKS) === 0 ? 0 : 2);
