import type { RowChange, RowTransaction, SkipDefinition } from '@lutra/model';
import { countRows, SKIPPED } from './loaded-process.ts';
import type { LoadedProcess } from './loaded-process.ts';

/**
 * The processes without the rows that a person has decided to skip: those count as skipped, and nothing behind looks at them or
 * at their tables. `told`: a sentence for each transaction that lost rows. The same at each repeat, since a process is handled
 * under the revision that it was selected with, and later revisions keep the decision.
 */
export function leaveOut(
  processes: readonly LoadedProcess[],
  skips: readonly SkipDefinition[],
): { readonly processes: readonly LoadedProcess[]; readonly told: readonly string[] } {
  if (skips.length === 0) return { processes, told: [] };
  const told: string[] = [];
  const without = processes.map((loaded): LoadedProcess => {
    const { process } = loaded;
    const transactions = process.transactions.map((transaction) => remainingOf(transaction, skips));
    if (transactions.every((remaining, index) => remaining === process.transactions[index])) return loaded;
    for (const [index, transaction] of process.transactions.entries()) {
      const kept = new Set<RowChange>(transactions[index]?.changes);
      const left = transaction.changes.filter((change) => !kept.has(change));
      for (const { table } of left) countRows(loaded.counts, table, SKIPPED);
      loaded.counts.skipped += left.length;
      if (left.length > 0) told.push(`${String(left.length)} rows of transaction ${transaction.gtid} are left out`);
    }
    return { ...loaded, process: { ...process, transactions } };
  });
  return { processes: without, told };
}

/** The transaction itself where nothing is left out. */
function remainingOf(transaction: RowTransaction, skips: readonly SkipDefinition[]): RowTransaction {
  const wanted = skips.filter(({ gtid }) => gtid === transaction.gtid);
  if (wanted.length === 0) return transaction;
  const isSkipped = ({ event, row }: RowChange): boolean =>
    wanted.some((skip) => skip.row === undefined || (skip.row.event === event && skip.row.row === row));
  const changes = transaction.changes.filter((change) => !isSkipped(change));
  return changes.length === transaction.changes.length ? transaction : { ...transaction, changes };
}
