/**
 * Goal: what a transaction takes back itself never arrives, everything else does, once; or the pipeline stops with a reason.
 * Method: random transactions with savepoints, against a model that keeps a list of rows and cuts it back.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SyncError } from '@lutra/model';
import { BinlogStreamBuilder } from '@lutra/testing';
import { Savepoints } from '../src/savepoints.ts';
import { build, START } from './build-stream.ts';
import type { Published } from './build-stream.ts';

type Step =
  | { readonly kind: 'rows'; readonly table: 'item' | 'other'; readonly bytes: number }
  | { readonly kind: 'SAVEPOINT' | 'ROLLBACK TO' | 'RELEASE SAVEPOINT'; readonly name: string };
interface Transaction {
  readonly steps: readonly Step[];
  readonly end: 'XID' | 'ROLLBACK';
}
const IDS = { item: 7, other: 9 };
const name = fc.constantFrom('a', 'B', 'c `d`');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('rows' as const),
      table: fc.constantFrom('item' as const, 'other' as const),
      bytes: fc.integer({ min: 1, max: 300 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('SAVEPOINT' as const, 'ROLLBACK TO' as const, 'RELEASE SAVEPOINT' as const),
      name,
    }),
  },
);
const transactions = fc.array(
  fc.record({
    steps: fc.array(step, { maxLength: 14 }),
    end: fc.constantFrom('XID' as const, 'XID' as const, 'ROLLBACK' as const),
  }),
  { minLength: 1, maxLength: 6 },
);

interface Model {
  readonly statements: Step[];
  readonly rows: number[];
}

/** The steps that a server would log, and the numbers of the rows events of 'item' that stay. */
function play({ steps, end }: Transaction): Model {
  const statements: Step[] = [];
  let rows: number[] = [];
  let savepoints: { readonly name: string; readonly kept: number }[] = [];
  let number = 0;
  for (const step of steps) {
    if (step.kind === 'rows') {
      if (step.table === 'item') rows.push(number);
      number++;
    } else {
      const at = savepoints.findIndex((savepoint) => savepoint.name === step.name);
      const found = savepoints[at];
      if (step.kind === 'SAVEPOINT')
        savepoints = [
          ...savepoints.filter((savepoint) => savepoint.name !== step.name),
          { name: step.name, kept: rows.length },
        ];
      else if (found === undefined) continue;
      else if (step.kind === 'RELEASE SAVEPOINT') savepoints = savepoints.slice(0, at);
      else {
        savepoints = savepoints.slice(0, at + 1);
        rows = rows.slice(0, found.kept);
      }
    }
    statements.push(step);
  }
  return { statements, rows: end === 'ROLLBACK' ? [] : rows };
}

function log(all: readonly Transaction[]): Buffer {
  const stream = new BinlogStreamBuilder().rotate('bin.000001').formatDescription();
  all.forEach((transaction, index) => {
    stream.mariadbGtid(index + 1);
    for (const step of play(transaction).statements)
      if (step.kind === 'rows')
        stream.tableMap(IDS[step.table], 'shop', step.table).rows(IDS[step.table], Buffer.alloc(step.bytes));
      else stream.query(`${step.kind} \`${step.name.replaceAll('`', '``')}\``);
    if (transaction.end === 'XID') stream.xid();
    else stream.query('ROLLBACK');
  });
  return stream.bytes;
}

const expected = (all: readonly Transaction[]): string[] =>
  all.flatMap((transaction, index) =>
    play(transaction).rows.map((number) => `0-1-${String(index + 1)}/${String(number)}`),
  );
const arrived = (processes: readonly Published[]): string[] =>
  processes.flatMap(({ transactions }) =>
    transactions.flatMap(({ gtid, events }) =>
      events.filter(({ type }) => type === 'rows').map(({ event }) => `${gtid}/${String(event)}`),
    ),
  );

describe('rollbacks in part', () => {
  it('leave out exactly what was taken back', () => {
    fc.assert(
      fc.property(transactions, fc.integer({ min: 50, max: 3000 }), (all, chunkBytes) => {
        expect(arrived(build(log(all), { chunkBytes }))).toEqual(expected(all));
      }),
      { numRuns: 300 },
    );
  });

  it('do so across processes and breaks too, or stop with a reason', () => {
    let stops = 0;
    fc.assert(
      fc.property(
        transactions,
        fc.integer({ min: 100, max: 2000 }),
        fc.integer({ min: 1, max: 4 }),
        (all, maxBytes, processesMax) => {
          const stream = log(all);
          try {
            const before = build(stream, { limits: { maxBytes }, processesMax });
            const start = before.at(-1)?.end ?? START;
            const after = build(stream, { limits: { maxBytes }, start });
            expect(arrived([...before, ...after])).toEqual(expected(all));
          } catch (error) {
            if (SyncError.is(error) && error.code === 'SOURCE_EVENT_UNSUPPORTED') stops++;
            else throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(stops).toBeLessThan(150);
  });
});

describe('savepoints', () => {
  const run = (...statements: readonly string[]): unknown => {
    const savepoints = new Savepoints();
    let undone: unknown = null;
    statements.forEach((statement, event) => {
      if (statement.startsWith('ROLLBACK')) undone = savepoints.rollBackTo(statement, event);
      else savepoints.note(statement, { event, mapped: event });
    });
    return undone;
  };

  // Seen on MariaDB 10.11: SAVEPOINT `é` … ROLLBACK TO `e` is logged as typed, and undoes what came behind é only.
  it.each([
    [['SAVEPOINT `é`', 'ROLLBACK TO `e`']],
    [['SAVEPOINT `e`', 'SAVEPOINT `é`', 'ROLLBACK TO `é`']],
    [['SAVEPOINT `a`', 'SAVEPOINT `e`', 'RELEASE SAVEPOINT `E\u0301`', 'ROLLBACK TO `a`']],
  ])('whose names differ in accents only are never guessed: %j', (statements) => {
    expect(() => run(...statements)).toThrow(expect.objectContaining({ code: 'SOURCE_EVENT_UNSUPPORTED' }));
  });

  it.each([
    [['SAVEPOINT `é`', 'SAVEPOINT `a`', 'ROLLBACK TO `É`'], { from: 0, to: 2, mappedBefore: 0 }],
    [['SAVEPOINT `a`', 'SAVEPOINT `é`', 'ROLLBACK TO `é`'], { from: 1, to: 2, mappedBefore: 1 }],
    [['SAVEPOINT `a`', 'ROLLBACK TO `é`'], { from: 0, to: 1, mappedBefore: 0 }],
  ])('with accents are told apart where they can be: %j', (statements, undone) => {
    expect(run(...statements)).toEqual(undone);
  });
});
