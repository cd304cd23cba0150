import type { RowChange } from './process.ts';

/**
 * The change as an ordinary object, for those who make another one of it: one that still lies in its message makes its
 * image when it is asked, which a spread would lose, and what it offers in the image's place would belie a new image.
 */
export function plainChange(change: RowChange): RowChange {
  if (change.kind !== 'insert' || change.encoded === undefined) return change;
  const { kind, table, event, row, part, flags, after } = change;
  return { kind, table, event, row, part, flags, after };
}
