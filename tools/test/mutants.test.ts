import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { noticedBy } from '../src/mutants/noticed-by.ts';
import { patchedFiles } from '../src/mutants/patched-files.ts';
import { needsServers, readMutants } from '../src/mutants/read-mutants.ts';
import type { Check } from '../src/mutants/read-mutants.ts';
import { CASES } from '../src/sim/cases/all-cases.ts';
import { parseSimOptions } from '../src/sim/options.ts';

const root = join(import.meta.dirname, '..', '..');
const mutants = readMutants(join(root, 'tools', 'mutants'));
const projectOf = (name: string): string =>
  ['libs', 'services'].map((group) => join(root, group, name)).find((folder) => existsSync(folder)) ?? '';

function isThere(check: Check): boolean {
  if (check.kind === 'tests')
    return readdirSync(join(projectOf(check.project), 'test'), { recursive: true }).some((file) =>
      String(file).includes(check.tests),
    );
  const { caseName } = parseSimOptions(check.args);
  return caseName === null || CASES.some(({ name }) => name === caseName);
}

describe('mutants', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s applies, and its check is there',
    (_, mutant) => {
      expect(patchedFiles(root, mutant.file)).not.toBeNull();
      expect(isThere(mutant.check)).toBe(true);
    },
  );

  it('need servers when their check does', () => {
    const onServers = mutants.filter(needsServers).map(({ check }) => check);
    expect(onServers.every((check) => check.kind === 'tests')).toBe(true);
    expect(mutants.filter(({ check }) => /mysql|nats|zk/.test(JSON.stringify(check)))).toHaveLength(onServers.length);
  });

  it('take away each guarantee that a patch can take away', () => {
    const taken = new Set(mutants.map(({ guarantee }) => guarantee));
    expect([...taken].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('what noticed a mutant', () => {
  const simulation: Check = { kind: 'simulation', args: ['--case', 'B2b'] };

  it('is the rule that broke, by a case or by a seed', () => {
    const byCase = { stdout: 'B2b failed with seed 1: Error: p1: applied twice\n', stderr: '' };
    expect(noticedBy(simulation, byCase)).toBe('p1: applied twice');
    const bySeed = { stdout: 'trace\n\nSeed 7 failed: p1: two owners\n', stderr: '' };
    expect(noticedBy(simulation, bySeed)).toBe('p1: two owners');
  });

  it('is nothing when the mutated code does not even load', () => {
    expect(noticedBy(simulation, { stdout: '', stderr: 'SyntaxError: no export\nNode.js v20\n' })).toBeNull();
  });
});
