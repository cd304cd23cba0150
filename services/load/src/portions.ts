import type { LoadedProcess } from './loaded-process.ts';

/** Processes that have to be committed together, by number; the last portion may have to wait for more. */
export interface Portions {
  readonly sizes: readonly number[];
  /** The last portion stands inside a transaction that must not be committed in part. */
  readonly isOpen: boolean;
}

/**
 * Portions of consecutive processes between which something may be committed: anywhere, but not inside a transaction of which
 * rows were written that must not be written twice. `holds`: whether the process has such rows of the transaction.
 */
export function portionsOf(
  processes: readonly LoadedProcess[],
  holds: (process: LoadedProcess, gtid: string) => boolean,
): Portions {
  const sizes: number[] = [];
  let size = 0;
  let openGtid: string | null = null;
  for (const process of processes) {
    size += 1;
    const gtid = process.delivery.header.end.inside?.gtid ?? null;
    const isHeld: boolean = gtid !== null && (openGtid === gtid || holds(process, gtid));
    openGtid = isHeld ? gtid : null;
    if (isHeld) continue;
    sizes.push(size);
    size = 0;
  }
  if (size > 0) sizes.push(size);
  return { sizes, isOpen: size > 0 };
}
