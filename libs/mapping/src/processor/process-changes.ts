import { SyncError } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import { RuledChanges } from '../apply-later.ts';
import type { RuledRow, UnruledRow } from '../apply-later.ts';
import type { MappedChange } from '../mapped-change.ts';
import type { ProcessorChain } from './processor-chain.ts';
import type { ProcessedImage } from './processor-link.ts';

/**
 * Asks the processors of each image, before and after, and takes what the answers differ in: a row that they drop is deleted
 * where it was. One answer per row, in their order. Throws what {@link ProcessorChain.run} throws.
 */
export async function processChanges(
  chain: ProcessorChain,
  rows: readonly Pick<UnruledRow, 'changes'>[],
  signal: AbortSignal,
): Promise<readonly RuledRow[]> {
  const images: RowImage[] = [];
  for (const { changes } of rows)
    for (const change of changes) {
      if (change.kind !== 'insert') images.push(change.before);
      if (change.kind !== 'delete') images.push(change.after);
    }
  const processed = (await chain.run(images, signal)).values();
  return rows.map(({ changes }) => rowOf(changes, processed));
}

function rowOf(changes: readonly MappedChange[], processed: Iterator<ProcessedImage>): RuledRow {
  const ruled = new RuledChanges();
  const next = (): RowImage | null => {
    // Each image has its answer.
    const image = processed.next().value as ProcessedImage;
    if (!SyncError.is(image)) return image;
    ruled.refuse(image);
    return null;
  };
  for (const { kind, target } of changes) {
    const before = kind === 'insert' ? null : next();
    const after = kind === 'delete' ? null : next();
    if (before !== null && after !== null) ruled.add({ kind: 'update', target, before, after });
    else if (before !== null) ruled.add({ kind: 'delete', target, before });
    else if (after !== null) ruled.add({ kind: 'insert', target, after });
  }
  return ruled.row();
}
