import { must, plainChange, rowRefusal } from '@lutra/model';
import type { RowChange, RowImage, SyncError } from '@lutra/model';
import { withImages } from '../mapped-change.ts';
import type { MappedChange } from '../mapped-change.ts';
import { processChanges } from './process-changes.ts';
import type { ProcessorChain } from './processor-chain.ts';

/**
 * What the processors of extract make of changes of one table, in their order: null where there is no row before and after. A
 * row that is refused goes on as one that is. Throws PROCESSOR_TIMEOUT, PROCESSOR_UNAVAILABLE.
 */
export async function extractChanges(
  chain: ProcessorChain,
  changes: readonly RowChange[],
  signal: AbortSignal,
): Promise<readonly (RowChange | null)[]> {
  const processed = await processChanges(
    chain,
    changes.map((change) => ({ changes: [{ ...change, target: 0 }] })),
    signal,
  );
  return changes.map((change, index) => {
    const { changes: made, refusal } = must(processed[index], 'one of each');
    if (refusal !== null) return refusedChange(change, chain, refusal);
    const [one] = made;
    return one === undefined ? null : placed(change, one);
  });
}

function placed({ table, event, row, part, flags }: RowChange, made: MappedChange): RowChange {
  const place = { table, event, row, part, flags };
  switch (made.kind) {
    case 'insert':
      return { ...place, kind: 'insert', after: made.after };
    case 'update':
      return { ...place, kind: 'update', before: made.before, after: made.after };
    case 'delete':
      return { ...place, kind: 'delete', before: made.before };
  }
}

/** As it came, without the columns that are the processors' to give: load decides what becomes of it. */
function refusedChange(change: RowChange, { own, table }: ProcessorChain, error: SyncError): RowChange {
  const refusal = rowRefusal(error, { columns: own, isOnlyBefore: false });
  const opened = (image: RowImage): RowImage =>
    table.columns.map((_column, position) => (own.includes(position) ? undefined : image[position]));
  return { ...withImages(plainChange(change), opened), refusal };
}
