import type { Clock } from '@lutra/model';
import type { Store } from '../store/store.ts';

/** So late this manager sees what another one has changed: a key that was removed there, a role, a session that ended. */
const KEPT_MS = 1_000;
/** Tokens in use at once, each a few hundred bytes. With more than that the look-ups begin anew. */
const TOKENS_MAX = 1_000;

interface Kept<T> {
  readonly found: Promise<T | null>;
  readonly readMs: number;
  readonly changes: number;
}

/**
 * What the store says of tokens, kept for a second: a client that asks often costs one look-up a second. Any change that was
 * made through this manager empties it at once. Tokens that nobody knows are not kept.
 */
export class TokenCache<T extends object> {
  private readonly kept = new Map<string, Kept<T>>();

  constructor(
    private readonly store: Pick<Store, 'changes'>,
    private readonly clock: Clock,
  ) {}

  /** Whoever asks while it is read waits for the same reading. */
  async find(hash: string, read: () => Promise<T | null>): Promise<T | null> {
    // As they were before the reading: a change that comes meanwhile makes it read again.
    const { changes } = this.store;
    const readMs = this.clock.monotonicMs();
    const known = this.kept.get(hash);
    if (known?.changes === changes && readMs - known.readMs < KEPT_MS) return known.found;
    if (this.kept.size >= TOKENS_MAX) this.kept.clear();
    const kept = { found: read(), readMs, changes };
    this.kept.set(hash, kept);
    let isKept = false;
    try {
      const found = await kept.found;
      isKept = found !== null;
      return found;
    } finally {
      if (!isKept && this.kept.get(hash) === kept) this.kept.delete(hash);
    }
  }
}
