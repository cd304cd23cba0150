import { setTimeout as sleepUntil } from 'node:timers/promises';

/** Time as a collaborator, so that tests can turn it. Nothing else in Lutra asks the system for time. */
export interface Clock {
  /** Wall-clock time, for stamps that people and other machines read. */
  now(): Date;
  /** Milliseconds that only ever grow, for durations and limits. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts (it never rejects: the caller looks at the signal). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleepUntil(ms, undefined, signal === undefined ? {} : { signal });
    } catch {
      // Aborted: the caller asked to stop waiting.
    }
  },
};
