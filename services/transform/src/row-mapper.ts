import type { RowProcessEncoder, RowRecord } from '@lutra/messaging';
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
 */
export class RowMapper {
  private readonly outputs: Output[][] = [];
  rowCount = 0;

  constructor(
    private readonly tables: MappedTables,
    private readonly to: RowProcessEncoder,
  ) {}

  take(record: RowRecord): void {
    switch (record.kind) {
      case 'table':
        this.outputs[record.index] = this.tables
          .mappingsOf(record.table)
          .map((mapping) => ({ ...mapping, index: null }));
        return;
      case 'begin':
        this.to.beginTransaction(record.begin);
        return;
      case 'change':
        this.change(record.change);
        return;
      case 'end':
        this.to.endTransaction();
        return;
      default:
        assertNever(record);
    }
  }

  private change(change: RowChange): void {
    const outputs = must(this.outputs[change.table], 'a row comes after its table');
    for (let part = 0; part < outputs.length; part++) {
      const output = must(outputs[part], 'part is below the length');
      output.index ??= this.to.defineTable(output.target);
      this.to.change(reshape(change, { table: output.index, part, pick: output.pick }));
      this.rowCount++;
    }
  }
}

function reshape(
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
