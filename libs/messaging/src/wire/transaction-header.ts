import type { TransactionHeader } from '@lutra/model';
import type { ByteDecoder } from './byte-decoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';

type TransactionBegin = Omit<TransactionHeader, 'isLast'>;

/** Number, GTID, first event, commit time: the same in every schema. */
export function encodeTransactionBegin(to: ByteEncoder, begin: TransactionBegin): void {
  to.varint(begin.seq);
  to.text(begin.gtid);
  to.varint(begin.firstEvent);
  to.double(begin.commitMs);
}

export function decodeTransactionBegin(from: ByteDecoder): TransactionBegin {
  return { seq: from.varint(), gtid: from.text(), firstEvent: from.varint(), commitMs: from.double() };
}

/** Passes over what {@link decodeTransactionBegin} reads. */
export function skipTransactionBegin(from: ByteDecoder): void {
  from.varint();
  from.skip(from.varint());
  from.varint();
  from.skip(8);
}
