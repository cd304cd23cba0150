import type { ProcessHeader, RawEvent, RawProcess, TransactionHeader } from '@lutra/model';
import type { ByteSink } from '../bus.ts';

/** Writes the body of a raw process sequentially, so that a large event can pass through without being held. */
export class RawProcessEncoder {
  constructor(private readonly sink: ByteSink) {}
  /** Bytes written so far. */
  get bytes(): number {
    return 0;
  }
  beginTransaction(_begin: Omit<TransactionHeader, 'isLast'>): void {
    this.sink.write(new Uint8Array(0));
  }
  /** Announces an event of `length` bytes; its bytes follow in one or more calls of {@link append}. */
  beginEvent(_event: Omit<RawEvent, 'bytes'> & { readonly length: number }): void {}
  append(_bytes: Uint8Array): void {}
  endTransaction(_end: { readonly isLast: boolean; readonly gtid: string }): void {}
}

/** The events are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function decodeRawProcess(_header: ProcessHeader, _body: Uint8Array): RawProcess {
  throw new Error('stub');
}
