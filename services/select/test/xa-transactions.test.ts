/**
 * Goal: rows of XA transactions arrive exactly once, with the name and at the place of their commit, whatever stands between
 * prepare and decision, whatever is remembered of the prepare, and wherever reading breaks.
 * Method: random interleavings of prepared and ordinary transactions are logged as MySQL and MariaDB log them; a plain model
 * says what has to arrive.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { must } from '@lutra/model';
import type { Place } from '@lutra/model';
import { BinlogStreamBuilder } from '@lutra/testing';
import { PreparedTransactions } from '../src/prepared-transactions.ts';
import { build, START } from './build-stream.ts';
import type { BuildOptions, Published } from './build-stream.ts';

/** A server that starts gives table ids anew. */
const TABLE_IDS = [
  { item: 7, other: 9 },
  { item: 9, other: 7 },
];
interface LoggedRow {
  readonly table: 'item' | 'other';
  readonly bytes: number;
}
type Step =
  | { readonly kind: 'plain'; readonly rows: readonly LoggedRow[] }
  | { readonly kind: 'prepare'; readonly xid: number; readonly rows: readonly LoggedRow[] }
  | { readonly kind: 'onePhase'; readonly xid: number; readonly rows: readonly LoggedRow[] }
  | { readonly kind: 'commit' | 'rollback'; readonly xid: number }
  | { readonly kind: 'restart'; readonly rows: readonly LoggedRow[] };

const row = fc.record({
  table: fc.constantFrom('item' as const, 'other' as const),
  bytes: fc.integer({ min: 1, max: 400 }),
});
const rows = fc.array(row, { maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('plain' as const), rows }),
  fc.record({ kind: fc.constant('prepare' as const), xid: fc.nat(1), rows }),
  fc.record({ kind: fc.constant('onePhase' as const), xid: fc.nat(1), rows }),
  fc.record({ kind: fc.constant('restart' as const), rows }),
  fc.record({ kind: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const), xid: fc.nat(1) }),
);

/** Leaves out what no server would log: a second prepare of an open xid, a decision about none. */
function valid(steps: readonly Step[]): Step[] {
  const open = new Set<number>();
  return steps.filter((step) => {
    if (step.kind === 'plain' || step.kind === 'restart' || (step.kind === 'onePhase' && !open.has(step.xid)))
      return true;
    if (step.kind === 'onePhase' || (step.kind === 'prepare') === open.has(step.xid)) return false;
    if (step.kind === 'prepare') open.add(step.xid);
    else open.delete(step.xid);
    return true;
  });
}

const xidText = (xid: number): string => `X'0${String(xid)}',X'',1`;
function xaPrepare(stream: BinlogStreamBuilder, xid: number, isOnePhase: boolean): void {
  const body = Buffer.alloc(14);
  body.writeUInt8(isOnePhase ? 1 : 0, 0);
  body.writeUInt32LE(1, 1);
  body.writeUInt32LE(1, 5);
  body.writeUInt8(xid, 13);
  stream.event({ type: 38, body });
}

function log(steps: readonly Step[], dialect: 'mysql' | 'mariadb'): Buffer {
  const stream = new BinlogStreamBuilder().rotate('bin.000001').formatDescription();
  let starts = 0;
  steps.forEach((step, index) => {
    if (step.kind === 'restart') {
      stream.formatDescription();
      starts++;
    }
    const ids = must(TABLE_IDS[starts % 2], 'one of two');
    const sequence = index + 1;
    const isXa = step.kind === 'prepare' || step.kind === 'onePhase';
    stream.mariadbGtid(sequence, { flags: isXa && dialect === 'mariadb' ? 64 : 0 });
    if ('rows' in step) {
      if (isXa && dialect === 'mysql') stream.query(`XA START ${xidText(step.xid)}`);
      for (const { table, bytes } of step.rows)
        stream.tableMap(ids[table], 'shop', table).rows(ids[table], Buffer.alloc(bytes, sequence));
      if (!isXa) stream.xid();
      else {
        stream.query(`XA END ${xidText(step.xid)}`);
        xaPrepare(stream, step.xid, step.kind === 'onePhase');
      }
    } else stream.query(`XA ${step.kind.toUpperCase()} ${xidText(step.xid)}`);
  });
  return stream.bytes;
}

/** 'gtid/event/bytes/content' of every row of the mapped table, in the order of commits. */
function expected(steps: readonly Step[]): string[] {
  const open = new Map<number, string[]>();
  return steps.flatMap((step, index) => {
    if (!('rows' in step)) {
      const rows = open.get(step.xid) ?? [];
      return step.kind === 'commit' ? rows.map((text) => `0-1-${String(index + 1)}/${text}`) : [];
    }
    const texts = step.rows.flatMap(({ table, bytes }, event) =>
      table === 'item' ? [`${String(event)}/${String(bytes)}/${String(index + 1)}`] : [],
    );
    if (step.kind !== 'prepare') return texts.map((text) => `0-1-${String(index + 1)}/${text}`);
    open.set(step.xid, texts);
    return [];
  });
}

