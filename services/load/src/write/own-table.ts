import { SyncError } from '@lutra/model';

/**
 * What goes wrong with `lutra.dead_letter` or `lutra.conflict` is no fault of the row that is written there: it is repeated,
 * and never poison.
 */
export async function inOwnTable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const failure = SyncError.of(error);
    if (failure.class === 'retryable') throw failure;
    const problem = `A dead letter or a conflict could not be recorded: ${failure.message}`;
    throw new SyncError('TARGET_RECORD_REFUSED', { ...failure.details, problem }, { cause: failure });
  }
}
