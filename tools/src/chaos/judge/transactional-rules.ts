import { ACCOUNTS, CHAIN_ROWS, COUNTERS, OPENING_BALANCE, PLACES } from '../workload/chaos-tables.ts';
import type { CurrentRow, SchemaRules, SchemaSnapshot, Violation } from './schema-snapshot.ts';

const SUM_OF_BALANCES = BigInt(ACCOUNTS) * BigInt(OPENING_BALANCE) * 10n ** 10n;
const ROWS = { counters: COUNTERS, places: PLACES, chain: CHAIN_ROWS } as const;

interface Entry {
  readonly version: number;
  readonly isDelete: boolean;
  readonly value: string | null;
}

/**
 * What `applyMode: transactional` promises at every moment, in one consistent snapshot: whole transactions only, each
 * writer's in order and without a gap, and therefore every account equal to its newest ledger entry, every row equal to its
 * newest history entry, the sum of balances constant, the tokens a permutation, batches whole; nothing seen ever goes away.
 */
export class TransactionalRules implements SchemaRules {
  readonly marks = new Map<number, number>();
  private readonly balances = new Map<number, { version: number; after: bigint }>();
  private readonly entries = new Map<string, Entry>();
  private readonly shown = new Map<string, number>();
  private wasOpened = false;
  private beat = 0;

  check(snapshot: SchemaSnapshot): Violation[] {
    const found: Violation[] = [];
    const broken = (rule: string, text: string): void => void found.push({ rule, text });
    if (!snapshot.isOpened) {
      if (this.wasOpened) broken('seen-stays', 'the first rows have gone again');
      if (snapshot.accounts.length + snapshot.rows.length + snapshot.log.length + snapshot.ledger.length > 0)
        broken('whole-transactions', 'rows are there, but not the first transaction');
      return found;
    }
    this.wasOpened = true;
    this.checkLog(snapshot, broken);
    this.checkLedger(snapshot, broken);
    this.checkHistory(snapshot, broken);
    this.checkBalances(snapshot, broken);
    this.checkRows(snapshot, broken);
    checkTokens(snapshot, broken);
    if (snapshot.beat < this.beat) broken('seen-stays', `heartbeat ${this.beat} became ${snapshot.beat}`);
    this.beat = snapshot.beat;
    return found;
  }

  /** No gap and no double in each writer's numbers, and the promised number of rows of each transaction. */
  private checkLog({ log, ledger, history, logCounts }: SchemaSnapshot, broken: Broken): void {
    const written = new Map<string, { ledger: number; history: number }>();
    const of = (row: { writer: number; seq: number }): { ledger: number; history: number } => {
      const key = tagText(row);
      const counts = written.get(key) ?? { ledger: 0, history: 0 };
      written.set(key, counts);
      return counts;
    };
    for (const row of ledger) of(row).ledger += 1;
    for (const row of history) of(row).history += 1;
    for (const row of [...log].sort((a, b) => a.writer - b.writer || a.seq - b.seq)) {
      const tag = tagText(row);
      const last = this.marks.get(row.writer) ?? 0;
      if (row.seq === last) broken('no-double', `transaction ${tag} is in the log more than once`);
      else if (row.seq !== last + 1) broken('order', `transaction ${tag} is there, ${row.writer}:${last + 1} is not`);
      const counts = written.get(tag) ?? { ledger: 0, history: 0 };
      if (counts.ledger !== row.ledgerRows || counts.history !== row.historyRows)
        broken(
          'whole-transactions',
          `transaction ${tag} wrote ${row.ledgerRows} ledger and ${row.historyRows} history rows, ${counts.ledger} and ${counts.history} are there`,
        );
      written.delete(tag);
      this.marks.set(row.writer, row.seq);
    }
    for (const tag of written.keys())
      broken('whole-transactions', `rows of transaction ${tag} are there, its log row is not`);
    for (const { writer, rows, numbers } of logCounts ?? []) {
      if (rows !== numbers) broken('no-double', `writer ${writer} has ${rows} log rows for ${numbers} transactions`);
      const mark = this.marks.get(writer);
      if (mark !== undefined && numbers < mark)
        broken('seen-stays', `writer ${writer} has ${numbers} of ${mark} transactions`);
    }
  }