const ROWS_OVERHEAD = 19 + 10;
/** What a reader makes of the processes, one by one: rows of a table that its own TABLE_MAP does not name are an error. */
const arrived = (processes: readonly Published[]): string[] =>
  processes.flatMap(({ transactions }) => {
    const tables = new Map<number, string>();
    return transactions.flatMap(({ gtid, events }) =>
      events.flatMap(({ type, event, bytes }) => {
        const view = Buffer.from(bytes);
        const id = view.readUIntLE(19, 6);
        if (type === 'tableMap') tables.set(id, view.toString('latin1', 28));
        if (type === 'tableMap') return [];
        const table = /^shop\0.(\w+)/.exec(tables.get(id) ?? '')?.[1] ?? 'unknown';
        const name = table === 'item' ? '' : `/${table}`;
        return [`${gtid}/${String(event)}/${String(bytes.length - ROWS_OVERHEAD)}/${String(bytes.at(-1))}${name}`];
      }),
    );
  });

const scenario = {
  steps: fc.array(step, { minLength: 1, maxLength: 25 }).map(valid),
  dialect: fc.constantFrom('mysql' as const, 'mariadb' as const),
  chunkBytes: fc.integer({ min: 50, max: 5000 }),
  maxBytes: fc.integer({ min: 100, max: 3000 }),
  /** What is remembered in memory: nothing, some, everything. */
  heldBytes: fc.constantFrom(0, 1_000, 1_000_000),
};

describe('XA transactions', () => {
  it('apply exactly the rows of committed ones, in the order of commits', () => {
    fc.assert(
      fc.property(fc.record(scenario), ({ steps, dialect, chunkBytes, maxBytes, heldBytes }) => {
        const prepared = new PreparedTransactions(heldBytes);
        const processes = build(log(steps, dialect), { limits: { maxBytes }, chunkBytes, prepared });
        expect(arrived(processes)).toEqual(expected(steps));
        const last = { done: { kind: 'mariadbGtid', gtidList: `0-1-${String(steps.length)}` }, inside: null };
        if (steps.length > 0) expect(processes.at(-1)?.end).toEqual(last);
      }),
      { numRuns: 300 },
    );
  });

  it('go on after a break at any process, with and without what was remembered', () => {
    const breaks = fc.array(fc.record({ processes: fc.integer({ min: 1, max: 3 }), isNewEpoch: fc.boolean() }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.record({ ...scenario, breaks }), ({ steps, dialect, chunkBytes, maxBytes, heldBytes, breaks }) => {
        const stream = log(steps, dialect);
        const all: Published[] = [];
        let prepared = new PreparedTransactions(heldBytes);
        const run = (more: Partial<BuildOptions>): void => {
          const start: Place = all.at(-1)?.end ?? START;
          all.push(...build(stream, { limits: { maxBytes }, chunkBytes, prepared, start, ...more }));
        };
        for (const { processes, isNewEpoch } of breaks) {
          run({ processesMax: processes });
          if (isNewEpoch) prepared = new PreparedTransactions(heldBytes);
        }
        run({});
        expect(arrived(all)).toEqual(expected(steps));
      }),
      { numRuns: 300 },
    );
  });

  it('are judged under the revision in force at the commit', () => {
    const rows: LoggedRow[] = [
      { table: 'item', bytes: 5 },
      { table: 'other', bytes: 6 },
    ];
    const steps: Step[] = [
      { kind: 'prepare', xid: 1, rows },
      { kind: 'plain', rows },
      { kind: 'commit', xid: 1 },
    ];
    const stream = log(steps, 'mysql');
    const prepared = new PreparedTransactions();
    const [first] = build(stream, { prepared, limits: { maxBytes: 1 }, processesMax: 1 });
    const rest = build(stream, { prepared, start: first?.end ?? START, mapped: ['item', 'other'], revision: 2 });
    expect(arrived(rest)).toEqual(['0-1-3/0/5/1', '0-1-3/1/6/1/other']);
  });

  it('that touch no mapped table are remembered without rows', () => {
    const prepared = new PreparedTransactions();
    const steps: Step[] = [{ kind: 'prepare', xid: 1, rows: [{ table: 'other', bytes: 300 }] }];
    build(log(steps, 'mysql'), { prepared });
    expect(prepared.find(xidText(1))).toMatchObject({ bytes: 0, hasMappedRows: false, eventsRead: 1 });
  });

  it('keeps large events in their parts', () => {
    const steps: Step[] = [
      { kind: 'prepare', xid: 1, rows: [{ table: 'item', bytes: 1_500_000 }] },
      { kind: 'commit', xid: 1 },
    ];
    for (const held of [0, 10_000_000]) {
      const processes = build(log(steps, 'mysql'), { chunkBytes: 65_536, prepared: new PreparedTransactions(held) });
      expect(arrived(processes)).toEqual(['0-1-2/0/1500000/1']);
    }
  });
});
