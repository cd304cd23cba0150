import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Place, RowTransaction } from '@lutra/model';
import { cutAtBorders } from '../src/cut-at-borders.ts';
import type { LoadedProcess } from '../src/loaded-process.ts';
import { noCounts } from '../src/loaded-process.ts';

const SERVER = 'server';
const gtidOf = (number: number): string => `0-1-${String(number)}`;

/** Slices of numbered transactions as select sends them: `slices` says how often each one is cut, and in how many processes. */
function processesOf(cuts: readonly { readonly rows: number; readonly closes: readonly boolean[] }[]): LoadedProcess[] {
  const processes: LoadedProcess[] = [];
  let transactions: RowTransaction[] = [];
  const close = (last: number, inside: string | null): void => {
    const place = { gtid: inside ?? '', event: 1, row: 0, part: 0, serverUuid: SERVER };
    const end: Place = {
      done: { kind: 'mariadbGtid', gtidList: gtidOf(last) },
      inside: inside === null ? null : place,
    };
    const process = { header: { end, process: processes.length + 1 }, tables: [], transactions };
    processes.push({
      process,
      delivery: { header: process.header },
      startMs: 0,
      counts: noCounts(),
    } as unknown as LoadedProcess);
    transactions = [];
  };
  for (const [index, { rows, closes }] of cuts.entries()) {
    const gtid = gtidOf(index + 1);
    for (let row = 0; row < rows; row++) {
      const isLast = row === rows - 1;
      const change = {
        table: 0,
        event: row,
        row: 0,
        part: 0,
        flags: 0,
        kind: 'insert' as const,
        after: [index + 1, row],
      };
      const slice = transactions.at(-1);
      if (slice?.gtid === gtid)
        transactions[transactions.length - 1] = { ...slice, isLast, changes: [...slice.changes, change] };
      else transactions.push({ seq: index + 1, gtid, firstEvent: row, commitMs: 0, isLast, changes: [change] });
      if (closes[row] === true || (isLast && index === cuts.length - 1))
        close(isLast ? index + 1 : index, isLast ? null : gtid);
    }
  }
  return processes;
}

const rowsOf = (parts: readonly { readonly transactions: readonly RowTransaction[] }[]): string[] =>
  parts.flatMap(({ transactions }) =>
    transactions.flatMap(({ gtid, changes }) => changes.map(({ event }) => `${gtid}/${String(event)}`)),
  );

const transaction = fc
  .integer({ min: 1, max: 6 })
  .chain((rows) =>
    fc.record({ rows: fc.constant(rows), closes: fc.array(fc.boolean(), { minLength: rows, maxLength: rows }) }),
  );

describe('processes cut at the borders of transactions', () => {
  it('commits whole transactions only, in order, at the place where they end', () => {
    fc.assert(
      fc.property(
        fc.array(transaction, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 4 })),
        (cuts, joins) => {
          const processes = processesOf(cuts);
          const committed: string[] = [];
          let staged: string[] = [];
          let stagedGtid: string | null = null;
          let loadedUpTo = 0;
          for (let next = 0, turn = 0; next < processes.length; turn++) {
            const unit = processes.slice(next, next + (joins[turn] ?? 1));
            const first = next + 1;
            next += unit.length;
            const { complete, open, completeProcesses } = cutAtBorders(unit, stagedGtid);
            if (complete !== null) {
              committed.push(...staged, ...rowsOf(complete.parts));
              staged = [];
              expect(complete.end.inside).toBeNull();
              const { done } = complete.end;
              const last = done.kind === 'mariadbGtid' ? done.gtidList : '';
              const whole = cuts
                .slice(0, Number(last.split('-')[2]))
                .flatMap(({ rows }, index) =>
                  Array.from({ length: rows }, (_, row) => `${gtidOf(index + 1)}/${String(row)}`),
                );
              expect(committed).toEqual(whole);
              loadedUpTo = first - 1 + completeProcesses;
            } else expect(completeProcesses).toBe(0);
            stagedGtid = open?.gtid ?? null;
            if (open !== null) staged.push(...rowsOf(open.parts));
            for (const row of staged) expect(row.startsWith(`${stagedGtid ?? ''}/`)).toBe(true);
            // What is loaded ends at the place or before it: never inside what is still open.
            for (const { delivery } of processes.slice(0, loadedUpTo))
              expect(delivery.header.end.inside?.gtid).not.toBe(open?.gtid ?? null);
          }
          expect(staged).toEqual([]);
          expect(loadedUpTo).toBe(processes.length);
        },
      ),
    );
  });
});
