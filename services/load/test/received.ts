import { decodeRowProcess, RowProcessEncoder } from '@lutra/messaging';
import type { ProcessHeader, RowChange } from '@lutra/model';
import { must } from '@lutra/model';

const table = { schema: '', table: '', columns: [], primaryKey: [] };
const begin = { seq: 1, gtid: '', firstEvent: 0, commitMs: 0, isLast: true };

/** The changes as load receives them: those that insert whole rows still lie in their message. */
export function received(changes: readonly RowChange[]): readonly RowChange[] {
  const chunks: Uint8Array[] = [];
  const encoder = new RowProcessEncoder({
    isFull: false,
    write: (bytes) => chunks.push(bytes),
    drain: () => Promise.resolve(),
  });
  for (let index = Math.max(...changes.map((change) => change.table)); index >= 0; index--) encoder.defineTable(table);
  encoder.beginTransaction(begin);
  for (const change of changes) encoder.change(change);
  encoder.endTransaction();
  encoder.end();
  // Nothing of the body depends on its header.
  const process = decodeRowProcess({} as ProcessHeader, Buffer.concat(chunks), { isLazy: true });
  return must(process.transactions[0], 'a transaction').changes;
}

export const receivedOne = (change: RowChange): RowChange => must(received([change])[0], 'a change');
