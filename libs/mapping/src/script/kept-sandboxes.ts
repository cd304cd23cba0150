/** Whoever has a sandbox open. */
export interface SandboxHolder {
  /** Of its sandbox; 0 while it has none. */
  readonly heldBytes: number;
  /** Opens another one when it needs one. */
  release(): void;
}

/**
 * Sandboxes that stay open for the next rows: as many as have room in `bytesMax` together. Who has not used its own for longest
 * gives it up first, so that tables whose rows come in turns keep theirs as long as all of them have room.
 */
export class KeptSandboxes {
  /** In the order of their last use. */
  private readonly holders = new Set<SandboxHolder>();

  constructor(private readonly bytesMax: number) {}

  get count(): number {
    return this.holders.size;
  }

  /** To be called before each use. The holder keeps its own sandbox, whatever it takes. */
  use(holder: SandboxHolder): void {
    const { holders } = this;
    holders.delete(holder);
    holders.add(holder);
    let bytes = 0;
    for (const { heldBytes } of holders) bytes += heldBytes;
    for (const oldest of holders) {
      const { heldBytes } = oldest;
      if (oldest === holder) break;
      if (bytes <= this.bytesMax && heldBytes > 0) continue;
      // Who has none may never come again.
      holders.delete(oldest);
      bytes -= heldBytes;
      oldest.release();
    }
  }
}
