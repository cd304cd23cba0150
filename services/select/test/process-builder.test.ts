import { describe, expect, it } from '@jest/globals';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { Place, SyncError } from '@lutra/model';
import { BinlogStreamBuilder } from '@lutra/testing';
import { build, HARMLESS, START } from './build-stream.ts';
import type { Published } from './build-stream.ts';
import type { Judgement } from '../src/statement-judge.ts';

const header = (): BinlogStreamBuilder => new BinlogStreamBuilder().rotate('bin.000001').formatDescription();
/** A transaction of rows events with these sizes; table 7 is shop.item. */
function transaction(stream: BinlogStreamBuilder, sequence: number, sizes: readonly number[]): BinlogStreamBuilder {
  stream.mariadbGtid(sequence);
  sizes.forEach((size, index) => stream.tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(size, index)));
  return stream.xid();
}
const ROWS_OVERHEAD = 19 + 10;
/** Body of MariaDB's compressed rows, version 1, of a table of one column with id 7. */
function compressedRows(rows: Buffer): Buffer {
  const head = Buffer.from([7, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0x82, rows.length >> 8, rows.length & 0xff]);
  return Buffer.concat([head, deflateSync(rows)]);
}

describe('ProcessBuilder', () => {
  it('keeps rows of mapped tables as they came, with one table map for a process', () => {
    const stream = transaction(transaction(header(), 1, [10, 20]), 2, [30]).bytes;
    const [process, ...more] = build(stream);
    expect(more).toEqual([]);
    expect(process?.end).toEqual({ done: { kind: 'mariadbGtid', gtidList: '0-1-2' }, inside: null });
    expect(process?.transactions.map(({ seq, gtid, isLast, firstEvent }) => [seq, gtid, isLast, firstEvent])).toEqual([
      [1, '0-1-1', true, 0],
      [2, '0-1-2', true, 0],
    ]);
    expect(
      process?.transactions.map(({ events }) => events.map(({ type, event, bytes }) => [type, event, bytes.length])),
    ).toEqual([
      [
        ['tableMap', 0, expect.any(Number)],
        ['rows', 0, ROWS_OVERHEAD + 10],
        ['rows', 1, ROWS_OVERHEAD + 20],
      ],
      [['rows', 0, ROWS_OVERHEAD + 30]],
    ]);
    expect(process).toMatchObject({ transactionCount: 2, rowsEvents: 3, sourceBytes: 3 * ROWS_OVERHEAD + 60, seq: 2 });
  });

  it('passes garbage in rows of tables that are not mapped, and only moves the place', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 20 }), (bodies) => {
        const stream = header();
        bodies.forEach((body, index) =>
          stream
            .mariadbGtid(index + 1)
            .tableMap(9, 'other', 'thing')
            .rows(9, body)
            .xid(),
        );
        const [process] = build(stream.bytes);
        expect(process).toMatchObject({ rowsEvents: 0, sourceBytes: 0, transactionCount: 0, transactions: [] });
        expect(process?.end.done).toEqual({ kind: 'mariadbGtid', gtidList: `0-1-${String(bodies.length)}` });
      }),
    );
  });

  it('counts schema statements that are passed over to the process that moves the place behind them', () => {
    const stream = header();
    for (const sequence of [1, 3, 5]) {
      stream.mariadbGtid(sequence, { flags: 1 }).query('CREATE VIEW v', 'shop');
      transaction(stream, sequence + 1, [100]);
    }
    const judge = (): Judgement => ({ ...HARMLESS, isSkipped: true });
    const limits = { maxRows: 2 };
    const counts = build(stream.bytes, { judge, limits }).map(({ statementsSkipped }) => statementsSkipped);
    expect(counts).toEqual([2, 1]);
    // What was published before a break is not counted again behind it.
    const [first] = build(stream.bytes, { judge, limits, processesMax: 1 });
    const rest = build(stream.bytes, { judge, limits, start: first?.end ?? START });
    expect(rest.map(({ statementsSkipped }) => statementsSkipped)).toEqual([1]);
  });

  it('passes garbage in rows of mapped tables on without looking at it', () => {
    const body = Buffer.from('this is not a row', 'latin1');
    const stream = header().mariadbGtid(1).tableMap(7, 'shop', 'item').rows(7, body).xid().bytes;
    const event = build(stream)[0]?.transactions[0]?.events[1];
    expect(Buffer.from(event?.bytes ?? []).subarray(-body.length)).toEqual(body);
  });

  it('writes a table map again when its table changed its shape or its name', () => {
    const stream = header()
      .mariadbGtid(1)
      .tableMap(7, 'shop', 'item')
      .rows(7, Buffer.alloc(4))
      .tableMap(7, 'shop', 'other')
      .rows(7, Buffer.alloc(4))
      .tableMap(8, 'shop', 'item')
      .rows(8, Buffer.alloc(4))
      .xid();
    const kinds = build(stream.bytes)[0]?.transactions[0]?.events.map(({ type, event }) => `${type} ${String(event)}`);
    expect(kinds).toEqual(['tableMap 0', 'rows 0', 'tableMap 2', 'rows 2']);
  });

  it('keeps its limits, cuts only between rows events, loses and doubles nothing', () => {
    const sizes = fc.array(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 12,
    });
    const limits = fc.record({
      maxRows: fc.integer({ min: 1, max: 20 }),
      maxBytes: fc.integer({ min: 100, max: 3000 }),
    });
    fc.assert(
      fc.property(
        sizes,
        limits,
        fc.integer({ min: 1, max: 5000 }),
        (transactions, { maxRows, maxBytes }, chunkBytes) => {
          const stream = header();
          transactions.forEach((events, index) => transaction(stream, index + 1, events));
          const processes = build(stream.bytes, { limits: { maxRows, maxBytes }, chunkBytes });
          const seen = new Map<number, number[]>();
          for (const { rowsEvents, sourceBytes, transactions: slices } of processes) {
            if (rowsEvents > 1) {
              expect(rowsEvents).toBeLessThanOrEqual(maxRows);
              expect(sourceBytes).toBeLessThanOrEqual(maxBytes);
            }
            for (const { seq, events, firstEvent } of slices) {
              const rows = events.filter(({ type }) => type === 'rows');
              const known = seen.get(seq) ?? [];
              expect(firstEvent).toBe(known.length);
              expect(rows.map(({ event }) => event)).toEqual(rows.map((_, index) => known.length + index));
              seen.set(seq, [...known, ...rows.map(({ bytes }) => bytes.length - ROWS_OVERHEAD)]);
            }
          }
          expect([...seen.values()]).toEqual(transactions);
          expect(processes.at(-1)?.end).toEqual({
            done: { kind: 'mariadbGtid', gtidList: `0-1-${String(transactions.length)}` },
            inside: null,
          });
        },
      ),
    );
  });

  it('goes on after any process as if nothing had happened, also inside a transaction', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 20 }),
        fc.nat(),
        (sizes, pick) => {
          const stream = transaction(transaction(header(), 1, sizes), 2, [5]).bytes;
          const limits = { maxBytes: 700 };
          const all = build(stream, { limits });
          const at = pick % all.length;
          const start = all[at]?.end ?? START;
          const rest = transaction(header(), 2, [5]).bytes;
          const resumed = build(
            start.inside === null && at > 0 && start.done.kind === 'mariadbGtid' && start.done.gtidList === '0-1-1'
              ? rest
              : stream,
            { limits, start },
          );
          const eventsOf = (processes: readonly Published[]): string[] =>
            processes.flatMap(({ transactions }) =>
              transactions.flatMap(({ gtid, events }) =>
                events.filter(({ type }) => type === 'rows').map(({ event }) => `${gtid}/${String(event)}`),
              ),
            );
          expect(eventsOf(resumed)).toEqual(eventsOf(all.slice(at + 1)));
        },
      ),
    );
  });

  it('takes a transaction from its start when the place inside it is of another server', () => {
    const stream = transaction(header(), 1, [10, 20, 30]).bytes;
    const start: Place = {
      done: { kind: 'mariadbGtid', gtidList: '' },
      inside: { gtid: '0-1-1', event: 2, row: 0, part: 0, serverUuid: 'old' },
    };
    expect(build(stream, { start })[0]?.rowsEvents).toBe(3);
    expect(build(stream, { start, serverUuid: 'old' })[0]).toMatchObject({
      rowsEvents: 1,
      transactions: [{ firstEvent: 2 }],
    });
  });

  it('passes a large event on in pieces, and drops one that is not mapped', () => {
    const content = Buffer.alloc(3_000_000, 'abc');
    const stream = header()
      .mariadbGtid(1)
      .tableMap(9, 'other', 'thing')
      .rows(9, content)
      .tableMap(7, 'shop', 'item')
      .rows(7, content)
      .xid().bytes;
    const [process] = build(stream, { chunkBytes: 65_536, limits: { maxBytes: 10_000 } });
    const event = process?.transactions[0]?.events[1];
    expect(event?.event).toBe(1);
    expect(
      Buffer.from(event?.bytes ?? [])
        .subarray(ROWS_OVERHEAD)
        .equals(content),
    ).toBe(true);
  });

  it.each([
    [
      'an event with a row above the limit',
      () => transaction(header(), 1, [5000]).bytes,
      { eventBytesMax: 4000 },
      'SOURCE_EVENT_TOO_LARGE',
    ],
    [
      'compressed rows that say that they are above the limit',
      () =>
        header()
          .mariadbGtid(1)
          .tableMap(7, 'shop', 'item')
          .event({ type: 166, body: compressedRows(Buffer.alloc(4001)) }).bytes,
      { eventBytesMax: 4000 },
      'SOURCE_EVENT_TOO_LARGE',
    ],
    [
      'an event of an unknown type',
      () => header().event({ type: 200, body: Buffer.alloc(1) }).bytes,
      {},
      'event type 200',
    ],
    [
      'rows without a table map',
      () => header().mariadbGtid(1).rows(7, Buffer.alloc(5)).bytes,
      {},
      'SOURCE_EVENT_CORRUPT',
    ],
    [
      'a transaction without an end',
      () => transaction(header().mariadbGtid(1), 2, [5]).bytes,
      {},
      'SOURCE_EVENT_CORRUPT',
    ],
    [
      'a rollback of what is published in part',
      () =>
        header()
          .mariadbGtid(1)
          .tableMap(7, 'shop', 'item')
          .rows(7, Buffer.alloc(500))
          .rows(7, Buffer.alloc(500))
          .query('ROLLBACK').bytes,
      { maxBytes: 600 },
      'SOURCE_EVENT_UNSUPPORTED',
    ],
  ])('refuses %s', (_, stream, limits, message) => {
    expect(() => build(stream(), { limits })).toThrow(message);
  });

  it('passes partial updates and compressed rows on as they came, counted by their size before compression', () => {
    const rows = compressedRows(Buffer.alloc(5000));
    const partial = Buffer.from([7, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 1]);
    const stream = header()
      .mariadbGtid(1)
      .tableMap(7, 'shop', 'item')
      .event({ type: 166, body: rows })
      .event({ type: 39, body: partial })
      .xid().bytes;
    const [process] = build(stream);
    expect(process?.transactions[0]?.events.map(({ bytes }) => bytes.length).slice(1)).toEqual([
      19 + rows.length,
      19 + partial.length,
    ]);
    expect(process?.sourceBytes).toBe(19 + 8 + 2 + 5000 + 19 + partial.length);
  });

  it('stops before an incident, with everything in front of it in the process', () => {
    const stream = transaction(header(), 1, [5])
      .mariadbGtid(2)
      .event({ type: 26, body: Buffer.from([1, 0, 4, ...Buffer.from('lost')]) });
    const stops: (SyncError | null)[] = [];
    const [process] = build(transaction(stream, 3, [5]).bytes, { onStop: (stop) => stops.push(stop) });
    expect(process?.end.done).toEqual({ kind: 'mariadbGtid', gtidList: '0-1-1' });
    expect(stops).toMatchObject([{ code: 'SOURCE_INCIDENT' }]);
    expect(stops[0]?.message).toContain('incident 1, "lost"');
    expect(stops[0]?.workaround).toContain('bin.000001:');
  });

  it('passes over what is not mapped or marked as ignorable, whatever its type', () => {
    const stream = header()
      .mariadbGtid(1)
      .tableMap(9, 'other', 'thing')
      .event({ type: 39, body: Buffer.from([9, 0, 0, 0, 0, 0]) })
      .event({ type: 200, flags: 0x80, body: Buffer.alloc(1) })
      .xid().bytes;
    expect(build(stream)[0]).toMatchObject({ rowsEvents: 0, end: { done: { gtidList: '0-1-1' } } });
  });

  it('ends a statement that is a transaction of its own, and stops before one that must not pass', () => {
    const stream = transaction(header(), 1, [5])
      .mariadbGtid(2, { flags: 1 })
      .query('ALTER TABLE item ADD x INT', 'shop');
    expect(build(transaction(stream, 3, [5]).bytes)[0]?.end.done).toEqual({ kind: 'mariadbGtid', gtidList: '0-1-3' });
  });

  it('follows file and offset where there are no GTIDs', () => {
    const stream = new BinlogStreamBuilder().rotate('bin.000007', 4).formatDescription();
    stream.query('BEGIN').tableMap(7, 'shop', 'item').rows(7, Buffer.alloc(5)).xid();
    const start: Place = { done: { kind: 'file', serverUuid: 'server', file: 'bin.000007', offset: 4 }, inside: null };
    const [process] = build(stream.bytes, { start });
    const last = stream.bytes.readUInt32LE(stream.bytes.length - 31 + 13);
    expect(process?.end.done).toEqual({ kind: 'file', serverUuid: 'server', file: 'bin.000007', offset: last });
    expect(process?.transactions[0]?.gtid).toBe(`bin.000007:${String(last)}`);
  });
});
