import type { Clock, DatabaseKind, TableDefinition } from '@lutra/model';
import { EVENT_HEADER_BYTES } from '../event-types.ts';
import { columnReader } from './column-reader.ts';
import type { ColumnReader } from './column-reader.ts';
import { completeTable, isComplete, isAmbiguous } from './complete-table.ts';
import type { TableCompleter } from './decode-rows.ts';
import { describeTable } from './describe-table.ts';
import { compileRowReader } from './row-reader.ts';
import type { RowReader } from './row-reader.ts';
import { parseTableMap, tableIdOf } from './table-map.ts';

/** Tables that are kept compiled; the oldest goes. A pipeline with more tables than this compiles some of them again. */
const SHAPES_MAX = 2_000;
/** How long a definition that information_schema had a part in is believed. */
const COMPLETED_TTL_MS = 10_000;
/** Different combinations of columns that one table's images are compiled for (MINIMAL images have many). */
const READERS_MAX = 256;

/** A table as it stood when a table map was written, with compiled readers for its images. */
export class TableShape {
  private readonly rowReaders = new Map<string, RowReader>();

  constructor(
    readonly definition: TableDefinition,
    private readonly columnReaders: readonly ColumnReader[],
  ) {}

  get columnCount(): number {
    return this.columnReaders.length;
  }

  /** The reader of images that carry the columns of `present`. */
  rowReader(present: Uint8Array): RowReader {
    const key = String.fromCharCode(...present);
    const known = this.rowReaders.get(key);
    if (known !== undefined) return known;
    const reader = compileRowReader(this.columnReaders, present);
    if (this.rowReaders.size >= READERS_MAX) this.rowReaders.clear();
    this.rowReaders.set(key, reader);
    return reader;
  }
}

export interface TableShapesOptions {
  /** Kind of the source: MariaDB hides UUID and INET types in the log. */
  readonly kind: DatabaseKind;
  readonly complete: TableCompleter;
  readonly clock: Clock;
}

/** Compiled tables of one source, shared by the decoders of all its processes. Bounded. */
export class TableShapes {
  private readonly shapes = new Map<string, { readonly shape: TableShape; readonly staleAtMs: number }>();

  constructor(private readonly options: TableShapesOptions) {}

  /** The shape that a TABLE_MAP event describes; asks information_schema only for what the event does not say. */
  async shapeOf(event: Uint8Array): Promise<TableShape> {
    // Equal bytes mean an equal table, whatever its id: ids change with every restart of the source.
    const described = Buffer.from(event.buffer, event.byteOffset, event.byteLength).toString(
      'latin1',
      EVENT_HEADER_BYTES + 8,
    );
    const nowMs = this.options.clock.monotonicMs();
    // What information_schema completed holds for this id only: the source gives a new one after each change of a table.
    const known = this.shapes.get(described) ?? this.shapes.get(`${String(tableIdOf(event))} ${described}`);
    if (known !== undefined && nowMs < known.staleAtMs) return known.shape;
    return this.compile(event, described, nowMs);
  }

  private async compile(event: Uint8Array, described: string, nowMs: number): Promise<TableShape> {
    const map = parseTableMap(event);
    let definition = describeTable(map);
    let key = described;
    let staleAtMs = Infinity;
    if (!isComplete(definition) || isAmbiguous(map, definition, this.options.kind)) {
      definition = await completeTable(map, definition, this.options.complete);
      key = `${String(map.tableId)} ${described}`;
      staleAtMs = nowMs + COMPLETED_TTL_MS;
    }
    const readers = map.columns.flatMap((stored, index) => {
      const column = definition.columns[index];
      return column === undefined ? [] : [columnReader(stored, column)];
    });
    const shape = new TableShape(definition, readers);
    this.shapes.delete(key);
    this.shapes.set(key, { shape, staleAtMs });
    const oldest = this.shapes.keys().next().value;
    if (this.shapes.size > SHAPES_MAX && oldest !== undefined) this.shapes.delete(oldest);
    return shape;
  }
}
