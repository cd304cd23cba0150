import type { RawEvent, RowImage, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { EVENT_HEADER_BYTES, EVENT_TYPE, EVENT_TYPE_OFFSET, eventTypeName } from '../event-types.ts';
import { ByteCursor, corrupt } from './byte-cursor.ts';
import { inflateRows } from './inflate-rows.ts';
import { PartialUpdateReader } from './partial-update.ts';
import type { RowReader } from './row-reader.ts';
import { isSameBehind } from '../same-bytes.ts';
import { TABLE_ID_BYTES, tableIdOf } from '../schema/table-map.ts';
import type { TableShape, TableShapes } from './table-shapes.ts';

export interface DecodedRow {
  readonly before?: RowImage;
  readonly after?: RowImage;
}

export interface DecodedEvent {
  readonly table: TableDefinition;
  readonly kind: 'insert' | 'update' | 'delete';
  /** The event's own flags, as written: 0x0002 = foreign_key_checks off, 0x0004 = unique_checks off in the source session. */
  readonly flags: number;
  readonly rows: readonly DecodedRow[];
}

/** Decodes the rows events of one process; keeps table maps by id and compiled row readers by shape. */
export interface RowsDecoder {
  /**
   * Takes a table map of the process (in order) and returns the table. SOURCE_SCHEMA_MISMATCH when it does not tell its
   * columns and select has attached no definition.
   */
  tableMap(event: RawEvent): TableDefinition;
  /** Rows of an event whose table map was given before. Throws SOURCE_SCHEMA_MISMATCH, SOURCE_EVENT_CORRUPT or SOURCE_EVENT_UNSUPPORTED. */
  rows(event: RawEvent): DecodedEvent;
}

/** A decoder for one process. `shapes` is shared with the other processes of the same source. */
export function createRowsDecoder(shapes: TableShapes): RowsDecoder {
  const tables = new Map<number, MappedTable>();
  const shapeOf = (event: RawEvent): TableShape => {
    const id = tableIdOf(event.bytes);
    const table = tables.get(id);
    if (table === undefined) throw corrupt(`rows of table ${String(id)}, which no table map describes`);
    return table.shape;
  };
  return {
    tableMap: ({ bytes }) => {
      const id = tableIdOf(bytes);
      const last = tables.get(id);
      if (last !== undefined && isSameBehind(EVENT_HEADER_BYTES, last.map, bytes)) return last.shape.definition;
      const shape = shapes.shapeOf(bytes);
      // Copied: a view would keep its whole chunk alive.
      tables.set(id, { shape, map: Buffer.from(bytes) });
      return shape.definition;
    },
    rows: (event) => {
      const shape = shapeOf(event);
      try {
        return decodeEvent(event.bytes, shape, shapes.inflatedBytesMax);
      } catch (error) {
        throw withTable(error, shape.definition);
      }
    },
  };
}

/** What the last table map of an id said: it stands before the rows of every statement, and says the same nearly always. */
interface MappedTable {
  readonly shape: TableShape;
  readonly map: Uint8Array;
}

interface RowsForm {
  readonly kind: DecodedEvent['kind'];
  readonly version: 1 | 2;
  /** MariaDB: the rows are a zlib stream. */
  readonly isCompressed?: boolean;
  /** MySQL: JSON columns may hold diffs. */
  readonly isPartial?: boolean;
}

const FORMS: readonly (RowsForm | undefined)[] = formsByType([
  [EVENT_TYPE.WRITE_ROWS_V1, { kind: 'insert', version: 1 }],
  [EVENT_TYPE.UPDATE_ROWS_V1, { kind: 'update', version: 1 }],
  [EVENT_TYPE.DELETE_ROWS_V1, { kind: 'delete', version: 1 }],
  [EVENT_TYPE.WRITE_ROWS_V2, { kind: 'insert', version: 2 }],
  [EVENT_TYPE.UPDATE_ROWS_V2, { kind: 'update', version: 2 }],
  [EVENT_TYPE.DELETE_ROWS_V2, { kind: 'delete', version: 2 }],
  [EVENT_TYPE.PARTIAL_UPDATE_ROWS, { kind: 'update', version: 2, isPartial: true }],
  [EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED_V1, { kind: 'insert', version: 1, isCompressed: true }],
  [EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED_V1, { kind: 'update', version: 1, isCompressed: true }],
  [EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED_V1, { kind: 'delete', version: 1, isCompressed: true }],
  [EVENT_TYPE.MARIADB_WRITE_ROWS_COMPRESSED, { kind: 'insert', version: 2, isCompressed: true }],
  [EVENT_TYPE.MARIADB_UPDATE_ROWS_COMPRESSED, { kind: 'update', version: 2, isCompressed: true }],
  [EVENT_TYPE.MARIADB_DELETE_ROWS_COMPRESSED, { kind: 'delete', version: 2, isCompressed: true }],
]);

function formsByType(forms: readonly (readonly [number, RowsForm])[]): (RowsForm | undefined)[] {
  const byType = new Map(forms);
  return Array.from({ length: 256 }, (_, type) => byType.get(type));
}

function decodeEvent(bytes: Uint8Array, shape: TableShape, inflatedBytesMax: number): DecodedEvent {
  const cursor = new ByteCursor(bytes);
  const type = bytes[EVENT_TYPE_OFFSET] ?? 0;
  const form = FORMS[type];
  if (form === undefined) {
    const problem = `The binary log holds a ${eventTypeName(type)}, which Lutra cannot decode`;
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: eventTypeName(type) });
  }
  cursor.take(EVENT_HEADER_BYTES + TABLE_ID_BYTES);
  const flags = cursor.uint16();
  // Extra data: NDB's words and partition numbers, which say nothing about the rows. Its length counts its own two bytes.
  if (form.version === 2) cursor.take(Math.max(cursor.uint16() - 2, 0));
  const columnCount = cursor.packedLength();
  if (columnCount !== shape.columnCount) throw otherWidth(columnCount, shape);
  const rows = form.isPartial === true ? readPartial(cursor, shape) : readPlain(cursor, shape, form, inflatedBytesMax);
  return { table: shape.definition, kind: form.kind, flags, rows };
}

