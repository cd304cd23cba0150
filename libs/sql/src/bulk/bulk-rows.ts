import type { EncodedImage, RowImage } from '@lutra/model';
import type { WrittenColumn } from '../table-writer.ts';

/** A row that is inserted; where it still lies in its message, `after` need not be asked for. */
export interface BulkRow {
  readonly after: RowImage;
  readonly encoded?: EncodedImage | undefined;
}

/** Rows of one column shape for a statement with a parameter for each column: run once for each row, and undone as one. */
export interface BulkRows {
  /** For messages. */
  readonly table: string;
  readonly sql: string;
  /** By position. */
  readonly columns: readonly WrittenColumn[];
  /** Each has a value for each of the columns. */
  readonly rows: readonly BulkRow[];
}
