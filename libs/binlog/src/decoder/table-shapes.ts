import { SyncError } from '@lutra/model';
import type { TableDefinition } from '@lutra/model';
import { EVENT_HEADER_BYTES } from '../event-types.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { columnReader } from './column-reader.ts';
import type { ColumnReader } from './column-reader.ts';
import { columnWriter, ordinaryWriter } from './column-writer.ts';
import type { ColumnWriter } from './column-writer.ts';
import { describeStored, isComplete } from '../schema/complete-table.ts';
import { describeTable } from '../schema/describe-table.ts';
import { compileImageWriter } from './image-writer.ts';
import type { ImageWriter } from './image-writer.ts';
import { refusingHistory } from './refuse-history.ts';
import { compileRowReader } from './row-reader.ts';
import type { RowReader } from './row-reader.ts';
import { parseTableMap } from '../schema/table-map.ts';
import type { StoredColumn, TableMap } from '../schema/table-map.ts';

/** Tables that are kept compiled; the oldest goes. Pipelines with more tables than this together compile some of them again. */
const SHAPES_MAX = 4_000;
/** Different combinations of columns that one table's images are compiled for (MINIMAL images have many). */
const READERS_MAX = 256;

/** How a column lies in the log, and what reads it. */
export interface ShapeColumn {
  readonly stored: StoredColumn;
  readonly read: ColumnReader;
  readonly write: ColumnWriter;
}

/** What one kind of image is compiled into. */
export interface CompiledImage {
  readonly read: RowReader;
  readonly write: ImageWriter;
}

/** A table as it stood when a table map was written, with compiled readers for its images. */
export class TableShape {
  readonly columnCount: number;
  private readonly images = new Map<string, CompiledImage>();
  /** Nearly all images of a table carry the same columns: the last one needs no key. */
  private last: { readonly present: Buffer; readonly image: CompiledImage } | null = null;

  constructor(
    readonly definition: TableDefinition,
    readonly columns: readonly ShapeColumn[],
  ) {
    this.columnCount = columns.length;
  }

  /** Images that carry the columns of the bitmap at `cursor`, which is left behind it. */
  image(cursor: ByteCursor): CompiledImage {
    const length = (this.columnCount + 7) >> 3;
    const at = cursor.take(length);
    const { last } = this;
    if (last !== null && isEqualAt(cursor.bytes, at, last.present)) return last.image;
    const present = Buffer.from(cursor.bytes.subarray(at, at + length));
    const image = this.compiled(present);
    this.last = { present, image };
    return image;
  }

  private compiled(present: Buffer): CompiledImage {
    const key = present.toString('latin1');
    const known = this.images.get(key);
    if (known !== undefined) return known;
    const readers = this.columns.map(({ read }) => read);
    const writers = this.columns.map(({ write }) => write);
    const image = { read: compileRowReader(readers, present), write: compileImageWriter(writers, present) };
    if (this.images.size >= READERS_MAX) this.images.clear();
    this.images.set(key, image);
    return image;
  }
}

function isEqualAt(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
  return true;
}

export interface TableShapesOptions {
  /** What the rows of one compressed event may take when they are inflated; default: two images of 65 MiB. */
  readonly inflatedBytesMax?: number;
}

const INFLATED_BYTES_MAX = 2 * 65 * 1024 * 1024;

/** Compiled tables, shared by the decoders of all processes: equal bytes mean an equal table, whatever its source. Bounded. */
export class TableShapes {
  readonly inflatedBytesMax: number;
  private readonly shapes = new Map<string, TableShape>();

  constructor({ inflatedBytesMax = INFLATED_BYTES_MAX }: TableShapesOptions = {}) {
    this.inflatedBytesMax = inflatedBytesMax;
  }

  /** The shape that a TABLE_MAP event describes, with the definition that select attached when the event alone does not tell. */
  shapeOf(event: Uint8Array): TableShape {
    // Without the id: ids change with every restart of the source.
    const described = Buffer.from(event.buffer, event.byteOffset, event.byteLength).toString(
      'latin1',
      EVENT_HEADER_BYTES + 8,
    );
    const known = this.shapes.get(described);
    if (known !== undefined) return known;
    const shape = compile(parseTableMap(event));
    this.shapes.set(described, shape);
    const oldest = this.shapes.keys().next().value;
    if (this.shapes.size > SHAPES_MAX && oldest !== undefined) this.shapes.delete(oldest);
    return shape;
  }
}

function compile(map: TableMap): TableShape {
  const definition = definitionOf(map);
  const columns = map.columns.flatMap((stored, index) => {
    const column = definition.columns[index];
    if (column === undefined) return [];
    const plain = columnReader(stored, column);
    const read = refusingHistory(definition, index, plain);
    return [{ stored, read, write: read === plain ? columnWriter(stored, column, read) : ordinaryWriter(read) }];
  });
  return new TableShape(definition, columns);
}

function definitionOf(map: TableMap): TableDefinition {
  const { definition } = map.optional;
  if (definition?.columns.length === map.columns.length) return definition;
  // Where MariaDB's table maps read otherwise, select has attached the definition.
  const known = describeTable(map, 'mysql');
  // Labels that nobody knows are named by their reader, when a row needs them.
  if (definition === undefined && (isComplete(known) || map.optional.names !== undefined)) return known;
  const table = `${map.schema}.${map.table}`;
  const logged = describeStored(map);
  const problem = `Rows of ${table} (${logged}) do not tell their columns, and no fitting definition came with them`;
  const statement = 'SET GLOBAL binlog_row_metadata = FULL';
  throw new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table, logged, statement });
}
