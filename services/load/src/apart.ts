import { parseDone } from '@lutra/model';
import type { Place } from '@lutra/model';
import type { CutProcesses } from './cut-at-borders.ts';
import { noCounts } from './loaded-process.ts';
import type { ProcessPart } from './loaded-process.ts';

type Complete = NonNullable<CutProcesses['complete']>;

/**
 * Complete transactions one by one, each with its place: what was done before it, and it. Transactions that the pipeline
 * leaves out are not named by their rows; they count as done with the last portion, whose place is that of the whole.
 */
export function apartAt({ parts, end }: Complete, reached: Place): readonly Complete[] {
  const done = parseDone(reached.done);
  const portions: Complete[] = [];
  let empty: ProcessPart[] = [];
  for (const part of parts) {
    if (part.transactions.length === 0) empty.push(part);
    for (const transaction of part.transactions) {
      done.add(transaction.gtid);
      const own = { loaded: part.loaded, transactions: [transaction], counts: noCounts() };
      const place = { done: done.toDone(), inside: null };
      const before = portions.at(-1);
      // The last slice of a transaction, or the next one of the same.
      if (before !== undefined && gtidOf(before) === transaction.gtid)
        portions[portions.length - 1] = { parts: [...before.parts, ...empty, own], end: place };
      else portions.push({ parts: [...empty, own], end: place });
      empty = [];
    }
  }
  const last = portions.at(-1);
  if (last === undefined) return [{ parts, end }];
  portions[portions.length - 1] = { parts: [...last.parts, ...empty], end };
  return portions;
}

const gtidOf = ({ parts }: Complete): string | undefined => parts.at(-1)?.transactions.at(-1)?.gtid;
