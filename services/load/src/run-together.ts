import { linkSignals } from '@lutra/model';

/**
 * Runs tasks until the signal aborts. When one fails, the others are told to stop; the first failure is thrown after all of
 * them have ended, so that nothing runs on behind the caller's back.
 */
export async function runTogether(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const until = linkSignals(signal, failed.signal);
  const failures: unknown[] = [];
  const run = async (task: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    try {
      await task(until.signal);
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  };
  await Promise.all(tasks.map(run));
  until.unlink();
  if (failures.length > 0) throw failures[0];
}
