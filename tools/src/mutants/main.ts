import { join } from 'node:path';
import { runTool } from '../run-tool.ts';
import { MutantTree } from './mutant-tree.ts';
import type { Verdict } from './mutant-tree.ts';
import { describeCheck, needsServers, readMutants } from './read-mutants.ts';
import type { Mutant } from './read-mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const WORDS: Readonly<Record<Exclude<Verdict, 'noticed'>, string>> = {
  survived: 'SURVIVED',
  doesNotApply: 'DOES NOT APPLY',
  checkBroke: 'CHECK BROKE',
};
const WIDTHS = [4, 38, 40, 7] as const;

// `npm run mutants`: takes one guarantee away at a time and demands that its check fails. Without --nightly only with those
// that need no servers; names choose single ones.
await runTool(async () => {
  const args = process.argv.slice(2);
  const startMs = Date.now();
  const chosen = choose(readMutants(join(ROOT, 'tools', 'mutants')), args);
  const tree = new MutantTree(ROOT, join(ROOT, '.lutra', 'mutants'));
  tree.make();
  const checks = new Map(chosen.map(({ check }) => [describeCheck(check), check]));
  let failed = chosen.length === 0 ? 1 : 0;
  for (const [name, check] of checks) {
    const { passes, noticedBy } = tree.check(check);
    if (passes) continue;
    failed += 1;
    process.stdout.write(`${name} fails without any mutant (${noticedBy ?? 'it broke'}): it says nothing about one\n`);
  }
  if (failed > 0) return 1;
  process.stdout.write(`${String(checks.size)} checks pass without a mutant, ${secondsSince(startMs)} s\n`);
  writeRow(['§', 'mutant', 'check', 'seconds', 'noticed by']);
  for (const mutant of [...chosen].sort((one, other) => one.guarantee - other.guarantee)) {
    const beginMs = Date.now();
    const { verdict, noticedBy } = tree.try(mutant);
    if (verdict !== 'noticed') failed += 1;
    const { guarantee, name, check } = mutant;
    const answer = verdict === 'noticed' ? (noticedBy ?? '') : `${WORDS[verdict]}: ${mutant.removes}`;
    writeRow([`4.${String(guarantee)}`, name, describeCheck(check), secondsSince(beginMs), answer]);
  }
  const noticed = `${String(chosen.length - failed)} of ${String(chosen.length)} mutants noticed`;
  process.stdout.write(`${noticed}, ${secondsSince(startMs)} s in all\n`);
  return await Promise.resolve(failed === 0 ? 0 : 1);
});

function choose(all: readonly Mutant[], args: readonly string[]): readonly Mutant[] {
  const names = args.filter((each) => !each.startsWith('--'));
  const unknown = names.filter((name) => !all.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')} in tools/mutants`);
  if (names.length > 0) return all.filter(({ name }) => names.includes(name));
  return args.includes('--nightly') ? all : all.filter((mutant) => !needsServers(mutant));
}

function writeRow(cells: readonly string[]): void {
  process.stdout.write(`${cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join('  ')}\n`);
}

function secondsSince(startMs: number): string {
  return ((Date.now() - startMs) / 1_000).toFixed(1);
}
