import type { RowChange } from '@lutra/model';
import type { TableWriter } from '@lutra/sql';

/**
 * The change without a refusal that does not matter here: only columns of the image before could not be made, and the row is
 * found by its key without them. They are then absent from it, as from the images of a source that logs less.
 */
export function withoutNeedlessRefusal({ key }: TableWriter, change: RowChange): RowChange {
  const { refusal } = change;
  if (refusal?.isOnlyBefore !== true || key.length === 0) return change;
  if (key.some(({ position }) => refusal.columns.includes(position))) return change;
  return { ...change, refusal: undefined };
}

/**
 * Whether a refused row may touch any value of some unique index: a column of it could not be made. Unlike one that an image
 * does not carry, it need not be as it was.
 */
export function hidesValues({ identities }: TableWriter, { refusal }: RowChange): boolean {
  if (refusal === undefined || identities === null) return false;
  const { columns } = refusal;
  if (columns.length === 0) return false;
  return [identities.key, ...identities.others].some((index) =>
    index.columns.some(({ position }) => columns.includes(position)),
  );
}
