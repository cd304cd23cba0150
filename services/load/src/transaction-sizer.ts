/** How much one target transaction may hold. */
export interface TransactionLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** A target transaction that was committed. */
export interface CommittedSize {
  readonly rows: number;
  readonly bytes: number;
  /** From its first statement to the answer to its COMMIT. */
  readonly durationMs: number;
}

/** Smaller transactions would cost more in commits than they save in waiting. */
const SHARE_MIN = 1 / 64;
const SHRINK = 0.7;
const GROWTH = 1 / 32;
/** Within this part of the limits a transaction was as large as it could be. */
const FULL = 0.5;

/**
 * Chooses the size of target transactions by the time that they take: smaller at once by a factor while one takes longer than
 * `commitTargetMs`, larger again by small steps while full ones take less. What is small because nothing more was there says
 * nothing about larger ones. Pure: time comes in from outside.
 */
export class TransactionSizer {
  /** Part of the configured limits that is used, from SHARE_MIN to 1. */
  private share = 1;

  /** `configured` as they stand now: they may change from one transaction to the next. */
  limits(configured: TransactionLimits): TransactionLimits {
    const part = (whole: number): number => Math.max(1, Math.floor(whole * this.share));
    return { rowsMax: part(configured.rowsMax), bytesMax: part(configured.bytesMax) };
  }

  observe(
    { rows, bytes, durationMs }: CommittedSize,
    configured: TransactionLimits & { readonly commitTargetMs: number },
  ): void {
    const used = Math.max(rows / configured.rowsMax, bytes / configured.bytesMax);
    if (durationMs > configured.commitTargetMs) {
      // A lone large process may be larger than the share; a small one that was slow makes the share no smaller than itself.
      const from = Math.min(this.share, Math.max(used, SHARE_MIN));
      this.share = Math.max(SHARE_MIN, from * SHRINK);
    } else if (used >= this.share * FULL) this.share = Math.min(1, this.share + GROWTH);
  }
}
