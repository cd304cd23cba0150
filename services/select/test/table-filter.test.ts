import { describe, expect, it } from '@jest/globals';
import { BinlogStreamBuilder } from '@lutra/testing';
import { build } from './build-stream.ts';

describe('the table filter', () => {
  it('keeps all maps of a statement when it forgets old tables', () => {
    // A server opens tables anew again and again, each time under another id; statements of two tables all along.
    const stream = new BinlogStreamBuilder().rotate('bin.000001').formatDescription().mariadbGtid(1);
    stream.tableMap(1, 'shop', 'other').rows(1, Buffer.alloc(1));
    const statements = 10_050;
    for (let id = 2; id < 2 + statements * 2; id += 2)
      stream
        .tableMap(id, 'shop', 'item')
        .tableMap(id + 1, 'shop', 'other')
        .rows(id, Buffer.alloc(1))
        .rows(id + 1, Buffer.alloc(1));
    // One that was described before all of them is described again by its next map.
    stream.tableMap(1, 'shop', 'item').rows(1, Buffer.alloc(1)).xid();
    const published = build(stream.bytes, { limits: { maxRows: 1e9, maxBytes: 1e9 } });
    const rows = published.flatMap(({ transactions }) => transactions.flatMap(({ events }) => events));
    expect(rows.filter(({ type }) => type === 'rows')).toHaveLength(statements + 1);
  });
});

describe('tables of schema retl', () => {
  const kept = (stream: BinlogStreamBuilder): number[] =>
    build(stream.bytes).flatMap(({ transactions }) =>
      transactions.flatMap(({ events }) => events.filter(({ type }) => type === 'rows').map(({ event }) => event)),
    );

  it('are kept where they tell what is to be sent once more, and only what is written to them', () => {
    const stream = new BinlogStreamBuilder().rotate('bin.000001').formatDescription().mariadbGtid(1);
    stream.tableMap(1, 'retl', 'lutra_resync').tableMap(2, 'RETL', 'retl_buffer').tableMap(3, 'retl', 'retl_mark');
    stream
      .rows(1, Buffer.alloc(1))
      .rows(2, Buffer.alloc(1))
      .rows(3, Buffer.alloc(1))
      .rows(1, Buffer.alloc(1), 32)
      .xid();
    expect(kept(stream)).toEqual([0, 1]);
  });
});
