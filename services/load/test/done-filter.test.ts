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
  doneFilter([place])
    .remaining({ serverUuid }, transaction(gtid), () => 0)
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

describe('what the places of uneven lanes hold', () => {
  const behind: Place = { done: { kind: 'mariadbGtid', gtidList: '0-1-10' }, inside: null };
  const ahead: Place = { done: { kind: 'mariadbGtid', gtidList: '0-1-12' }, inside: null };
  const halfway: Place = { ...behind, inside: { gtid: '0-1-11', event: 2, row: 1, part: 0, serverUuid: 'mine' } };
  const left = (places: readonly Place[], laneOf: (event: number) => number | 'several'): string[] =>
    doneFilter(places)
      .remaining({ serverUuid: 'mine' }, transaction('0-1-11'), ({ event }) => laneOf(event))
      .map(({ event, row }) => `${String(event)}.${String(row)}`);

  it.each([
    [
      'a row of the lane that is ahead is skipped, one of the lane behind is not',
      [behind, ahead],
      [0, 1, 0],
      ['1.9', '3.0'],
    ],
    ['the other way round', [ahead, behind], [0, 1, 0], ['2.0', '2.1']],
    [
      'a lane that stands inside the transaction skips its own rows before it',
      [ahead, halfway],
      [1, 1, 1],
      ['2.1', '3.0'],
    ],
    ['a row of several lanes is skipped only when all have it', [behind, ahead], ['several', 1, 1], ['1.9']],
    ['and when all have it', [ahead, ahead], ['several', 1, 1], []],
  ] as const)('%s', (_what, places, lanes, rows) => {
    expect(left(places, (event) => lanes[event - 1] ?? 0)).toEqual(rows);
  });

  it('says that nothing is left only when no lane has anything to do', () => {
    expect(doneFilter([behind, ahead]).isDone('0-1-11')).toBe(false);
    expect(doneFilter([behind, ahead]).isDone('0-1-10')).toBe(true);
    expect(doneFilter([ahead, ahead]).isDone('0-1-11')).toBe(true);
  });
});
