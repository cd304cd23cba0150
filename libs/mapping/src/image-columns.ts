import { must } from '@lutra/model';
import type { ColumnValue, RowImage } from '@lutra/model';
import type { CompiledValue, RowFacts } from './compiled-value.ts';
import { OpenColumns } from './open-columns.ts';

/** An image at the target, which nobody else has yet. */
export type MappedImage = (ColumnValue | undefined)[];

/** Makes the images of the target out of those of the source, column by column. */
export class ImageColumns {
  /** Of a before image: the same but for those that tell of the change. */
  private readonly beforeColumns: readonly CompiledValue[];
  /** While rows are made of which some columns cannot be made. */
  private open: OpenColumns | null = null;

  constructor(
    readonly columns: readonly CompiledValue[],
    beforeColumns: readonly CompiledValue[] = columns,
  ) {
    this.beforeColumns = beforeColumns;
  }

  /** Throws a SyncError of class poison, unless {@link leniently} takes it. */
  after(image: RowImage, facts: RowFacts): MappedImage {
    return this.open?.imageOf(this.columns, image, facts) ?? imageOf(this.columns, image, facts);
  }

  /** As {@link after}. */
  before(image: RowImage, facts: RowFacts): MappedImage {
    return this.open?.imageOf(this.beforeColumns, image, facts) ?? imageOf(this.beforeColumns, image, facts);
  }

  /** Images that `work` asks for come with what of them can be made. */
  leniently<T>(work: (open: OpenColumns) => T): T {
    this.open = new OpenColumns();
    try {
      return work(this.open);
    } finally {
      this.open = null;
    }
  }
}

function imageOf(columns: readonly CompiledValue[], image: RowImage, facts: RowFacts): MappedImage {
  const values = new Array<ColumnValue | undefined>(columns.length);
  for (let i = 0; i < columns.length; i++) values[i] = must(columns[i], 'inside').valueOf(image, facts);
  return values;
}
