import { TableMapping } from '@lutra/mapping';
import type { MappedChange, RowFacts } from '@lutra/mapping';
import type { RowProcessEncoder, RowProcessReader, RowRecordKind } from '@lutra/messaging';
import type { RowChange, TransactionHeader } from '@lutra/model';
import { assertNever, must } from '@lutra/model';
import type { CompiledPipeline } from './compiled-pipeline.ts';

interface Output {
  readonly mapping: TableMapping;
  /** Of each of its targets the index of the table in the outgoing process, once it has been defined there. */
  readonly indexes: (number | undefined)[];
}

/**
 * Takes the records of a source-shaped process one by one and writes the target-shaped ones. The rows that one source row
 * becomes differ in `part`, numbered over all of its mappings; a row through none is left out (a later revision may have
 * dropped its mapping). Rows of which only the table's name changes are copied and never decoded.
 */
export class RowMapper {
  private readonly outputs: Output[][] = [];
  private begun: TransactionHeader | null = null;
  rowCount = 0;

  constructor(
    private readonly pipeline: CompiledPipeline,
    private readonly to: RowProcessEncoder,
  ) {}

  /** Takes the record that the reader stands at. */
  take(kind: RowRecordKind, reader: RowProcessReader): void {
    switch (kind) {
      case 'table':
        this.outputs[reader.table] = this.pipeline
          .mappingsOf(reader.definition())
          .map((mapping) => ({ mapping, indexes: [] }));
        return;
      case 'begin':
        if (this.pipeline.needsFacts) this.begun = reader.begin();
        this.to.copy(reader);
        return;
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
    const [only] = outputs;
    if (only !== undefined && outputs.length === 1 && this.isCopied(only, reader)) {
      this.rowCount += 1;
      this.to.copy(reader);
    } else if (outputs.length > 0) this.map(reader.change(), outputs);
  }

  /** True when the row is the same row at the target, number of its table included. */
  private isCopied(output: Output, { table, part }: RowProcessReader): boolean {
    return output.mapping.isCopied && this.indexOf(output, 0) === table && part === 0;
  }

  private map(change: RowChange, outputs: readonly Output[]): void {
    const { event, row, flags } = change;
    const facts = this.factsOf(change);
    let part = 0;
    for (const output of outputs)
      for (const mapped of output.mapping.map(change, facts)) {
        const table = this.indexOf(output, mapped.target);
        this.to.change(placed(mapped, { table, event, row, part, flags }));
        part += 1;
      }
    this.rowCount += part;
  }

  private indexOf({ mapping, indexes }: Output, target: number): number {
    return (indexes[target] ??= this.to.defineTable(must(mapping.targets[target], 'a row goes to one of the targets')));
  }

  private factsOf({ event, row, kind }: RowChange): RowFacts {
    const { gtid = '', commitMs = 0 } = this.begun ?? {};
    return { pipelineId: this.pipeline.id, gtid, commitMs, event, row, kind };
  }
}

/** Field by field: spreading costs as much as all the rest. */
function placed(
  mapped: MappedChange,
  { table, event, row, part, flags }: Pick<RowChange, 'table' | 'event' | 'row' | 'part' | 'flags'>,
): RowChange {
  switch (mapped.kind) {
    case 'insert':
      return { kind: 'insert', table, event, row, part, flags, after: mapped.after };
    case 'update':
      return { kind: 'update', table, event, row, part, flags, before: mapped.before, after: mapped.after };
    case 'delete':
      return { kind: 'delete', table, event, row, part, flags, before: mapped.before };
    default:
      return assertNever(mapped);
  }
}
