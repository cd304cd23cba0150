import type { VersionedTable } from '../workload/chaos-tables.ts';

/** A transaction's row of `tx_log`. */
export interface LogRow {
  readonly writer: number;
  readonly seq: number;
  readonly ledgerRows: number;
  readonly historyRows: number;
}

export interface LedgerRow {
  readonly account: number;
  readonly version: number;
  /** In units of 1e-10. */
  readonly amount: bigint;
  readonly before: bigint;
  readonly after: bigint;
  readonly writer: number;
  readonly seq: number;
}

export interface HistoryRow {
  readonly table: VersionedTable;
  readonly rowId: number;
  readonly version: number;
  readonly isDelete: boolean;
  readonly value: string | null;
  readonly writer: number;
  readonly seq: number;
}

/** What a row of a versioned table shows now; a batch of `bulk` counts as one row whose value is its number of rows. */
export interface CurrentRow {
  readonly table: VersionedTable;
  readonly rowId: number;
  readonly version: number;
  readonly value: string | null;
  /** Only a batch of `bulk` can have rows of several versions. */
  readonly versionMax: number;
}

export interface AccountRow {
  readonly account: number;
  readonly version: number;
  readonly balance: bigint;
}

/** One schema of the target as one consistent snapshot shows it. */
export interface SchemaSnapshot {
  readonly isOpened: boolean;
  /** Log, ledger and history rows beyond the marks that were asked for. */
  readonly log: readonly LogRow[];
  readonly ledger: readonly LedgerRow[];
  readonly history: readonly HistoryRow[];
  readonly accounts: readonly AccountRow[];
  readonly rows: readonly CurrentRow[];
  readonly beat: number;
  /** Only now and then, since it reads the whole log: rows and different numbers of each writer. */
  readonly logCounts: readonly { readonly writer: number; readonly rows: number; readonly numbers: number }[] | null;
}

/** A broken rule with the ids of the rows; no values. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
}

/** Looks at one snapshot after the other and remembers what it needs of them. */
export interface SchemaRules {
  /** Up to which number each writer's transactions need not be read again. */
  readonly marks: ReadonlyMap<number, number>;
  check(snapshot: SchemaSnapshot): Violation[];
}

/** '-12.0000000001' in units of 1e-10. Throws when the text is no DECIMAL(…,10). */
export function decimalUnits(text: string): bigint {
  const match = /^(-?\d+)\.(\d{10})$/.exec(text);
  if (match === null) throw new Error('A balance is no DECIMAL(30,10)');
  return BigInt(`${String(match[1])}${String(match[2])}`);
}
