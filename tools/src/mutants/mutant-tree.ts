import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { noticedBy } from './noticed-by.ts';
import { patchedFiles } from './patched-files.ts';
import type { Check, Mutant } from './read-mutants.ts';

const NOT_SOURCES = ['node_modules', 'dist', 'dist-test'];
/** A check takes seconds; one that hangs because of its mutant has noticed it. */
const CHECK_LIMIT_MS = 180_000;
/** Of the property tests that are checks: any one with which they notice their mutants. */
const PROPERTY_SEED = '1';

/** checkBroke: it failed for another reason than a rule or a test, a mutant that does not even load for instance. */
export type Verdict = 'noticed' | 'survived' | 'doesNotApply' | 'checkBroke';

export interface CheckResult {
  readonly passes: boolean;
  /** The first thing that failed: a rule, or a test; null when neither did. */
  readonly noticedBy: string | null;
}

/** A copy of the sources, with what was built of them, in which patches are tried. */
export class MutantTree {
  private readonly options: ts.CompilerOptions;

  constructor(
    private readonly root: string,
    private readonly folder: string,
  ) {
    const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), (name) => readFileSync(name, 'utf8'));
    const raw = config.config as { readonly compilerOptions: unknown };
    const { options } = ts.convertCompilerOptionsFromJson(raw.compilerOptions, root);
    // For one file by itself: that its package is a module is in a package.json which is not read.
    const module = ts.ModuleKind.ESNext;
    const moduleResolution = ts.ModuleResolutionKind.Bundler;
    const alone = { composite: false, declaration: false, declarationMap: false, sourceMap: false };
    this.options = { ...options, ...alone, module, moduleResolution };
  }

  /** Makes the copy anew. The packages of the workspace are those of the copy; all others are linked. */
  make(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.copySources('');
    const projects = this.projects();
    for (const group of ['', ...projects]) this.linkModules(join(group, 'node_modules'));
    for (const project of projects) this.copyBuilt(join(project, 'dist'));
  }

  check(check: Check): CheckResult {
    const done = spawnSync(process.execPath, this.commandOf(check), {
      cwd: this.folder,
      timeout: CHECK_LIMIT_MS,
      encoding: 'utf8',
      // Chance must not decide what a check notices.
      env: { ...process.env, LUTRA_TEST_SEED: PROPERTY_SEED },
      maxBuffer: 256 * 1024 * 1024,
    });
    if (done.status === 0) return { passes: true, noticedBy: null };
    return { passes: false, noticedBy: done.signal === null ? noticedBy(check, done) : 'it hangs' };
  }

  /** Applies the mutant, runs its check, and takes the mutant back. */
  try(mutant: Mutant): { readonly verdict: Verdict; readonly noticedBy: string | null } {
    const mutated = patchedFiles(this.folder, mutant.file);
    if (mutated === null) return { verdict: 'doesNotApply', noticedBy: null };
    const sound = new Map([...mutated.keys()].map((file) => [file, readFileSync(join(this.folder, file), 'utf8')]));
    this.write(mutated);
    try {
      const { passes, noticedBy } = this.check(mutant.check);
      if (passes) return { verdict: 'survived', noticedBy };
      return { verdict: noticedBy === null ? 'checkBroke' : 'noticed', noticedBy };
    } finally {
      this.write(sound);
    }
  }

  /** Tests run from the sources, the simulation from what is built of them. */
  private commandOf(check: Check): readonly string[] {
    if (check.kind === 'simulation') return [join(this.folder, 'tools', 'dist', 'sim', 'main.js'), ...check.args];
    const jest = join(this.root, 'node_modules', 'jest', 'bin', 'jest.js');
    const { project, tests } = check;
    return ['--experimental-vm-modules', jest, '--selectProjects', project, '--testPathPatterns', tests, '--silent'];
  }

  private write(files: ReadonlyMap<string, string>): void {
    for (const [file, content] of files) {
      writeFileSync(join(this.folder, file), content);
      this.build(file);
    }
  }

  /** Only the file that changed, its types unlooked at: building the projects anew would take longer than the check. */
  private build(file: string): void {
    const built = join(this.folder, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
    if (!existsSync(built)) return;
    const source = readFileSync(join(this.folder, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { fileName: basename(file), compilerOptions: this.options });
    writeFileSync(built, outputText);
  }

  /** All but what is installed, built, or hidden. */
  private copySources(folder: string): void {
    mkdirSync(join(this.folder, folder), { recursive: true });
    for (const entry of readdirSync(join(this.root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || NOT_SOURCES.includes(entry.name)) continue;
      const file = join(folder, entry.name);
      if (entry.isDirectory()) this.copySources(file);
      else if (entry.isFile()) cpSync(join(this.root, file), join(this.folder, file));
    }
  }

  private copyBuilt(dist: string): void {
    const from = join(this.root, dist);
    if (!existsSync(from)) return;
    const filter = (name: string): boolean => !/\.(?:map|d\.ts|tsbuildinfo)$/.test(name);
    cpSync(from, join(this.folder, dist), { recursive: true, filter });
  }

  private projects(): readonly string[] {
    const below = (group: string): readonly string[] =>
      readdirSync(join(this.root, group)).map((name) => join(group, name));
    return [...below('libs'), ...below('services'), 'tools'];
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
