import { describe, expect, it } from '@jest/globals';
import type { RowChange, RowTransaction, SkipDefinition } from '@lutra/model';
import { leaveOut } from '../src/leave-out.ts';
import { noCounts } from '../src/loaded-process.ts';
import type { LoadedProcess } from '../src/loaded-process.ts';

const change = (event: number, row: number): RowChange => ({
  ...{ kind: 'insert', table: 0, event, row, part: 0, flags: 0, after: [event, row] },
});
const transaction = (gtid: string, ...changes: readonly RowChange[]): RowTransaction => ({
  ...{ seq: 1, gtid, firstEvent: 0, commitMs: 0, isLast: true, changes },
});
/** Only what leaving out looks at. */
const loaded = (...transactions: readonly RowTransaction[]): LoadedProcess =>
  ({ process: { transactions, tables: [] }, counts: noCounts() }) as unknown as LoadedProcess;

function places(skips: readonly SkipDefinition[], processes: readonly LoadedProcess[]): readonly string[] {
  return leaveOut(processes, skips).processes.flatMap(({ process }) =>
    process.transactions.flatMap(({ gtid, changes }) =>
      changes.map(({ event, row }) => `${gtid} ${String(event)}.${String(row)}`),
    ),
  );
}

describe('rows that a person has decided to skip', () => {
  const rows = (): LoadedProcess =>
    loaded(transaction('0-1-1', change(0, 0), change(0, 1), change(1, 0)), transaction('0-1-2', change(0, 1)));

  it.each<[string, readonly SkipDefinition[], readonly string[], number]>([
    ['none', [], ['0-1-1 0.0', '0-1-1 0.1', '0-1-1 1.0', '0-1-2 0.1'], 0],
    ['a whole transaction', [{ gtid: '0-1-1' }], ['0-1-2 0.1'], 3],
    [
      'one row, and not its namesake of another transaction',
      [{ gtid: '0-1-1', row: { event: 0, row: 1 } }],
      ['0-1-1 0.0', '0-1-1 1.0', '0-1-2 0.1'],
      1,
    ],
    ['a transaction that is elsewhere', [{ gtid: '0-1-11' }], ['0-1-1 0.0', '0-1-1 0.1', '0-1-1 1.0', '0-1-2 0.1'], 0],
  ])('%s', (_what, skips, expected, skipped) => {
    const process = rows();
    expect(places(skips, [process])).toEqual(expected);
    expect(process.counts.skipped).toBe(skipped);
    expect(process.counts.tables[3] ?? 0).toBe(skipped);
  });

  it('takes all the rows that one source row became', () => {
    const parts = loaded(transaction('0-1-1', change(0, 0), { ...change(0, 0), part: 1 }, change(0, 1)));
    expect(places([{ gtid: '0-1-1', row: { event: 0, row: 0 } }], [parts])).toEqual(['0-1-1 0.1']);
  });

  it('are told by transaction', () => {
    expect(leaveOut([rows()], [{ gtid: '0-1-2' }]).told).toEqual(['1 rows of transaction 0-1-2 are left out']);
  });

  it('cost nothing where there are none', () => {
    const processes = [rows()];
    expect(leaveOut(processes, [{ gtid: '0-1-9' }]).processes[0]).toBe(processes[0]);
  });
});
