/** What has arrived and was not read yet; reading ends when the signal aborts. */
export class Inbox<T> implements AsyncIterable<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | null = null;

  constructor(private readonly signal: AbortSignal) {}

  push(item: T): void {
    this.items.push(item);
    this.wake?.();
  }

  /** Takes what nobody has read. */
  rest(): readonly T[] {
    return this.items.splice(0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const { signal } = this;
    const ring = (): void => this.wake?.();
    signal.addEventListener('abort', ring);
    try {
      while (!signal.aborted) {
        const item = this.items.shift();
        if (item !== undefined) yield item;
        else
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', ring);
    }
  }
}
