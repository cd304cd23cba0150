import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readMutants } from '../src/mutants/read-mutants.ts';

const root = join(import.meta.dirname, '..', '..');
const mutants = readMutants(join(root, 'tools', 'mutants'));
const projectOf = (name: string): string =>
  ['libs', 'services'].map((group) => join(root, group, name)).find((folder) => existsSync(folder)) ?? '';

describe('mutants', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    '%s applies, and its check is there',
    (_, mutant) => {
      const { status, stderr } = spawnSync('git', ['apply', '--check', mutant.file], { cwd: root, encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      const tests = readdirSync(join(projectOf(mutant.check.project), 'test'));
      expect(tests.some((file) => file.includes(mutant.check.tests))).toBe(true);
    },
  );

  it('take away each guarantee that a patch can take away', () => {
    const taken = new Set(mutants.map(({ guarantee }) => guarantee));
    expect([...taken].sort()).toEqual([1, 2, 3, 4, 5, 6, 8]);
  });
});
