import { SyncError } from './sync-error.ts';

/**
 * One byte budget over all that an instance holds. Reservations are granted in the order of asking, so that a large one
 * is not starved by small ones. A reservation above the whole budget is granted alone, when nothing else is held:
 * memory then peaks at that one size, and the work still goes through.
 */
export class ByteBudget {
  private heldBytes = 0;
  private readonly waiting: { readonly bytes: number; readonly grant: () => void }[] = [];

  constructor(readonly limitBytes: number) {}

  get held(): number {
    return this.heldBytes;
  }

  /** Waits until `bytes` fit and takes them; call the returned function exactly once to give them back. Rejects when the signal aborts. */
  async reserve(bytes: number, signal?: AbortSignal): Promise<() => void> {
    if (this.waiting.length > 0 || !this.fits(bytes)) await this.wait(bytes, signal);
    else this.heldBytes += bytes;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.heldBytes -= bytes;
      this.grantNext();
    };
  }

  private fits(bytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + bytes <= this.limitBytes;
  }

  private wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(new SyncError('INTERNAL', { problem: 'Stopped while waiting for memory' }));
        this.grantNext();
      };
      if (signal?.aborted === true) {
        reject(new SyncError('INTERNAL', { problem: 'Stopped while waiting for memory' }));
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.waiting.push(entry);
    });
  }

  private grantNext(): void {
    for (let next = this.waiting[0]; next !== undefined && this.fits(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.heldBytes += next.bytes;
      next.grant();
    }
  }
}
