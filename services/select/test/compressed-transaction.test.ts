import { describe, expect, it } from '@jest/globals';
import { EventFramer } from '@lutra/binlog';
import type { FramedEvent } from '@lutra/binlog';
import type { Place } from '@lutra/model';
import { BinlogStreamBuilder, payloadBody } from '@lutra/testing';
import { build } from './build-stream.ts';
import type { Published } from './build-stream.ts';

const header = (): BinlogStreamBuilder => new BinlogStreamBuilder().rotate('bin.000001').formatDescription();
/** A transaction of rows events with these sizes; table 7 is shop.item. */
function transaction(stream: BinlogStreamBuilder, sequence: number, sizes: readonly number[]): BinlogStreamBuilder {
  stream.mariadbGtid(sequence);
  sizes.forEach((size, index) => stream.tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(size, index)));
  return stream.xid();
}
/** The same rows events as {@link transaction}, inside a TRANSACTION_PAYLOAD. */
function compressed(stream: BinlogStreamBuilder, sizes: readonly number[]): BinlogStreamBuilder {
  const plain = new BinlogStreamBuilder({ hasChecksum: false });
  plain.query('BEGIN');
  sizes.forEach((size, index) => plain.tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(size, index)));
  plain.xid();
  const events: FramedEvent[] = [];
  new EventFramer({ hasChecksum: false }).push(plain.bytes, events);
  return stream.event({ type: 40, body: payloadBody(Buffer.concat(events.map(({ bytes }) => bytes))) });
}
/** Without headers: inside a payload events have no checksum and no place. */
const rowsOf = ({ transactions }: Published): string[] =>
  transactions.flatMap(({ gtid, events }) =>
    events
      .filter(({ type }) => type === 'rows')
      .map(({ event, bytes }) => `${gtid}/${String(event)} ${Buffer.from(bytes.subarray(19)).toString('hex')}`),
  );

describe('ProcessBuilder behind compressed transactions', () => {
  it('takes a compressed transaction as if it were not, and goes on inside it after any process', () => {
    const sizes = Array.from({ length: 12 }, (_, index) => 100 + index);
    const limits = { maxBytes: 400 };
    const stream = compressed(header().mariadbGtid(1), sizes);
    const bytes = transaction(stream, 2, [5]).bytes;
    const all = build(bytes, { limits });
    const plain = build(transaction(transaction(header(), 1, sizes), 2, [5]).bytes, { limits });
    expect(all.map(rowsOf)).toEqual(plain.map(rowsOf));
    expect(all.map(({ end }) => end)).toEqual(plain.map(({ end }) => end));
    expect(all.length).toBeGreaterThan(4);
    for (const [at, { end }] of all.entries())
      if (end.inside !== null)
        expect(build(bytes, { limits, start: end }).flatMap(rowsOf)).toEqual(all.slice(at + 1).flatMap(rowsOf));
  });

  it('ends a compressed transaction behind its payload where there are no GTIDs, and finds a place inside again', () => {
    const stream = compressed(new BinlogStreamBuilder().rotate('bin.000007', 4).formatDescription(), [10, 20, 30]);
    const payloadEnd = stream.bytes.length - 1;
    stream.query('BEGIN').tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(5)).xid();
    const start: Place = { done: { kind: 'file', serverUuid: 'server', file: 'bin.000007', offset: 4 }, inside: null };
    const [first, second, third] = build(stream.bytes, { start, limits: { maxRows: 1 } });
    expect(first?.end.done).toEqual(start.done);
    expect(first?.end.inside).toMatchObject({ event: 1 });
    expect(build(stream.bytes, { start: first?.end ?? start, limits: { maxRows: 1 } })[0]).toMatchObject({
      end: second?.end,
      transactions: [{ firstEvent: 1, isLast: false }],
    });
    expect(third?.transactions[0]?.isLast).toBe(true);
    const offset = third?.end.done.kind === 'file' ? third.end.done.offset : 0;
    expect(offset).toBeGreaterThan(4);
    expect(offset).toBeLessThan(payloadEnd);
  });
});