  private checkLedger({ ledger }: SchemaSnapshot, broken: Broken): void {
    for (const row of [...ledger].sort((a, b) => a.account - b.account || a.version - b.version)) {
      const last = this.balances.get(row.account) ?? { version: 0, after: BigInt(OPENING_BALANCE) * 10n ** 10n };
      const name = `account ${row.account}, entry ${row.version}`;
      if (row.version !== last.version + 1) broken('ledger', `${name} follows entry ${last.version}`);
      else if (row.before !== last.after) broken('ledger', `${name} does not begin where the entry before it ended`);
      if (row.before + row.amount !== row.after) broken('ledger', `${name} does not add up`);
      this.balances.set(row.account, { version: row.version, after: row.after });
    }
  }

  private checkHistory({ history }: SchemaSnapshot, broken: Broken): void {
    for (const row of [...history].sort((a, b) => a.rowId - b.rowId || a.version - b.version)) {
      const key = `${row.table} ${row.rowId}`;
      const last = this.entries.get(key)?.version ?? 0;
      if (row.version !== last + 1) broken('history', `${key}: version ${row.version} follows version ${last}`);
      this.entries.set(key, row);
    }
  }

  private checkBalances({ accounts }: SchemaSnapshot, broken: Broken): void {
    if (accounts.length !== ACCOUNTS) broken('rows', `${accounts.length} of ${ACCOUNTS} accounts are there`);
    else if (accounts.reduce((sum, { balance }) => sum + balance, 0n) !== SUM_OF_BALANCES)
      broken('sum', 'the sum of all balances has changed');
    for (const { account, version, balance } of accounts) {
      const entry = this.balances.get(account);
      if (version !== (entry?.version ?? 0))
        broken(
          'balance',
          `account ${account} has version ${version}, its newest ledger entry is ${entry?.version ?? 0}`,
        );
      else if (entry !== undefined && balance !== entry.after)
        broken('balance', `account ${account} differs from its ledger entry ${version}`);
    }
  }

  private checkRows({ rows }: SchemaSnapshot, broken: Broken): void {
    const current = new Map<string, CurrentRow>();
    for (const row of rows) {
      const key = `${row.table} ${row.rowId}`;
      current.set(key, row);
      const entry = this.entries.get(key);
      if (row.version !== row.versionMax)
        broken('batch', `${key} has rows of versions ${row.version} and ${row.versionMax}`);
      if (row.version !== (entry?.version ?? 0) || entry?.isDelete === true)
        broken('version', `${key} has version ${row.version}, its newest history entry is ${describe(entry)}`);
      else if (entry !== undefined && row.value !== entry.value)
        broken('value', `${key} differs from its history entry ${row.version}`);
      if (row.version < (this.shown.get(key) ?? 0)) broken('seen-stays', `${key} went back to version ${row.version}`);
      this.shown.set(key, row.version);
    }
    for (const [key, entry] of this.entries)
      if (!entry.isDelete && !current.has(key))
        broken('version', `${key} is gone, its newest history entry is ${describe(entry)}`);
    for (const [table, count] of Object.entries(ROWS)) {
      const there = rows.filter((row) => row.table === table).length;
      if (there !== count) broken('rows', `${there} of ${count} rows of ${table} are there`);
    }
  }
}

type Broken = (rule: string, text: string) => void;

/** Every token has one holder. */
export function checkTokens({ rows }: Pick<SchemaSnapshot, 'rows'>, broken: Broken): void {
  const places = rows.filter(({ table }) => table === 'places');
  const held = new Set(places.map(({ value }) => value));
  const missing = Array.from({ length: PLACES }, (_unused, id) => `token-${id}`).filter((token) => !held.has(token));
  if (missing.length > 0) broken('permutation', `nobody has ${missing.join(', ')}`);
  const seats = rows.filter(({ table, value }) => table === 'chain' && value !== null).map(({ value }) => value);
  if (new Set(seats).size !== seats.length) broken('permutation', 'two rows of chain have the same seat');
}

const tagText = ({ writer, seq }: { readonly writer: number; readonly seq: number }): string => `${writer}:${seq}`;
const describe = (entry: Entry | undefined): string =>
  entry === undefined ? 'none' : `${entry.version}${entry.isDelete ? ', a delete' : ''}`;
