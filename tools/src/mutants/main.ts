import { join } from 'node:path';
import { runTool } from '../run-tool.ts';
import { MutantTree } from './mutant-tree.ts';
import type { Verdict } from './mutant-tree.ts';
import { needsServers, readMutants } from './read-mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const WORDS: Readonly<Record<Verdict, string>> = {
  killed: 'noticed',
  survived: 'SURVIVED',
  doesNotApply: 'DOES NOT APPLY',
};

// `npm run mutants`: takes one guarantee away at a time and demands that its check fails. Without --nightly only with those
// that need no servers; names choose single ones.
await runTool(async () => {
  const args = process.argv.slice(2);
  const names = args.filter((each) => !each.startsWith('--'));
  const all = readMutants(join(ROOT, 'tools', 'mutants'));
  const chosen = all.filter((mutant) =>
    names.length > 0 ? names.includes(mutant.name) : args.includes('--nightly') || !needsServers(mutant),
  );
  const tree = new MutantTree(ROOT, join(ROOT, '.lutra', 'mutants'));
  tree.make();
  const checks = new Map(chosen.map(({ check }) => [`${check.project} ${check.tests}`, check]));
  let failed = chosen.length === 0 ? 1 : 0;
  for (const [name, check] of checks) {
    if (tree.check(check)) continue;
    failed += 1;
    process.stdout.write(`${name} fails without any mutant: it says nothing about one\n`);
  }
  if (failed > 0) return 1;
  for (const mutant of chosen) {
    const verdict = tree.try(mutant);
    if (verdict !== 'killed') failed += 1;
    process.stdout.write(
      `${WORDS[verdict].padEnd(14)} §4.${String(mutant.guarantee)}  ${mutant.name.padEnd(36)} ${mutant.removes}\n`,
    );
  }
  process.stdout.write(`${String(chosen.length - failed)} of ${String(chosen.length)} mutants noticed\n`);
  return await Promise.resolve(failed === 0 ? 0 : 1);
});
