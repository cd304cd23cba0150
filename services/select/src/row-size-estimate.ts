/** Before load has counted anything: small enough that the first processes do not become too large. */
const BYTES_PER_ROW_AT_START = 64;
const BYTES_PER_ROW_MIN = 8;
const WEIGHT = 0.2;

/**
 * Mean size of a row inside rows events. Select does not decode rows, so it cannot count them: it divides bytes by what
 * load counted in the processes before. maxRows is kept on average, not exactly; maxBytes is kept exactly.
 */
export class RowSizeEstimate {
  bytesPerRow = BYTES_PER_ROW_AT_START;

  learn(loaded: { readonly sourceBytes: number; readonly rows: number }): void {
    if (loaded.rows === 0 || loaded.sourceBytes === 0) return;
    const measured = Math.max(BYTES_PER_ROW_MIN, loaded.sourceBytes / loaded.rows);
    this.bytesPerRow += (measured - this.bytesPerRow) * WEIGHT;
  }
}
