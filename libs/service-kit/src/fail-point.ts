/** The places where a crash hurts most; tests kill a process there. */
export const FAIL_POINTS = [
  'before-publish',
  'after-publish',
  'after-stage',
  'before-commit',
  'after-commit',
  'between-lanes',
  'before-acknowledge',
  'after-intent',
  'after-statement',
] as const;
export type FailPoint = (typeof FAIL_POINTS)[number];

/** What a shell reports for a process that was killed by SIGKILL. */
const EXIT_CODE_KILLED = 137;

/** Hits that are left until the exit. Empty in production: the hook is then one look-up in an empty map. */
const armed = new Map<string, number>();
let exit: (code: number) => void = (code) => process.exit(code);

/** Marks a crash window. Does nothing unless LUTRA_FAIL_POINTS armed it, else ends the process as if it had been killed. */
export function failPoint(name: FailPoint): void {
  const left = armed.get(name);
  if (left === undefined) return;
  armed.set(name, left - 1);
  if (left <= 1) exit(EXIT_CODE_KILLED);
}

/** Arms points from 'name=exit,name=exit@N'. Throws on a name that is not in {@link FAIL_POINTS}. */
export function armFailPoints(text: string, onHit?: (code: number) => void): void {
  armed.clear();
  if (onHit !== undefined) exit = onHit;
  for (const item of text.split(',').filter((part) => part !== '')) {
    const [name = '', action = ''] = item.split('=');
    if (!FAIL_POINTS.some((point) => point === name)) throw new Error(`Unknown fail point ${name}`);
    armed.set(name, Number(action.split('@')[1] ?? 1));
  }
}
