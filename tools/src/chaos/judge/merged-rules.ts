import type { SchemaRules, SchemaSnapshot, Violation } from './schema-snapshot.ts';

/**
 * What `applyMode: merged` promises at every moment, while the lanes are at different places: no row goes back to an older
 * version, no transaction is in the log twice, and nothing that was seen of the log goes away.
 */
export class MergedRules implements SchemaRules {
  readonly marks = new Map<number, number>();
  private readonly versions = new Map<string, number>();
  /** Numbers beyond the mark that were seen, by writer. */
  private readonly ahead = new Map<number, Set<number>>();

  check({ log, ledger, accounts, rows, logCounts }: SchemaSnapshot): Violation[] {
    const found: Violation[] = [];
    const broken = (rule: string, text: string): void => void found.push({ rule, text });
    this.checkLog(log, broken);
    for (const { account, version } of accounts) this.checkVersion(`accounts ${account}`, version, broken);
    for (const { table, rowId, version } of rows) this.checkVersion(`${table} ${rowId}`, version, broken);
    for (const { account, version, before, amount, after } of ledger)
      if (before + amount !== after) broken('ledger', `account ${account}, entry ${version} does not add up`);
    for (const { writer, rows: count, numbers } of logCounts ?? [])
      if (count !== numbers) broken('no-double', `writer ${writer} has ${count} log rows for ${numbers} transactions`);
    return found;
  }

  private checkVersion(row: string, version: number, broken: (rule: string, text: string) => void): void {
    const last = this.versions.get(row) ?? 0;
    if (version < last) broken('version', `${row} went back from version ${last} to ${version}`);
    this.versions.set(row, version);
  }

  private checkLog(log: SchemaSnapshot['log'], broken: (rule: string, text: string) => void): void {
    const now = new Map<number, Set<number>>();
    for (const { writer, seq } of log) {
      const numbers = now.get(writer) ?? new Set<number>();
      now.set(writer, numbers);
      if (numbers.has(seq)) broken('no-double', `transaction ${writer}:${seq} is in the log more than once`);
      numbers.add(seq);
    }
    for (const [writer, seen] of this.ahead)
      for (const seq of seen)
        if (now.get(writer)?.has(seq) !== true)
          broken('seen-stays', `transaction ${writer}:${seq} has gone from the log`);
    for (const [writer, numbers] of now) {
      let mark = this.marks.get(writer) ?? 0;
      while (numbers.delete(mark + 1)) mark += 1;
      this.marks.set(writer, mark);
      this.ahead.set(writer, numbers);
    }
    for (const writer of this.ahead.keys()) if (!now.has(writer)) this.ahead.delete(writer);
  }
}
