import type { RowProcessEncoder, RowProcessReader, RowRecordKind } from '@lutra/messaging';
import type { RowChange, RowImage } from '@lutra/model';
import { assertNever, must } from '@lutra/model';
import type { MappedTables, TableMapping } from './mapped-tables.ts';

interface Output extends TableMapping {
  /** Index of the target table in the outgoing process, once it has been defined there. */
  index: number | null;
}

/**
 * Takes the records of a source-shaped process one by one and writes the target-shaped ones. A row through two mappings
 * becomes two rows that differ in `part`; a row through none is left out (a later revision may have dropped its mapping).
 * Rows of which only the table's name changes are copied and never decoded.
 */
export class RowMapper {
  private readonly outputs: Output[][] = [];
  rowCount = 0;

  constructor(
    private readonly tables: MappedTables,
    private readonly to: RowProcessEncoder,
  ) {}

  /** Takes the record that the reader stands at. */
  take(kind: RowRecordKind, reader: RowProcessReader): void {
    switch (kind) {
      case 'table':
        this.outputs[reader.table] = this.tables
          .mappingsOf(reader.definition())
          .map((mapping) => ({ ...mapping, index: null }));
        return;
      case 'begin':
      case 'end':
        this.to.copy(reader);
        return;
      case 'change':
        this.change(reader);
        return;
      default:
        assertNever(kind);
    }
  }

  private change(reader: RowProcessReader): void {
    const outputs = must(this.outputs[reader.table], 'a row comes after its table');
    this.rowCount += outputs.length;
    const [only] = outputs;
    if (only !== undefined && outputs.length === 1 && this.isCopied(only, reader)) this.to.copy(reader);
    else if (outputs.length > 0) this.reshape(reader.change(), outputs);
  }

  /** True when the row is the same row at the target, number of its table included. */
  private isCopied(output: Output, { table, part }: RowProcessReader): boolean {
    output.index ??= this.to.defineTable(output.target);
    return output.pick === null && output.index === table && part === 0;
  }

  private reshape(change: RowChange, outputs: readonly Output[]): void {
    for (const [part, output] of outputs.entries()) {
      output.index ??= this.to.defineTable(output.target);
      this.to.change(reshaped(change, { table: output.index, part, pick: output.pick }));
    }
  }
}

function reshaped(
  change: RowChange,
  { table, part, pick }: { table: number; part: number; pick: readonly number[] | null },
): RowChange {
  if (pick === null) return { ...change, table, part };
  switch (change.kind) {
    case 'insert':
      return { ...change, table, part, after: take(change.after, pick) };
    case 'update':
      return { ...change, table, part, before: take(change.before, pick), after: take(change.after, pick) };
    case 'delete':
      return { ...change, table, part, before: take(change.before, pick) };
    default:
      return assertNever(change);
  }
}

const take = (image: RowImage, pick: readonly number[]): RowImage => pick.map((position) => image[position]);
