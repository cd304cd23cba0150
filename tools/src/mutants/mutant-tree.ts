import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutant } from './read-mutants.ts';

/** A check takes seconds; one that hangs because of its mutant has noticed it. */
const CHECK_LIMIT_MS = 180_000;

export type Verdict = 'killed' | 'survived' | 'doesNotApply';

/** A copy of the tracked files in which patches are tried. Tests run from the sources, so that nothing is built. */
export class MutantTree {
  constructor(
    private readonly root: string,
    private readonly folder: string,
  ) {}

  /** Makes the copy anew. The packages of the workspace are those of the copy; all others are linked. */
  make(): void {
    rmSync(this.folder, { recursive: true, force: true });
    const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: this.root, encoding: 'utf8' });
    for (const file of tracked.split('\0').filter((name) => name !== '' && existsSync(join(this.root, name))))
      this.copy(file);
    for (const group of ['', 'tools', ...this.projects()]) this.linkModules(join(group, 'node_modules'));
    // Patches are applied by git, which takes a folder inside another work tree for a part of that one.
    execFileSync('git', ['init', '-q'], { cwd: this.folder });
  }

  /** True = the check passes. */
  check({ project, tests }: Mutant['check']): boolean {
    const jest = join(this.root, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = ['--experimental-vm-modules', jest, '--selectProjects', project, '--testPathPatterns', tests];
    const done = spawnSync(process.execPath, [...args, '--silent'], { cwd: this.folder, timeout: CHECK_LIMIT_MS });
    return done.status === 0;
  }

  /** Applies the mutant, runs its check, and takes the mutant back. */
  try(mutant: Mutant): Verdict {
    if (!this.apply(mutant, [])) return 'doesNotApply';
    try {
      return this.check(mutant.check) ? 'survived' : 'killed';
    } finally {
      this.apply(mutant, ['--reverse']);
    }
  }

  private apply(mutant: Mutant, options: readonly string[]): boolean {
    return spawnSync('git', ['apply', ...options, mutant.file], { cwd: this.folder }).status === 0;
  }

  private copy(file: string): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    cpSync(join(this.root, file), join(this.folder, file));
  }

  private projects(): readonly string[] {
    return ['libs', 'services'].flatMap((group) =>
      readdirSync(join(this.root, group)).map((name) => join(group, name)),
    );
  }

  private linkModules(modules: string): void {
    const from = join(this.root, modules);
    if (!existsSync(from)) return;
    const to = join(this.folder, modules);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from))
      // Links of the workspace are relative, so that those of the copy lead into the copy.
      if (name === '@lutra') cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
      else symlinkSync(join(from, name), join(to, name));
  }
}
