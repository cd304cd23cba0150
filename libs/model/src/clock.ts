import { clearTimeout, setTimeout as wakeAfter } from 'node:timers';

/** Time as a collaborator, so that tests can turn it. Nothing else in Lutra asks the system for time. */
export interface Clock {
  /** Wall-clock time, for stamps that people and other machines read. */
  now(): Date;
  /** Milliseconds that only ever grow, for durations and limits. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts (it never rejects: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `call` once after `ms`, unless the function that it returns is called before. */
  callAfter(ms: number, call: () => void): () => void;
}

/** The real clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  // Not node:timers/promises: its rejection costs more than a chunk of the binary log, and readers sleep for each.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = wakeAfter(end, ms);
      signal?.addEventListener('abort', end, { once: true });
    }),
  callAfter: (ms, call) => {
    const timer = wakeAfter(call, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
