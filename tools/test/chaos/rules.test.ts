// Goal: the rules of both modes accept what their mode promises, and name each single thing that it forbids.
// Method: a history of two transactions as snapshots; each case spoils one of them in one place.
import { describe, expect, it } from '@jest/globals';
import { MergedRules } from '../../src/chaos/judge/merged-rules.ts';
import { decimalUnits } from '../../src/chaos/judge/schema-snapshot.ts';
import type { SchemaRules, SchemaSnapshot } from '../../src/chaos/judge/schema-snapshot.ts';
import { TransactionalRules } from '../../src/chaos/judge/transactional-rules.ts';
import { AFTER_TWO, AND_NOTHING_NEW, OPENED } from './snapshots.ts';

const EMPTY: SchemaSnapshot = { ...OPENED, isOpened: false, accounts: [], rows: [], beat: 0 };

/** Names of the rules that the last of the snapshots breaks, when those before it break none. */
function broken(rules: SchemaRules, ...snapshots: readonly SchemaSnapshot[]): string[] {
  const found = snapshots.map((snapshot) => rules.check(snapshot).map(({ rule }) => rule));
  expect(found.slice(0, -1).flat()).toEqual([]);
  return [...new Set(found.at(-1))];
}

const rowsWith = (
  snapshot: SchemaSnapshot,
  which: (row: SchemaSnapshot['rows'][number]) => boolean,
  change: Partial<SchemaSnapshot['rows'][number]>,
): SchemaSnapshot => ({ ...snapshot, rows: snapshot.rows.map((row) => (which(row) ? { ...row, ...change } : row)) });

const accountWith = (snapshot: SchemaSnapshot, account: number, balance: bigint): SchemaSnapshot => ({
  ...snapshot,
  accounts: snapshot.accounts.map((one) => (one.account === account ? { ...one, balance } : one)),
});

