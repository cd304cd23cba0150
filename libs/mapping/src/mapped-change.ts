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

type MakeImage = (image: RowImage, which: 'before' | 'after') => RowImage;

/** The change with what `of` makes of each of its images. */
export function withImages(change: MappedChange, of: MakeImage): MappedChange;
export function withImages(change: RowChange, of: MakeImage): RowChange;
export function withImages(change: MappedChange | RowChange, of: MakeImage): MappedChange | RowChange {
  switch (change.kind) {
    case 'insert':
      return { ...change, after: of(change.after, 'after') };
    case 'update':
      return { ...change, before: of(change.before, 'before'), after: of(change.after, 'after') };
    case 'delete':
      return { ...change, before: of(change.before, 'before') };
  }
}

/** The images of a change; null = there was or is no row. */
export interface ChangeImages {
  readonly before: RowImage | null;
  readonly after: RowImage | null;
}

export const imagesOf = (change: RowChange): ChangeImages => ({
  before: change.kind === 'insert' ? null : change.before,
  after: change.kind === 'delete' ? null : change.after,
});
