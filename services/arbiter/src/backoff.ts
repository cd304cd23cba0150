/** First and longest pause between two restarts after failures that may pass. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** Pipelines that fail together (one database gone) must not come back together. */
const SPREAD = 0.2;

/** Pause before restart number `attempt` (from 0) in ms; `jitter` from -1 to 1 moves it by up to ±20 %. */
export function backoffMs(attempt: number, jitter: number): number {
  const doubled = Math.min(FIRST_MS * 2 ** Math.min(attempt, 16), LONGEST_MS);
  return Math.round(doubled * (1 + SPREAD * jitter));
}