describe('the rules of transactional mode', () => {
  it('accept a target that is empty, opened and goes on by whole transactions', () => {
    expect(broken(new TransactionalRules(), EMPTY, OPENED, AFTER_TWO, AND_NOTHING_NEW)).toEqual([]);
  });

  const isCounter = ({ table, rowId }: { table: string; rowId: number }): boolean =>
    table === 'counters' && rowId === 3;
  it.each<[string, string, SchemaSnapshot]>([
    ['a ledger row is missing', 'whole-transactions', { ...AFTER_TWO, ledger: AFTER_TWO.ledger.slice(1) }],
    ['a history row is missing', 'whole-transactions', { ...AFTER_TWO, history: [] }],
    ['the log row is missing', 'whole-transactions', { ...AFTER_TWO, log: AFTER_TWO.log.slice(1) }],
    [
      'a number was skipped',
      'order',
      { ...AFTER_TWO, log: AFTER_TWO.log.map((row) => (row.writer === 1 ? { ...row, seq: 2 } : row)) },
    ],
    ['a transaction is there twice', 'no-double', { ...AFTER_TWO, log: [...AFTER_TWO.log, ...AFTER_TWO.log.slice(1)] }],
    ['one side of a transfer is missing', 'sum', accountWith(AFTER_TWO, 1, 10n ** 16n)],
    ['a balance is not what the ledger says', 'balance', accountWith(AFTER_TWO, 0, 1n)],
    [
      'the ledger has a jump',
      'ledger',
      {
        ...AFTER_TWO,
        ledger: AFTER_TWO.ledger.map((row) => ({ ...row, before: row.before + 1n, after: row.after + 1n })),
      },
    ],
    ['a version was doubled', 'version', rowsWith(AFTER_TWO, isCounter, { version: 2, versionMax: 2 })],
    ['a value is not the newest', 'value', rowsWith(AFTER_TWO, isCounter, { value: '6' })],
    [
      'a version was skipped',
      'history',
      { ...AFTER_TWO, history: AFTER_TWO.history.map((row) => ({ ...row, version: 2 })) },
    ],
    [
      'two rows have one token',
      'permutation',
      rowsWith(AFTER_TWO, ({ table, rowId }) => table === 'places' && rowId === 4, { value: 'token-5' }),
    ],
    ['a row is gone', 'rows', { ...AFTER_TWO, rows: AFTER_TWO.rows.slice(1) }],
    [
      'half a batch is there',
      'value',
      {
        ...AFTER_TWO,
        log: [...AFTER_TWO.log, { writer: 0, seq: 2, ledgerRows: 0, historyRows: 1 }],
        history: [
          ...AFTER_TWO.history,
          { table: 'bulk', rowId: 1, version: 1, isDelete: false, value: '6000', writer: 0, seq: 2 },
        ],
        rows: [...AFTER_TWO.rows, { table: 'bulk', rowId: 1, version: 1, versionMax: 1, value: '3000' }],
      },
    ],
    [
      'half of a batch was changed',
      'batch',
      {
        ...AFTER_TWO,
        rows: [...AFTER_TWO.rows, { table: 'bulk', rowId: 1, version: 1, versionMax: 2, value: '3000' }],
      },
    ],
    [
      'a deleted row is there',
      'version',
      {
        ...AFTER_TWO,
        history: AFTER_TWO.history.map((row) => ({ ...row, isDelete: true })),
      },
    ],
  ])('see that %s', (_what, rule, spoilt) => {
    expect(broken(new TransactionalRules(), OPENED, spoilt)).toContain(rule);
  });

  it.each<[string, SchemaSnapshot]>([
    ['the target went back to its first rows', { ...OPENED, log: [], beat: 3 }],
    ['a heartbeat went back', { ...AND_NOTHING_NEW, beat: 1 }],
    ['the first rows have gone', EMPTY],
    ['the log has fewer rows than were seen', { ...AND_NOTHING_NEW, logCounts: [{ writer: 0, rows: 0, numbers: 0 }] }],
  ])('see that %s', (_what, later) => {
    expect(broken(new TransactionalRules(), OPENED, AFTER_TWO, later)).toContain('seen-stays');
  });
});

describe('the rules of merged mode', () => {
  it('accept lanes at different places', () => {
    const half = { ...AFTER_TWO, accounts: OPENED.accounts, history: [], log: AFTER_TWO.log.slice(1) };
    // The other lane's transaction comes later; the one that was seen is not asked for again.
    const whole = { ...AFTER_TWO, log: AFTER_TWO.log.slice(0, 1) };
    expect(broken(new MergedRules(), EMPTY, OPENED, half, whole, AND_NOTHING_NEW)).toEqual([]);
  });

  it.each<[string, string, SchemaSnapshot]>([
    ['a row went back', 'version', { ...AND_NOTHING_NEW, rows: OPENED.rows }],
    ['an account went back', 'version', { ...AND_NOTHING_NEW, accounts: OPENED.accounts }],
    ['a transaction was written twice', 'no-double', { ...AFTER_TWO, log: [...AFTER_TWO.log, ...AFTER_TWO.log] }],
    ['the log has doubles', 'no-double', { ...AND_NOTHING_NEW, logCounts: [{ writer: 0, rows: 2, numbers: 1 }] }],
  ])('see that %s', (_what, rule, later) => {
    expect(broken(new MergedRules(), AFTER_TWO, later)).toContain(rule);
  });

  it('see that a transaction beyond a gap has gone again', () => {
    const ahead = { ...OPENED, log: [{ writer: 0, seq: 2, ledgerRows: 0, historyRows: 0 }] };
    expect(broken(new MergedRules(), ahead, OPENED)).toEqual(['seen-stays']);
  });
});

it('reads decimals without losing a digit', () => {
  expect(decimalUnits('-12345678901234567890.0000000001')).toBe(-123456789012345678900000000001n);
  expect(() => decimalUnits('1.5')).toThrow('no DECIMAL');
});
