import type { DecodedEvent, RowSink } from '@lutra/binlog/decoder';
import type { RowProcessEncoder } from '@lutra/messaging';
import { WRITES_ALL } from '@lutra/model';
import type { RowChange, RowChangeBase, SyncMode, TableDefinition, ValueSink } from '@lutra/model';

/**
 * Flags of a rows event (binlog format, rows event header): the session's foreign_key_checks and unique_checks were off; the
 * server (MySQL from 9.6 on) logs what foreign keys change in child rows as rows events of their own.
 */
const NO_FOREIGN_KEY_CHECKS = 0x0002;
const RELAXED_UNIQUE_CHECKS = 0x0004;
const LOGGED_FOREIGN_KEYS = 0x0010;

/** Writes the rows of events as row changes. */
export class RowWriter implements RowSink {
  readonly images: ValueSink;
  /** Which of the rows events of the transaction comes next. */
  eventNumber = 0;
  rowCount = 0;
  /** By definition object: the decoder hands out the same one while a table keeps its shape. */
  private readonly indexes = new Map<TableDefinition, number>();
  /** Of the row that comes next: rows are numbered inside their event, before any filter. One object for all of them. */
  private readonly place: RowPlace = { kind: 'insert', table: 0, event: 0, row: 0, part: 0, flags: 0 };

  constructor(
    private readonly to: RowProcessEncoder,
    private readonly syncMode: SyncMode = 'field',
  ) {
    this.images = to.images;
  }

  beginEvent({ table, kind, flags }: Omit<DecodedEvent, 'rows'>): void {
    const { place } = this;
    place.kind = kind;
    place.table = this.indexOf(table);
    place.event = this.eventNumber;
    place.row = 0;
    place.flags = this.flagsOf(kind, flags);
  }

  beginRow(): void {
    this.to.beginChange(this.place);
    this.place.row += 1;
    this.rowCount += 1;
  }

  /** A row as values; its table's index is given here. */
  change(table: TableDefinition, change: RowChange): void {
    this.to.change({ ...change, table: this.indexOf(table) });
    this.rowCount += 1;
  }

  /** Flags of a row change, by those of its event. */
  flagsOf(kind: RowChange['kind'], flags: number): number {
    return modelFlags(flags) | (this.syncMode === 'row' && kind === 'update' ? WRITES_ALL : 0);
  }

  private indexOf(table: TableDefinition): number {
    const known = this.indexes.get(table);
    if (known !== undefined) return known;
    const index = this.to.defineTable(table);
    this.indexes.set(table, index);
    return index;
  }
}

type RowPlace = { -readonly [Field in keyof RowChangeBase]: RowChangeBase[Field] } & { kind: RowChange['kind'] };

const modelFlags = (flags: number): number =>
  ((flags & NO_FOREIGN_KEY_CHECKS) === 0 ? 0 : 1) |
  ((flags & RELAXED_UNIQUE_CHECKS) === 0 ? 0 : 2) |
  ((flags & LOGGED_FOREIGN_KEYS) === 0 ? 0 : 4);
