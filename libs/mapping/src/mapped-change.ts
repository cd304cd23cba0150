import type { ColumnValue, RowChange, RowImage, RowRefusal } from '@lutra/model';

interface MappedBase {
  /** Which of {@link TableMapping.targets}. */
  readonly target: number;
  /** Something could not be made: see {@link TableMapping.map} and {@link TableMapping.refused}. */
  readonly refusal?: RowRefusal | undefined;
  /** Of a group whose extremes only the source can tell: its values. See {@link TableMapping.withExtremes}. */
  readonly asks?: readonly ColumnValue[] | undefined;
}

/** A change of a target row. */
export type MappedChange =
  | (MappedBase & { readonly kind: 'insert'; readonly after: RowImage })
  | (MappedBase & { readonly kind: 'update'; readonly before: RowImage; readonly after: RowImage })
  | (MappedBase & { readonly kind: 'delete'; readonly before: RowImage });

/** The images of a change; null = there was or is no row. */
export interface ChangeImages {
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

export const imagesOf = (change: RowChange): ChangeImages => ({
  before: change.kind === 'insert' ? null : change.before,
  after: change.kind === 'delete' ? null : change.after,
});
