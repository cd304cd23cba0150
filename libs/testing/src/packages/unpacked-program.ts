import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from '../private-file.ts';
import { lockFolder } from '../processes/folder-lock.ts';
import { AptArchive } from './apt-archive.ts';
import type { PackageFile } from './apt-archive.ts';
import { unpackNpmPackage } from './npm-package.ts';
import type { NpmProgram } from './npm-package.ts';
import { runCommand } from './run-command.ts';
import { SetupError } from './setup-error.ts';

/** A server that is taken from the distribution's packages because the machine does not have it. */
export interface AptProgram {
  /** Folder name below `.lutra/servers`. */
  readonly name: string;
  /** Any of these sets will do; the first that the archive has is taken. */
  readonly packages: readonly (readonly string[])[];
  /** Another release of the distribution than the machine's own. */
  readonly suite: string | null;
}

export type PackagedProgram = AptProgram | NpmProgram;

export interface UnpackProgress {
  /** What is done now, for people. */
  readonly step: 'lists' | 'stale' | 'download' | 'unpack' | 'done' | 'waiting';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface UnpackOptions {
  /** The `.lutra` folder: packages are kept in `cache`, programs in `servers`. */
  readonly home: string;
  readonly onProgress: (progress: UnpackProgress) => void;
}

/** Bump when a program has to be unpacked anew although its packages are the same. */
const RECIPE = 1;

/** The root folder of an unpacked program, or `null` when it is not there (whole and by the present recipe). */
export function unpackedRoot(home: string, program: PackagedProgram): string | null {
  return readIfThere(stampFile(home, program)) === stampOf(program) ? rootFolder(home, program) : null;
}

/**
 * Downloads (once: the packages stay in the cache) and unpacks programs side by side, without root and without installing
 * anything. A second start at the same time waits for the first. Throws {@link SetupError} where that is not possible.
 */
export async function unpackPrograms(programs: readonly PackagedProgram[], options: UnpackOptions): Promise<void> {
  const { home, onProgress } = options;
  mkdirSync(join(home, 'servers'), { recursive: true, mode: 0o700 });
  const release = await lockFolder(join(home, 'servers', 'lock'), {
    waitMs: LOCK_WAIT_MS,
    onWait: () => {
      onProgress({ step: 'waiting', doneBytes: 0, totalBytes: 0 });
    },
  });
  try {
    const missing = programs.filter((program) => unpackedRoot(home, program) === null);
    if (missing.length === 0) return;
    onProgress({ step: 'lists', doneBytes: 0, totalBytes: 0 });
    for (const program of missing) if ('npmPackage' in program) await unpackFromNpm(home, program);
    await unpackFromApt(
      missing.filter((program): program is AptProgram => !('npmPackage' in program)),
      options,
    );
    onProgress({ step: 'done', doneBytes: 0, totalBytes: 0 });
  } finally {
    release();
  }
}

async function unpackFromNpm(home: string, program: NpmProgram): Promise<void> {
  const root = rootFolder(home, program);
  rmSync(join(home, 'servers', program.name), { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  await unpackNpmPackage(program, { cacheFolder: join(home, 'cache', 'npm'), root });
  writeFileSync(stampFile(home, program), stampOf(program));
}

async function unpackFromApt(programs: readonly AptProgram[], { home, onProgress }: UnpackOptions): Promise<void> {
  if (programs.length === 0) return;
  const cache = join(home, 'cache');
  const plans: Plan[] = [];
  for (const program of programs) {
    const archive = AptArchive.open(cache, program.suite, () => {
      onProgress({ step: 'stale', doneBytes: 0, totalBytes: 0 });
    });
    plans.push(await plan(archive, program));
  }
  await download(cache, plans, onProgress);
  await unpack(home, plans, onProgress);
}

interface Plan {
  readonly program: AptProgram;
  readonly archive: AptArchive;
  readonly packages: readonly string[];
  readonly files: readonly PackageFile[];
}

const LOCK_WAIT_MS = 15 * 60_000;
const PROGRESS_EVERY_MS = 250;

async function plan(archive: AptArchive, program: AptProgram): Promise<Plan> {
  let firstError: unknown;
  for (const packages of program.packages) {
    try {
      return { program, archive, packages, files: await archive.filesOf(packages) };
    } catch (error) {
      firstError ??= error;
    }
  }
  throw firstError;
}

async function download(cache: string, plans: readonly Plan[], onProgress: UnpackOptions['onProgress']): Promise<void> {
  const archives = join(cache, 'archives');
  const files = new Map(plans.flatMap((one) => one.files.map((file) => [file.file, file] as const)));
  const totalBytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0);
  const finished = new AbortController();
  const reporting = (async () => {
    while (!finished.signal.aborted) {
      const doneBytes = [...files.keys()].reduce((sum, file) => sum + sizeNow(archives, file), 0);
      onProgress({ step: 'download', doneBytes: Math.min(doneBytes, totalBytes), totalBytes });
      await sleep(PROGRESS_EVERY_MS);
    }
  })();
  try {
    for (const { archive, packages } of plans) await downloadOne(archive, packages);
  } finally {
    finished.abort();
    await reporting;
  }
  onProgress({ step: 'download', doneBytes: totalBytes, totalBytes });
}

/** The archive may have moved on since the lists were fetched: then they are fetched anew, once. */
async function downloadOne(archive: AptArchive, packages: readonly string[]): Promise<void> {
  try {
    await archive.download(packages);
  } catch {
    await archive.update();
    await archive.download(packages);
  }
}

/** apt writes a file in `partial` and moves it when it is whole. */
function sizeNow(archives: string, file: string): number {
  for (const path of [join(archives, file), join(archives, 'partial', file)]) {
    const bytes = statSync(path, { throwIfNoEntry: false })?.size;
    if (bytes !== undefined) return bytes;
  }
  return 0;
}

async function unpack(home: string, plans: readonly Plan[], onProgress: UnpackOptions['onProgress']): Promise<void> {
  const totalBytes = plans.reduce((sum, one) => sum + one.files.length, 0);
  let doneBytes = 0;
  for (const { program, archive, packages } of plans) {
    const root = rootFolder(home, program);
    rmSync(join(home, 'servers', program.name), { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    // Asked again: a download that met a newer list has other files than the plan.
    for (const { file } of await archive.filesOf(packages)) {
      const { code, everything } = await runCommand(['dpkg-deb', '-x', join(home, 'cache', 'archives', file), root]);
      if (code !== 0) throw new SetupError(`${file} could not be unpacked: ${everything.trim()}`);
      doneBytes += 1;
      onProgress({ step: 'unpack', doneBytes, totalBytes });
    }
    for (const name of readdirIfThere(join(root, 'usr', 'share')))
      if (UNUSED_SHARE.has(name)) rmSync(join(root, 'usr', 'share', name), { recursive: true, force: true });
    writeFileSync(stampFile(home, program), stampOf(program));
  }
}

/** Documentation of the packages: half of the unpacked size, never read. */
const UNUSED_SHARE = new Set(['doc', 'man', 'locale', 'perl', 'info', 'lintian', 'bug']);

const readdirIfThere = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
const rootFolder = (home: string, program: PackagedProgram): string => join(home, 'servers', program.name, 'root');
const stampFile = (home: string, program: PackagedProgram): string => join(home, 'servers', program.name, 'unpacked');
const stampOf = (program: PackagedProgram): string =>
  JSON.stringify(
    'npmPackage' in program ? [RECIPE, program.npmPackage, program.version] : [RECIPE, program.suite, program.packages],
  );
