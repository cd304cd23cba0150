import type { DecodedEvent, DecodedRow } from '@lutra/binlog/decoder';
import type { RowProcessEncoder } from '@lutra/messaging';
import { must, SyncError } from '@lutra/model';
import type { RowChange, RowChangeBase, TableDefinition } from '@lutra/model';

/**
 * Flags of a rows event (binlog format, rows event header): the session's foreign_key_checks and unique_checks were off; the
 * server (MySQL from 9.6 on) logs what foreign keys change in child rows as rows events of their own.
 */
const NO_FOREIGN_KEY_CHECKS = 0x0002;
const RELAXED_UNIQUE_CHECKS = 0x0004;
const LOGGED_FOREIGN_KEYS = 0x0010;

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
    for (let row = 0; row < event.rows.length; row += 1) {
      const place: RowPlace = { table, event: number, row, flags };
      this.to.change(toChange(place, event.kind, event.rows[row] as DecodedRow));
    }
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

type RowPlace = Omit<RowChangeBase, 'part'>;

/** Field by field: spreading an object costs more than decoding its row. */
function toChange(place: RowPlace, kind: DecodedEvent['kind'], { before, after }: DecodedRow): RowChange {
  const { table, event, row, flags } = place;
  switch (kind) {
    case 'insert':
      return { kind, table, event, row, part: 0, flags, after: must(after, 'an insert has an after image') };
    case 'delete':
      return { kind, table, event, row, part: 0, flags, before: must(before, 'a delete has a before image') };
    case 'update':
      return {
        kind,
        table,
        event,
        row,
        part: 0,
        flags,
        before: must(before, 'an update has a before image'),
        after: must(after, 'an update has an after image'),
      };
    default:
      throw new SyncError('INTERNAL', { problem: `Unknown kind of rows event ${String(kind)}` });
  }
}

const modelFlags = (flags: number): number =>
  ((flags & NO_FOREIGN_KEY_CHECKS) === 0 ? 0 : 1) |
  ((flags & RELAXED_UNIQUE_CHECKS) === 0 ? 0 : 2) |
  ((flags & LOGGED_FOREIGN_KEYS) === 0 ? 0 : 4);
