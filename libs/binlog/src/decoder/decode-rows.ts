import type { RawEvent, RowImage, TableDefinition, ValueSink } from '@lutra/model';
import { must, SyncError } from '@lutra/model';
import { EVENT_HEADER_BYTES, EVENT_TYPE, EVENT_TYPE_OFFSET, eventTypeName } from '../event-types.ts';
import { ByteCursor, corrupt } from './byte-cursor.ts';
import type { ImageWriter } from './image-writer.ts';
import { inflateRows } from './inflate-rows.ts';
import { PartialUpdateReader } from './partial-update.ts';
import type { RowReader } from './row-reader.ts';
import { isSameBehind } from '../same-bytes.ts';
import { TABLE_ID_BYTES, tableIdOf } from '../schema/table-map.ts';
import type { CompiledImage, TableShape, TableShapes } from './table-shapes.ts';

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

/** Takes the rows of events without values in between. */
export interface RowSink {
  /** Where the images of the row that was begun last go, the one before the change first. */
  readonly images: ValueSink;
  /** Before the first row of an event. */
  beginEvent(event: Omit<DecodedEvent, 'rows'>): void;
  beginRow(): void;
}

export type AfterImages = 'none' | 'whole' | 'partial';

/** Decodes the rows events of one process; keeps table maps by id and compiled row readers by shape. */
export interface RowsDecoder {
  /**
   * Takes a table map of the process (in order) and returns the table. SOURCE_SCHEMA_MISMATCH when it does not tell its
   * columns and select has attached no definition.
   */
  tableMap(event: RawEvent): TableDefinition;
  /** Whether a table map says what the last one that was taken for its id said. */
  isKnown(event: RawEvent): boolean;
  /** What the event says of its rows as they are after the change: nothing (a delete), all of it, or a part of the columns. */
  afterImages(event: RawEvent): AfterImages;
  /** Rows of an event whose table map was given before. Throws SOURCE_SCHEMA_MISMATCH, SOURCE_EVENT_CORRUPT or SOURCE_EVENT_UNSUPPORTED. */
  rows(event: RawEvent): DecodedEvent;
  /** Hands over what {@link rows} returns. Where that throws, this may have handed over a part. */
  pass(event: RawEvent, to: RowSink): void;
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
  const known = (id: number, bytes: Uint8Array): MappedTable | undefined => {
    const last = tables.get(id);
    return last !== undefined && isSameBehind(EVENT_HEADER_BYTES, last.map, bytes) ? last : undefined;
  };
  return {
    isKnown: ({ bytes }) => known(tableIdOf(bytes), bytes) !== undefined,
    tableMap: ({ bytes }) => {
      const id = tableIdOf(bytes);
      const last = known(id, bytes);
      if (last !== undefined) return last.shape.definition;
      const shape = shapes.shapeOf(bytes);
      // Copied: a view would keep its whole chunk alive.
      tables.set(id, { shape, map: Buffer.from(bytes) });
      return shape.definition;
    },
    afterImages: (event) => {
      const shape = shapeOf(event);
      try {
        return afterImagesOf(event.bytes, shape);
      } catch (error) {
        throw withTable(error, shape.definition);
      }
    },
    rows: (event) => {
      const shape = shapeOf(event);
      try {
        return decodeEvent(event.bytes, shape, shapes.inflatedBytesMax);
      } catch (error) {
        throw withTable(error, shape.definition);
      }
    },
    pass: (event, to) => {
      const shape = shapeOf(event);
      try {
        passEvent(openEvent(event.bytes, shape, shapes.inflatedBytesMax), shape, to);
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

/** An event whose head is read. */
interface OpenEvent {
  readonly form: RowsForm;
  readonly flags: number;
  /** Stands at the first row; of a partial update at the bitmaps before it. */
  readonly cursor: ByteCursor;
  readonly first: CompiledImage;
  /** Of an update: the image after the change. */
  readonly second: CompiledImage;
  /**
   * MINIMAL: a row of nothing but defaults carries no column and takes no bytes. It stands alone: for a second one in the
   * event both servers fail with error 1534 (observed with MySQL 9.7 and MariaDB 10.11).
   */
  readonly isDefaults: boolean;
}

function openEvent(bytes: Uint8Array, shape: TableShape, inflatedBytesMax: number): OpenEvent {
  const { cursor, form, flags } = openHead(bytes, shape);
  const bitmapAt = cursor.at;
  const first = shape.image(cursor);
  const isDefaults =
    form.kind === 'insert' && cursor.at === cursor.end && isEveryByteZero(cursor.bytes, bitmapAt, cursor.end);
  const second = form.kind === 'update' ? shape.image(cursor) : first;
  if (form.isPartial === true) cursor.at = bitmapAt;
  const isInflated = form.isCompressed === true && !isDefaults;
  const rows = isInflated ? new ByteCursor(inflateRows(cursor, inflatedBytesMax)) : cursor;
  return { form, flags, cursor: rows, first, second, isDefaults };
}

/** The cursor stands at the bitmaps of the columns that the images carry. */
function openHead(bytes: Uint8Array, shape: TableShape): Pick<OpenEvent, 'cursor' | 'form' | 'flags'> {
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
  return { cursor, form, flags };
}

function afterImagesOf(bytes: Uint8Array, shape: TableShape): AfterImages {
  const { cursor, form } = openHead(bytes, shape);
  if (form.kind === 'delete') return 'none';
  const length = (shape.columnCount + 7) >> 3;
  if (form.kind === 'update') cursor.take(length);
  const at = cursor.take(length);
  for (let column = 0; column < shape.columnCount; column += 1)
    if (((cursor.bytes[at + (column >> 3)] ?? 0) & (1 << (column & 7))) === 0) return 'partial';
  return 'whole';
}

function decodeEvent(bytes: Uint8Array, shape: TableShape, inflatedBytesMax: number): DecodedEvent {
  const event = openEvent(bytes, shape, inflatedBytesMax);
  const { kind, isPartial } = event.form;
  const rows = isPartial === true ? readPartial(event.cursor, shape) : readPlain(event);
  return { table: shape.definition, kind, flags: event.flags, rows };
}

function readPlain({ form, cursor, first, second, isDefaults }: OpenEvent): DecodedRow[] {
  if (isDefaults) return [{ after: first.read(cursor) }];
  // A loop of its own for each kind: what is called in it stays the same, which is worth a third of the time.
  switch (form.kind) {
    case 'insert':
      return readInserts(cursor, first.read);
    case 'delete':
      return readDeletes(cursor, first.read);
    default:
      return readUpdates(cursor, first.read, second.read);
  }
}

function passEvent(event: OpenEvent, shape: TableShape, to: RowSink): void {
  const { form, flags, cursor, first, second, isDefaults } = event;
  to.beginEvent({ table: shape.definition, kind: form.kind, flags });
  if (form.isPartial === true) passPartial(cursor, shape, to);
  else if (form.kind === 'update') passUpdates(cursor, [first.write, second.write], to);
  else if (isDefaults) passOne(cursor, first.write, to);
  else passSingles(cursor, first.write, to);
}

function passOne(cursor: ByteCursor, write: ImageWriter, to: RowSink): void {
  to.beginRow();
  write(cursor, to.images);
}

function passSingles(cursor: ByteCursor, write: ImageWriter, to: RowSink): void {
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    passOne(cursor, write, to);
    mustMove(cursor, start);
  }
}

function passUpdates(
  cursor: ByteCursor,
  [before, after]: readonly [before: ImageWriter, after: ImageWriter],
  to: RowSink,
): void {
  while (cursor.at < cursor.end) {
    const start = cursor.at;
    to.beginRow();
    before(cursor, to.images);
    after(cursor, to.images);
    mustMove(cursor, start);
  }
}

/** Diffs need the values that they change. */
function passPartial(cursor: ByteCursor, shape: TableShape, to: RowSink): void {
  for (const { before, after } of readPartial(cursor, shape)) {
    to.beginRow();
    to.images.takeImage(must(before, 'an update has a before image'));
    to.images.takeImage(must(after, 'an update has an after image'));
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
