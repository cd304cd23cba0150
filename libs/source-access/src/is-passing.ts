import type { SyncError } from '@lutra/model';
import { errnoOf } from './read-by-key.ts';

/** Lock waits, deadlocks, statements that were interrupted, a table that was altered since the snapshot: they pass. */
const PASSING: ReadonlySet<number> = new Set([1205, 1213, 1317, 1412, 1969, 3024]);

/** Whether the same question may be answered a little later. */
export function isPassing(failure: SyncError): boolean {
  if (failure.code === 'SOURCE_UNREACHABLE' || failure.code === 'SOURCE_CONNECTION_LOST') return true;
  return PASSING.has(errnoOf(failure));
}
