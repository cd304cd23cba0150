import { compileMappings, must } from '@lutra/model';
import type { ColumnValue, RowChange, RowImage, TableDefinition } from '@lutra/model';
import { compileColumns } from './compile-columns.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import { compileImageRows } from './image-rows.ts';
import type { ImageRow, ImageRows } from './image-rows.ts';
import { imagesOf } from './mapped-change.ts';
import type { MappedChange } from './mapped-change.ts';

/**
 * A mapping applied to one source table. It is one function from an image of a source row to a set of target rows, and a
 * change is the difference between the sets before and after: rows of the same identity are updated, the others deleted or
 * inserted. So a row that enters or leaves the filter, moves to another table or has other elements needs no rule of its own.
 *
 * Laws: what comes out depends on the change and its facts alone; after any history the target holds the rows of the images
 * that the source holds; {@link TableMapping.isCopied} rows are the source's own.
 */
export class TableMapping {
  /** Tables at the target that rows may go to; the first one unless a route says otherwise. */
  readonly targets: readonly TableDefinition[];
  /** Positions in the source's columns that are needed, of filter, route and values. */
  readonly reads: readonly number[];
  /** Only the table's name is another: rows need not be looked at. */
  readonly isCopied: boolean;
  private readonly columns: readonly CompiledValue[];
  private readonly rows: ImageRows | null;

  private constructor(context: CompileContext, names: { readonly schema: string; readonly table: string }) {
    const { mapping, source } = context;
    this.isCopied = mapping.columns.mode === 'all' && mapping.rules === undefined;
    this.columns = this.isCopied ? [] : compileColumns(context);
    const target = this.isCopied ? { ...source, ...names } : { ...names, ...this.shapeOf(source) };
    this.rows = compileImageRows(context, target);
    this.targets = this.rows?.targets ?? [target];
    const reads = this.isCopied
      ? source.columns.keys()
      : [...this.columns.flatMap((column) => column.reads), ...(this.rows?.reads ?? [])];
    this.reads = [...new Set(reads)].toSorted((a, b) => a - b);
  }

  /**
   * All mappings of the pipeline that cover the table, in the order of the definition. Throws what says that a mapping does
   * not fit the table: MAPPING_COLUMN_UNKNOWN, MAPPING_COLUMN_TWICE, MAPPING_EXPRESSION_INVALID, MAPPING_STEP_INVALID.
   */
  static all(
    matcher: ReturnType<typeof compileMappings>,
    context: Omit<CompileContext, 'mapping'>,
  ): readonly TableMapping[] {
    const { schema, table } = context.source;
    return matcher
      .targetsOf(schema, table)
      .map(
        ({ mapping, targetSchema, targetTable }) =>
          new TableMapping({ ...context, mapping }, { schema: targetSchema, table: targetTable }),
      );
  }

  /** What becomes of a change. Throws a SyncError of class poison: the row is refused. */
  map(change: RowChange, facts: RowFacts): readonly MappedChange[] {
    const { before, after } = imagesOf(change);
    if (this.rows === null) return [this.single(change, facts)];
    const was = before === null ? [] : this.rows.rowsOf(before, this.imageOf(before, facts), facts);
    const is = after === null ? [] : this.rows.rowsOf(after, this.imageOf(after, facts), facts);
    return difference(was, is);
  }

  private single(change: RowChange, facts: RowFacts): MappedChange {
    if (this.isCopied) return { ...change, target: 0 };
    switch (change.kind) {
      case 'insert':
        return { kind: 'insert', target: 0, after: this.imageOf(change.after, facts) };
      case 'update':
        return {
          kind: 'update',
          target: 0,
          before: this.imageOf(change.before, facts),
          after: this.imageOf(change.after, facts),
        };
      case 'delete':
        return { kind: 'delete', target: 0, before: this.imageOf(change.before, facts) };
    }
  }

  private imageOf(image: RowImage, facts: RowFacts): RowImage {
    const { columns } = this;
    if (this.isCopied) return image;
    const values = new Array<ColumnValue | undefined>(columns.length);
    for (let i = 0; i < columns.length; i++) values[i] = must(columns[i], 'inside').valueOf(image, facts);
    return values;
  }

  /** Key positions in the new column order; empty when a part of the key is left out or computed, because the rest identifies nothing. */
  private shapeOf(source: TableDefinition): Pick<TableDefinition, 'columns' | 'primaryKey'> {
    const { columns } = this;
    const moved = source.primaryKey.map((position) =>
      columns.findIndex((column) => column.reads.length === 1 && column.reads[0] === position),
    );
    return { columns: columns.map(({ column }) => column), primaryKey: moved.includes(-1) ? [] : moved };
  }
}

function difference(was: readonly ImageRow[], is: readonly ImageRow[]): readonly MappedChange[] {
  const changes: MappedChange[] = [];
  const remaining = new Map(is.map((row) => [row.identity, row]));
  // What goes away goes first: another row may take its unique values.
  for (const { identity, target, image } of was) {
    const now = remaining.get(identity);
    if (now === undefined) changes.push({ kind: 'delete', target, before: image });
  }
  for (const { identity, target, image } of was) {
    const now = remaining.get(identity);
    if (now === undefined) continue;
    remaining.delete(identity);
    changes.push({ kind: 'update', target, before: image, after: now.image });
  }
  for (const { target, image } of remaining.values()) changes.push({ kind: 'insert', target, after: image });
  return changes;
}
