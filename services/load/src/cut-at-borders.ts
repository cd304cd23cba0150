import type { Place, RowTransaction } from '@lutra/model';
import { noCounts } from './loaded-process.ts';
import type { LoadedProcess, ProcessPart } from './loaded-process.ts';

/** Processes in order, cut where the last complete source transaction in them ends. */
export interface CutProcesses {
  /** Everything up to the border, with the place there; null when a transaction goes on through all of them. */
  readonly complete: { readonly parts: readonly ProcessPart[]; readonly end: Place } | null;
  /** The slices of the transaction that goes on in the next process; null at a border. */
  readonly open: { readonly parts: readonly ProcessPart[]; readonly gtid: string } | null;
  /** How many of the processes, from the first on, lie before the border entirely. */
  readonly completeProcesses: number;
}

/**
 * For applyMode transactional. `stagedGtid` names the transaction whose earlier slices are written already, null = none.
 * Every transaction is in one of the two parts, in order; the open part holds slices of one
 * transaction only, and the place
 * of the border never stands inside one: `done` of a place does not contain the transaction that the place is inside of, so
 * it is the same at the border as behind the slice.
 */
export function cutAtBorders(processes: readonly LoadedProcess[], stagedGtid: string | null): CutProcesses {
  const end = processes.at(-1)?.delivery.header.end;
  if (end === undefined) return { complete: null, open: null, completeProcesses: 0 };
  const { inside } = end;
  if (inside === null)
    return {
      complete: { parts: processes.map((loaded) => wholePart(loaded)), end },
      open: null,
      completeProcesses: processes.length,
    };
  const border = lastBorder(processes);
  const isStagedOver = stagedGtid !== null && stagedGtid !== inside.gtid;
  const parts = processes.map((loaded, index) => {
    const { transactions } = loaded.process;
    const count = index < border.process ? transactions.length : index === border.process ? border.transactions : 0;
    return { before: partOf(loaded, transactions.slice(0, count)), behind: partOf(loaded, transactions.slice(count)) };
  });
  const hasBorder = isStagedOver || border.process >= 0;
  const goesOn = processes.findIndex(({ delivery }) => delivery.header.end.inside?.gtid === inside.gtid);
  return {
    complete: hasBorder ? { parts: parts.map(({ before }) => before), end: { done: end.done, inside: null } } : null,
    open: { parts: parts.map(({ behind }) => behind), gtid: inside.gtid },
    completeProcesses: hasBorder ? goesOn : 0,
  };
}

/** Where the last transaction ends that is complete: its process, and how many transactions of it; process -1 = none ends. */
function lastBorder(processes: readonly LoadedProcess[]): { readonly process: number; readonly transactions: number } {
  for (let process = processes.length - 1; process >= 0; process--) {
    const transactions = processes[process]?.process.transactions ?? [];
    const last = transactions.findLastIndex(({ isLast }) => isLast);
    if (last >= 0) return { process, transactions: last + 1 };
  }
  return { process: -1, transactions: 0 };
}

export const wholePart = (loaded: LoadedProcess): ProcessPart => partOf(loaded, loaded.process.transactions);

const partOf = (loaded: LoadedProcess, transactions: readonly RowTransaction[]): ProcessPart => ({
  loaded,
  transactions,
  counts: noCounts(),
});
