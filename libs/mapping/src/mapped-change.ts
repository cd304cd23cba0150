import type { RowChange, RowImage } from '@lutra/model';

/** A change of a target row; `target`: which of {@link TableMapping.targets}. */
export type MappedChange =
  | { readonly kind: 'insert'; readonly target: number; readonly after: RowImage }
  | { readonly kind: 'update'; readonly target: number; readonly before: RowImage; readonly after: RowImage }
  | { readonly kind: 'delete'; readonly target: number; readonly before: RowImage };

/** The images of a change; null = there was or is no row. */
export const imagesOf = (change: RowChange): { readonly before: RowImage | null; readonly after: RowImage | null } => ({
  before: change.kind === 'insert' ? null : change.before,
  after: change.kind === 'delete' ? null : change.after,
});
