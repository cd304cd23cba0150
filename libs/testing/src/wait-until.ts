import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, as the error shall say it: 'the row to arrive'. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and returns it. Throws when the time is over, with what was
 * waited for and the last error of the question; errors before that only mean "not yet".
 */
export async function waitUntil<T>(
  question: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  let cause: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const answer = await question();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof GiveUp) throw error.cause;
      cause = error;
    }
    if (performance.now() >= deadline) break;
    await sleep(options.everyMs ?? 100);
  }
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`Waited ${String(options.timeoutMs / 1000)} s for ${options.what}${why}`, { cause });
}

/** Thrown by a question to end the waiting at once with its cause. */
export class GiveUp extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}
