import type { ColumnValue, EncodedImage, ImageSink, RowChange, RowImage } from '@lutra/model';
import type { ByteDecoder } from './byte-decoder.ts';
import { decodeImage, decodeValueAt, offerImage } from './column-values.ts';

type Insert = Extract<RowChange, { kind: 'insert' }>;

/**
 * An insert whose values are made when somebody asks for its image: most are only passed on. One object per row; what it
 * reads has been passed over before, so that it is known to be sound.
 */
export class LazyInsert implements Insert, EncodedImage {
  readonly kind = 'insert';
  private decoded: RowImage | null = null;

  constructor(
    /** Shared by all rows of a process; stands anywhere. */
    private readonly from: ByteDecoder,
    /** Where the image begins. */
    private readonly start: number,
    readonly byteLength: number,
    readonly columnCount: number,
    readonly table: number,
    readonly event: number,
    readonly row: number,
    readonly part: number,
    readonly flags: number,
  ) {}

  get after(): RowImage {
    if (this.decoded !== null) return this.decoded;
    this.from.at = this.start;
    return (this.decoded = decodeImage(this.from));
  }

  get encoded(): EncodedImage {
    return this;
  }

  valueAt(position: number): ColumnValue | undefined {
    if (this.decoded !== null) return this.decoded[position];
    this.from.at = this.start;
    return decodeValueAt(this.from, position);
  }

  offerTo(sink: ImageSink): boolean {
    this.from.at = this.start;
    return offerImage(this.from, sink);
  }
}
