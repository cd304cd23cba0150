import type { ProcessHeader, RawEvent, RawProcess, RawTransaction, TransactionHeader } from '@lutra/model';
import type { ByteSink } from '../bus.ts';
import { ByteDecoder } from './byte-decoder.ts';
import { ByteEncoder } from './byte-encoder.ts';
import { decodeSafely, malformed } from './malformed.ts';
import { decodeTransactionBegin, encodeTransactionBegin, skipTransactionBegin } from './transaction-header.ts';

// raw-process/1: records one after the other, each with a tag.
// History. 1: first. 1, since 2026-11: a table map may end with metadata field 0xff (`lutra1` and JSON, @lutra/binlog/schema),
// over which older readers pass: they then have no more than the server logged.
const BEGIN = 1; // seq, gtid, first event, commit time
const TABLE_MAP = 2; // event, length, bytes
const ROWS = 3; // event, length, bytes
const END = 4; // is last, gtid

/** One record of a raw process, in the order in which select wrote it. */
export type RawRecord =
  | { readonly kind: 'begin'; readonly begin: Omit<TransactionHeader, 'isLast'> }
  | { readonly kind: 'event'; readonly event: RawEvent }
  | { readonly kind: 'end'; readonly isLast: boolean; readonly gtid: string };

/** Writes the body of a raw process sequentially, so that a large event can pass through without being held. */
export class RawProcessEncoder {
  private readonly to: ByteEncoder;

  constructor(sink: ByteSink) {
    this.to = new ByteEncoder(sink);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.to.bytes;
  }

  beginTransaction(begin: Omit<TransactionHeader, 'isLast'>): void {
    this.to.byte(BEGIN);
    encodeTransactionBegin(this.to, begin);
  }

  /** Announces an event of `length` bytes; its bytes follow in one or more calls of {@link append}. */
  beginEvent(event: Omit<RawEvent, 'bytes'> & { readonly length: number }): void {
    this.to.byte(event.type === 'tableMap' ? TABLE_MAP : ROWS);
    this.to.varint(event.event);
    this.to.varint(event.length);
  }

  /** Small pieces are copied; one of 16 KiB or more is passed on by reference and must not change afterwards. */
  append(bytes: Uint8Array): void {
    this.to.raw(bytes);
  }

  /** Ends the transaction (or the slice) and hands what is buffered to the sink: the body may be finished after it. */
  endTransaction(end: { readonly isLast: boolean; readonly gtid: string }): void {
    this.to.byte(END);
    this.to.byte(end.isLast ? 1 : 0);
    this.to.text(end.gtid);
    this.to.flush();
  }
}

/** The records of a body without building the whole process; events are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function* iterateRawProcess(body: Uint8Array): Generator<RawRecord, void, undefined> {
  const from = new ByteDecoder(body);
  let isOpen = false;
  const decode = (): RawRecord => decodeRecord(from);
  while (!from.isAtEnd) {
    const record = decodeSafely('a raw process', decode);
    if ((record.kind === 'begin') === isOpen) throw malformed('transactions are not one after the other');
    isOpen = record.kind !== 'end';
    yield record;
  }
  if (isOpen) throw malformed('a transaction does not end');
}

/** Whether each transaction of the body ends in it, in order: rows need it at their transaction's beginning. Throws MESSAGING_MALFORMED_BODY. */
export function transactionEnds(body: Uint8Array): boolean[] {
  return decodeSafely('a raw process', () => {
    const from = new ByteDecoder(body);
    const ends: boolean[] = [];
    while (!from.isAtEnd) {
      const tag = from.byte();
      if (tag === BEGIN) skipTransactionBegin(from);
      else if (tag === END) {
        ends.push(from.byte() !== 0);
        from.skip(from.varint());
      } else {
        from.varint();
        from.skip(from.varint());
      }
    }
    return ends;
  });
}

/** The events are views into `body`. Throws MESSAGING_MALFORMED_BODY. */
export function decodeRawProcess(header: ProcessHeader, body: Uint8Array): RawProcess {
  const transactions: RawTransaction[] = [];
  let begin: Omit<TransactionHeader, 'isLast'> | null = null;
  let events: RawEvent[] = [];
  for (const record of iterateRawProcess(body)) {
    if (record.kind === 'begin') begin = record.begin;
    else if (record.kind === 'event') events.push(record.event);
    else if (begin !== null) {
      transactions.push({ ...begin, gtid: record.gtid, isLast: record.isLast, events });
      events = [];
    }
  }
  return { header, transactions };
}

function decodeRecord(from: ByteDecoder): RawRecord {
  const tag = from.byte();
  switch (tag) {
    case BEGIN:
      return { kind: 'begin', begin: decodeTransactionBegin(from) };
    case TABLE_MAP:
    case ROWS:
      return {
        kind: 'event',
        event: { type: tag === ROWS ? 'rows' : 'tableMap', event: from.varint(), bytes: from.bytesValue() },
      };
    case END:
      return { kind: 'end', isLast: from.byte() !== 0, gtid: from.text() };
    default:
      throw malformed(`a raw process has the unknown record ${String(tag)}`);
  }
}
