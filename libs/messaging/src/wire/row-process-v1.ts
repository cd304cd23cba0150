import type { ProcessHeader, RowChange, RowProcess, TableDefinition, TransactionHeader } from '@lutra/model';
import type { ByteSink } from '../bus.ts';

/** Writes the body of a row process or target process sequentially. Large values are passed on by reference, not copied. */
export class RowProcessEncoder {
  constructor(private readonly sink: ByteSink) {}
  get bytes(): number {
    return 0;
  }
  /** Defines a table before its first row; returns the index to use in {@link RowChange.table}. Calls number from 0. */
  defineTable(_table: TableDefinition): number {
    return 0;
  }
  beginTransaction(_begin: TransactionHeader): void {
    this.sink.write(new Uint8Array(0));
  }
  change(_change: RowChange): void {}
  endTransaction(): void {}
  /** Hands what is still buffered to the sink; call once, before the writer's `finish`. */
  end(): void {}
}

/** Binary values are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function decodeRowProcess(_header: ProcessHeader, _body: Uint8Array): RowProcess {
  throw new Error('stub');
}
