import { SyncError } from '@lutra/model';
import type { TableDefinition } from '@lutra/model';
import { EVENT_HEADER_BYTES } from '../event-types.ts';
import { columnReader } from './column-reader.ts';
import type { ColumnReader } from './column-reader.ts';
import { describeStored, isComplete } from '../schema/complete-table.ts';
import { describeTable } from '../schema/describe-table.ts';
import { compileRowReader } from './row-reader.ts';
import type { RowReader } from './row-reader.ts';
import { parseTableMap } from '../schema/table-map.ts';
import type { TableMap } from '../schema/table-map.ts';

/** Tables that are kept compiled; the oldest goes. Pipelines with more tables than this together compile some of them again. */
const SHAPES_MAX = 4_000;
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

/** Compiled tables, shared by the decoders of all processes: equal bytes mean an equal table, whatever its source. Bounded. */
export class TableShapes {
  private readonly shapes = new Map<string, TableShape>();

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
  const readers = map.columns.flatMap((stored, index) => {
    const column = definition.columns[index];
    return column === undefined ? [] : [columnReader(stored, column)];
  });
  return new TableShape(definition, readers);
}

function definitionOf(map: TableMap): TableDefinition {
  const { definition } = map.optional;
  if (definition?.columns.length === map.columns.length) return definition;
  const known = describeTable(map);
  // Labels that nobody knows are named by their reader, when a row needs them.
  if (definition === undefined && (isComplete(known) || map.optional.names !== undefined)) return known;
  const table = `${map.schema}.${map.table}`;
  const logged = describeStored(map);
  const problem = `Rows of ${table} (${logged}) do not tell their columns, and no fitting definition came with them`;
  const statement = 'SET GLOBAL binlog_row_metadata = FULL';
  throw new SyncError('SOURCE_SCHEMA_MISMATCH', { problem, table, logged, statement });
}
