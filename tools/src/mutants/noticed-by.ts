import type { Check } from './read-mutants.ts';

const LENGTH_MAX = 90;

/** What the output of a failed check names first: the rule of the simulation that broke, or the test. Null for neither. */
export function noticedBy(check: Check, output: { readonly stdout: string; readonly stderr: string }): string | null {
  const text = `${output.stdout}\n${output.stderr}`;
  const found =
    check.kind === 'simulation'
      ? (/ failed with seed \d+: (?:Error: )?(.+)$/m.exec(text) ?? /^Seed \d+(?: failed)?: (.+)$/m.exec(text))
      : /● (.+)$/m.exec(text);
  const first = found?.[1];
  if (first === undefined) return null;
  return first.length > LENGTH_MAX ? `${first.slice(0, LENGTH_MAX)}…` : first;
}
