import type { RawEvent, RowImage, TableDefinition } from '@lutra/model';
import { SyncError } from '@lutra/model';
import { EVENT_HEADER_BYTES, EVENT_TYPE, EVENT_TYPE_OFFSET, eventTypeName } from '../event-types.ts';
import { ByteCursor, corrupt } from './byte-cursor.ts';
import type { RowReader } from './row-reader.ts';
import { tableIdOf } from '../schema/table-map.ts';
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
  const tables = new Map<number, TableShape>();
  const shapeOf = (event: RawEvent): TableShape => {
    const id = tableIdOf(event.bytes);
    const shape = tables.get(id);
    if (shape === undefined) throw corrupt(`rows of table ${String(id)}, which no table map describes`);
    return shape;
  };
  return {
    tableMap: (event) => {
      const shape = shapes.shapeOf(event.bytes);
      tables.set(tableIdOf(event.bytes), shape);
      return shape.definition;
    },
    rows: (event) => {
      const shape = shapeOf(event);
      try {
        return decodeEvent(event.bytes, shape);
      } catch (error) {
        throw withTable(error, shape.definition);
      }
    },
  };
}

const KINDS = new Map<number, { readonly kind: DecodedEvent['kind']; readonly version: 1 | 2 }>([
  [EVENT_TYPE.WRITE_ROWS_V1, { kind: 'insert', version: 1 }],
  [EVENT_TYPE.UPDATE_ROWS_V1, { kind: 'update', version: 1 }],
  [EVENT_TYPE.DELETE_ROWS_V1, { kind: 'delete', version: 1 }],
  [EVENT_TYPE.WRITE_ROWS_V2, { kind: 'insert', version: 2 }],
  [EVENT_TYPE.UPDATE_ROWS_V2, { kind: 'update', version: 2 }],
  [EVENT_TYPE.DELETE_ROWS_V2, { kind: 'delete', version: 2 }],
]);

function decodeEvent(bytes: Uint8Array, shape: TableShape): DecodedEvent {
  const cursor = new ByteCursor(bytes);
  cursor.take(EVENT_HEADER_BYTES);
  const type = bytes[EVENT_TYPE_OFFSET] ?? 0;
  const form = KINDS.get(type);
  if (form === undefined) {
    const problem = `The binary log holds a ${eventTypeName(type)}, which Lutra cannot decode`;
    throw new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: eventTypeName(type) });
  }
  cursor.take(6);
  const flags = cursor.uint16();
  // The length of the extra data counts its own two bytes.
  if (form.version === 2) cursor.take(Math.max(cursor.uint16() - 2, 0));
  const columnCount = cursor.packedLength();
  if (columnCount !== shape.columnCount) throw otherWidth(columnCount, shape);
  const bitmapBytes = (columnCount + 7) >> 3;
  const first = shape.rowReader(cursor.view8(bitmapBytes));
  const second = form.kind === 'update' ? shape.rowReader(cursor.view8(bitmapBytes)) : first;
  const rows = readRows(cursor, form.kind, { first, second });
  return { table: shape.definition, kind: form.kind, flags, rows };
}

function readRows(
  cursor: ByteCursor,
  kind: DecodedEvent['kind'],
  { first, second }: { readonly first: RowReader; readonly second: RowReader },
): DecodedRow[] {
  const rows: DecodedRow[] = [];
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    if (kind === 'update') rows.push({ before: first(cursor), after: second(cursor) });
    else rows.push(kind === 'insert' ? { after: first(cursor) } : { before: first(cursor) });
    // A row of no columns takes no bytes: nothing would ever end this loop.
    if (cursor.at === start) throw corrupt('bytes that belong to no row');
  }
  return rows;
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
