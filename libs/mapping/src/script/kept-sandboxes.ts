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
  private readonly holders = new Set<SandboxHolder>();

  constructor(private readonly bytesMax: number) {}

  /** To be called before each use. The holder keeps its own sandbox, whatever it takes. */
  use(holder: SandboxHolder): void {
    const { holders } = this;
    holders.delete(holder);
    holders.add(holder);
    let bytes = 0;
    for (const { heldBytes } of holders) bytes += heldBytes;
    for (const oldest of holders) {
      if (bytes <= this.bytesMax || oldest === holder) break;
      holders.delete(oldest);
      bytes -= oldest.heldBytes;
      oldest.release();
    }
  }
}
