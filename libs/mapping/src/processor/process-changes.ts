import { SyncError } from '@lutra/model';
import type { RowImage } from '@lutra/model';
import type { UnruledRow } from '../apply-later.ts';
import type { MappedChange } from '../mapped-change.ts';
import type { ProcessorChain } from './processor-chain.ts';
import type { ProcessedImage } from './processor-link.ts';

/** What the changes that one source row became are, behind the processors. */
export interface ProcessedRow {
  /** Nothing when the row is refused. */
  readonly changes: readonly MappedChange[];
  readonly refusal: SyncError | null;
}

/**
 * Asks the processors of each image, before and after, and takes what the answers differ in: a row that they drop is deleted
 * where it was. One answer per row, in their order. Throws what {@link ProcessorChain.run} throws.
 */
export async function processChanges(
  chain: ProcessorChain,
  rows: readonly Pick<UnruledRow, 'changes'>[],
  signal: AbortSignal,
): Promise<readonly ProcessedRow[]> {
  const images: RowImage[] = [];
  for (const { changes } of rows)
    for (const change of changes) {
      if (change.kind !== 'insert') images.push(change.before);
      if (change.kind !== 'delete') images.push(change.after);
    }
  const processed = (await chain.run(images, signal)).values();
  return rows.map(({ changes }) => rowOf(changes, processed));
}

function rowOf(changes: readonly MappedChange[], processed: Iterator<ProcessedImage>): ProcessedRow {
  const refusals: SyncError[] = [];
  const next = (): RowImage | null => {
    // Each image has its answer.
    const image = processed.next().value as ProcessedImage;
    if (!SyncError.is(image)) return image;
    refusals.push(image);
    return null;
  };
  const written: Record<MappedChange['kind'], MappedChange[]> = { delete: [], update: [], insert: [] };
  for (const { kind, target } of changes) {
    const before = kind === 'insert' ? null : next();
    const after = kind === 'delete' ? null : next();
    if (before !== null && after !== null) written.update.push({ kind: 'update', target, before, after });
    else if (before !== null) written.delete.push({ kind: 'delete', target, before });
    else if (after !== null) written.insert.push({ kind: 'insert', target, after });
  }
  // What goes away goes first: another row may take its key or its unique values.
  const all = refusals.length === 0 ? [...written.delete, ...written.update, ...written.insert] : [];
  return { changes: all, refusal: refusals[0] ?? null };
}
