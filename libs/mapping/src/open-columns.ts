import { rowRefusal, SyncError } from '@lutra/model';
import type { ColumnValue, RowImage } from '@lutra/model';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import { withImages } from './mapped-change.ts';
import type { MappedChange } from './mapped-change.ts';

/** Columns of an image that could not be made, and why the first of them. */
interface Open {
  readonly columns: readonly number[];
  readonly cause: SyncError;
}

/** Makes images of which some columns cannot be made, and remembers which. */
export class OpenColumns {
  private readonly byImage = new Map<RowImage, Open>();

  /** As much of the image as can be made. Throws what is not about the row. */
  imageOf(columns: readonly CompiledValue[], image: RowImage, facts: RowFacts): (ColumnValue | undefined)[] {
    const open: number[] = [];
    let cause: SyncError | null = null;
    const values = columns.map((column, position) => {
      try {
        return column.valueOf(image, facts);
      } catch (error) {
        cause ??= aboutRow(error);
        open.push(position);
        return undefined;
      }
    });
    if (cause !== null) this.byImage.set(values, { columns: open, cause });
    return values;
  }

  /** The change with its refusal, if one of its images has open columns. */
  judged(mapped: MappedChange): MappedChange {
    const before = mapped.kind === 'insert' ? undefined : this.byImage.get(mapped.before);
    const after = mapped.kind === 'delete' ? undefined : this.byImage.get(mapped.after);
    const cause = (after ?? before)?.cause;
    if (cause === undefined) return mapped;
    const columns = union(before?.columns ?? [], after?.columns ?? []);
    return { ...mapped, refusal: rowRefusal(cause, { columns, isOnlyBefore: after === undefined }) };
  }

  /** The change as refused for another reason; `more`: columns that are open beside those of its images. */
  refused(mapped: MappedChange, error: SyncError, more: readonly number[]): MappedChange {
    const columns = union(this.judged(mapped).refusal?.columns ?? [], more);
    const refusal = rowRefusal(error, { columns, isOnlyBefore: false });
    const without = (image: RowImage): RowImage => image.map((value, at) => (more.includes(at) ? undefined : value));
    return { ...withImages(mapped, without), refusal };
  }
}

/** The error of a row, which refuses it; any other is thrown again. */
export function aboutRow(error: unknown): SyncError {
  if (SyncError.is(error) && error.class === 'poison') return error;
  throw error;
}

const union = (one: readonly number[], other: readonly number[]): readonly number[] =>
  [...new Set([...one, ...other])].sort((a, b) => a - b);
