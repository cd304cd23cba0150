import type { CurrentRow, SchemaSnapshot } from '../../src/chaos/judge/schema-snapshot.ts';
import { ACCOUNTS, CHAIN_ROWS, COUNTERS, OPENING_BALANCE, PLACES } from '../../src/chaos/workload/chaos-tables.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_unused, id) => id);
export const OPENING_UNITS = BigInt(OPENING_BALANCE) * 10n ** 10n;

const row = (table: CurrentRow['table'], rowId: number, value: string | null): CurrentRow => ({
  table,
  rowId,
  version: 0,
  versionMax: 0,
  value,
});

/** What the target shows after the first transaction alone. */
export const OPENED: SchemaSnapshot = {
  isOpened: true,
  log: [],
  ledger: [],
  history: [],
  accounts: numbers(ACCOUNTS).map((account) => ({ account, version: 0, balance: OPENING_UNITS })),
  rows: [
    ...numbers(COUNTERS).map((id) => row('counters', id, '9223372036854775800')),
    ...numbers(PLACES).map((id) => row('places', id, `token-${id}`)),
    ...numbers(CHAIN_ROWS).map((id) => row('chain', id, `seat-${id}`)),
  ],
  beat: 1,
  logCounts: null,
};

/** Writer 0 has moved 5 units from account 0 to account 1, and writer 1 has counted row 3 up. */
export const AFTER_TWO: SchemaSnapshot = {
  ...OPENED,
  log: [
    { writer: 0, seq: 1, ledgerRows: 2, historyRows: 0 },
    { writer: 1, seq: 1, ledgerRows: 0, historyRows: 1 },
  ],
  ledger: [entry(0, -5n), entry(1, 5n)],
  history: [{ table: 'counters', rowId: 3, version: 1, isDelete: false, value: '7', writer: 1, seq: 1 }],
  accounts: OPENED.accounts.map((one) =>
    one.account > 1 ? one : { ...one, version: 1, balance: OPENING_UNITS + (one.account === 0 ? -5n : 5n) },
  ),
  rows: OPENED.rows.map((one) =>
    one.table === 'counters' && one.rowId === 3 ? { ...one, version: 1, versionMax: 1, value: '7' } : one,
  ),
  beat: 2,
};

function entry(account: number, amount: bigint): SchemaSnapshot['ledger'][number] {
  return { account, version: 1, amount, before: OPENING_UNITS, after: OPENING_UNITS + amount, writer: 0, seq: 1 };
}

/** The next snapshot: nothing new beyond the marks. */
export const AND_NOTHING_NEW: SchemaSnapshot = { ...AFTER_TWO, log: [], ledger: [], history: [], beat: 3 };
