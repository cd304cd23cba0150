import type { ColumnValue, RowImage } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { ByteCursor } from './byte-cursor.ts';
import { corrupt } from './byte-cursor.ts';
import { isBitSet } from './column-bitmap.ts';
import type { ColumnReader } from './column-reader.ts';
import { COLUMN_TYPE } from '../schema/column-types.ts';
import { decodeJson } from './decode-json.ts';
import { applyJsonDiffs } from './json-diffs.ts';
import { compileRowReader } from './row-reader.ts';
import type { RowReader } from './row-reader.ts';
import type { ShapeColumn, TableShape } from './table-shapes.ts';

/** The only value option that servers know: JSON columns of the after image may hold diffs. */
const PARTIAL_JSON = 1;

/**
 * Reads the rows of one PARTIAL_UPDATE_ROWS event (MySQL source documentation, rows_event.h): the after image begins with
 * its value options and, where they say so, one bit per JSON column of the table, set where diffs stand for the value.
 * The after image comes out complete: diffs are applied to the document of the before image.
 */
export class PartialUpdateReader {
  /** The binary JSON of the before image in hand, by column. */
  private readonly documents = new Map<number, Buffer>();
  /** Columns of type JSON with the bytes of their length, in table order. */
  private readonly json: readonly { readonly column: number; readonly lengthBytes: number }[];
  private readonly readBefore: RowReader;
  private readonly carried: readonly number[];

  /** `before` and `after`: bitmaps of the columns that the images carry. */
  constructor(
    private readonly shape: TableShape,
    { before, after }: { readonly before: Uint8Array; readonly after: Uint8Array },
  ) {
    this.json = shape.columns.flatMap(({ stored }, column) =>
      stored.type === COLUMN_TYPE.JSON ? [{ column, lengthBytes: stored.a }] : [],
    );
    this.readBefore = compileRowReader(this.keepingReaders(), before);
    this.carried = shape.columns.flatMap((_column, index) => (isBitSet(after, index) ? [index] : []));
  }

  /** Throws SOURCE_EVENT_UNSUPPORTED for a diff whose document the before image lacks, SOURCE_EVENT_CORRUPT for damage. */
  row(cursor: ByteCursor): { readonly before: RowImage; readonly after: RowImage } {
    this.documents.clear();
    const before = this.readBefore(cursor);
    return { before, after: this.readAfter(cursor, before) };
  }

  private readAfter(cursor: ByteCursor, before: RowImage): RowImage {
    const { columns } = this.shape;
    const diffed = this.diffedColumns(cursor);
    const nulls = cursor.view8((this.carried.length + 7) >> 3);
    const image = new Array<ColumnValue | undefined>(columns.length).fill(undefined);
    this.carried.forEach((column, index) => {
      if (isBitSet(nulls, index)) image[column] = null;
      else if (diffed.has(column)) image[column] = this.changed(cursor, column, before[column]);
      else image[column] = (columns[column] as ShapeColumn).read(cursor);
    });
    return image;
  }

  private diffedColumns(cursor: ByteCursor): ReadonlySet<number> {
    const options = cursor.packedLength();
    if (options === 0) return NONE;
    if (options !== PARTIAL_JSON) throw corrupt(`the unknown value options ${String(options)}`);
    const bits = cursor.view8((this.json.length + 7) >> 3);
    return new Set(this.json.flatMap(({ column }, index) => (isBitSet(bits, index) ? [column] : [])));
  }

  private changed(cursor: ByteCursor, column: number, before: ColumnValue | undefined): ColumnValue | undefined {
    const diffs = cursor.view8(cursor.uint32());
    // No diffs: the value stays what it was, known or not.
    if (diffs.length === 0) return before;
    if (before === undefined) throw unknownDocument(this.shape.definition.columns[column]?.name ?? '');
    const document = this.documents.get(column);
    if (document === undefined) throw corrupt('a change of a JSON document where there was none');
    return applyJsonDiffs(document, diffs);
  }

  /** The column readers, with those of JSON columns keeping their bytes. */
  private keepingReaders(): ColumnReader[] {
    const readers = this.shape.columns.map(({ read }) => read);
    for (const { column, lengthBytes } of this.json) {
      readers[column] = (cursor) => {
        const document = cursor.view8(cursor.uint(lengthBytes));
        this.documents.set(column, document);
        return decodeJson(document);
      };
    }
    return readers;
  }
}

const NONE: ReadonlySet<number> = new Set();

function unknownDocument(column: string): SyncError {
  const statement = "SET GLOBAL binlog_row_image = FULL, or SET GLOBAL binlog_row_value_options = ''";
  const problem = `Column ${column} was changed by a JSON diff, and the before image does not hold the document that it changes: run ${statement}, reconnect the clients of the source, and copy the table anew`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: 'PARTIAL_UPDATE_ROWS_EVENT', column, statement });
}
