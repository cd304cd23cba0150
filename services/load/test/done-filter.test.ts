import { describe, expect, it } from '@jest/globals';
import type { Place, RowTransaction } from '@lutra/model';
import { doneFilter } from '../src/done-filter.ts';

const place: Place = {
  done: { kind: 'mariadbGtid', gtidList: '0-1-10,2-1-5' },
  inside: { gtid: '0-1-11', event: 2, row: 1, part: 0, serverUuid: 'mine' },
};
const transaction = (gtid: string): RowTransaction => ({
  seq: 1,
  gtid,
  firstEvent: 0,
  commitMs: 0,
  isLast: true,
  changes: [
    [1, 9],
    [2, 0],
    [2, 1],
    [3, 0],
  ].map(([event = 0, row = 0]) => ({ table: 0, event, row, part: 0, flags: 0, kind: 'insert', after: [] })),
});
const remaining = (gtid: string, serverUuid: string): string[] =>
  doneFilter(place)
    .remaining({ serverUuid }, transaction(gtid))
    .map(({ event, row }) => `${String(event)}.${String(row)}`);

describe('what the place holds', () => {
  it.each([
    ['a transaction that is done', '0-1-10', 'mine', []],
    ['a transaction that is done in another domain', '2-1-5', 'other', []],
    ['the transaction that the place stands in', '0-1-11', 'mine', ['2.1', '3.0']],
    ['the same one from another server: all of it', '0-1-11', 'other', ['1.9', '2.0', '2.1', '3.0']],
    ['a later transaction', '2-1-6', 'mine', ['1.9', '2.0', '2.1', '3.0']],
  ])('%s', (_what, gtid, serverUuid, rows) => {
    expect(remaining(gtid, serverUuid)).toEqual(rows);
  });
});
