import type { GroupQuestion, TakeGroupRow } from '@lutra/model';

/** Reads groups as they are at a moment behind the commits of transactions. */
export interface GroupReader {
  /**
   * `begin` is called before each attempt: what was taken before counts no more. Throws SyncError (scope source) when the
   * source does not answer in time.
   */
  read(question: GroupQuestion, transactions: readonly string[], begin: () => TakeGroupRow): Promise<void>;
}