function readPlain(cursor: ByteCursor, shape: TableShape, form: RowsForm, inflatedBytesMax: number): DecodedRow[] {
  const bitmapAt = cursor.at;
  const first = shape.rowReader(cursor);
  // MINIMAL: a row of nothing but defaults carries no column and takes no bytes. It stands alone: for a second one in the
  // event both servers fail with error 1534 (observed with MySQL 9.7 and MariaDB 10.11).
  if (form.kind === 'insert' && cursor.at === cursor.end && isEveryByteZero(cursor.bytes, bitmapAt, cursor.end))
    return [{ after: first(cursor) }];
  const second = form.kind === 'update' ? shape.rowReader(cursor) : first;
  const rows = form.isCompressed === true ? new ByteCursor(inflateRows(cursor, inflatedBytesMax)) : cursor;
  // A loop of its own for each kind: what is called in it stays the same, which is worth a third of the time.
  switch (form.kind) {
    case 'insert':
      return readInserts(rows, first);
    case 'delete':
      return readDeletes(rows, first);
    default:
      return readUpdates(rows, first, second);
  }
}

function isEveryByteZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

function readInserts(cursor: ByteCursor, after: RowReader): DecodedRow[] {
  const rows: DecodedRow[] = [];
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    rows.push({ after: after(cursor) });
    mustMove(cursor, start);
  }
  return rows;
}

function readDeletes(cursor: ByteCursor, before: RowReader): DecodedRow[] {
  const rows: DecodedRow[] = [];
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    rows.push({ before: before(cursor) });
    mustMove(cursor, start);
  }
  return rows;
}

function readUpdates(cursor: ByteCursor, before: RowReader, after: RowReader): DecodedRow[] {
  const rows: DecodedRow[] = [];
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    rows.push({ before: before(cursor), after: after(cursor) });
    mustMove(cursor, start);
  }
  return rows;
}

function readPartial(cursor: ByteCursor, shape: TableShape): DecodedRow[] {
  const bitmapBytes = (shape.columnCount + 7) >> 3;
  const reader = new PartialUpdateReader(shape, {
    before: cursor.view8(bitmapBytes),
    after: cursor.view8(bitmapBytes),
  });
  const rows: DecodedRow[] = [];
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    rows.push(reader.row(cursor));
    mustMove(cursor, start);
  }
  return rows;
}

/** A row of no columns takes no bytes: nothing would ever end its loop. */
function mustMove(cursor: ByteCursor, start: number): void {
  if (cursor.at === start) throw corrupt('bytes that belong to no row');
}

function otherWidth(columnCount: number, shape: TableShape): SyncError {
  const { schema, table } = shape.definition;
  const problem = `A rows event of ${schema}.${table} has ${String(columnCount)} columns, its table map ${String(shape.columnCount)}`;
  return new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table: `${schema}.${table}` });
}

/** Names the table in a failure that only knows the column; a foreign error (RangeError of a view) means damaged bytes. */
function withTable(error: unknown, { schema, table }: TableDefinition): SyncError {
  const name = `${schema}.${table}`;
  if (!SyncError.is(error)) return new SyncError('SOURCE_EVENT_CORRUPT', { table: name }, { cause: error });
  const problem = error.details['problem'];
  if (typeof problem !== 'string' || error.details['table'] !== undefined) return error;
  return new SyncError(error.code, { ...error.details, table: name, problem: `${name}: ${problem}` }, { cause: error });
}
