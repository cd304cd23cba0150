import type { Clock } from '@lutra/model';

interface Entry<V> {
  readonly value: V;
  readonly atMs: number;
}

/** A map whose entries are forgotten `lifeMs` after they were set: for keys that come and go without saying so. */
export class FadingMap<V> {
  /** Oldest first. */
  private readonly entries = new Map<string, Entry<V>>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly lifeMs: number,
  ) {}

  /** With those that are dropped by the next `set` only. */
  get size(): number {
    return this.entries.size;
  }

  set(key: string, value: V): void {
    const nowMs = this.clock.monotonicMs();
    this.entries.delete(key);
    this.entries.set(key, { value, atMs: nowMs });
    for (const [old, { atMs }] of this.entries) {
      if (nowMs - atMs <= this.lifeMs) break;
      this.entries.delete(old);
    }
  }

  /** Removes and returns it. */
  take(key: string): V | undefined {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    return entry !== undefined && this.clock.monotonicMs() - entry.atMs <= this.lifeMs ? entry.value : undefined;
  }
}
