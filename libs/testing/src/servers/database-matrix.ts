import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../packages/setup-error.ts';
import type { UnpackProgress } from '../packages/unpacked-program.ts';
import { readIfThere } from '../private-file.ts';
import { lutraHome } from '../project-paths.ts';
import { programVersion } from './program-version.ts';
import { findPrograms } from './programs.ts';
import type { DatabaseProgram } from './programs.ts';

/** Which of the wanted database servers this machine can run. */
export interface DatabaseMatrix {
  readonly run: readonly { readonly program: DatabaseProgram; readonly version: string }[];
  /** With the reason in one line. */
  readonly missing: readonly { readonly program: DatabaseProgram; readonly reason: string }[];
}

export interface MatrixOptions {
  /** The `.lutra` folder; LUTRA_HOME unless given. */
  readonly home?: string;
  /** Look again for what could not be had a moment ago. */
  readonly isFresh?: boolean;
  /** Told while a server is downloaded and unpacked. */
  readonly onProgress?: (progress: UnpackProgress) => void;
}

/** An archive that does not answer is not asked again by each test file of a run. */
const REMEMBERED_MS = 3600_000;

/**
 * Finds or unpacks each of these servers. Releases leave the distribution's archive as time goes by: such a server is no
 * error of the tests, but it has to be seen, so the caller shows `missing`. 'mysql' and 'mariadb' are needed: for them a
 * SetupError is thrown.
 */
export async function databaseMatrix(
  programs: readonly DatabaseProgram[],
  options: MatrixOptions = {},
): Promise<DatabaseMatrix> {
  const run: { program: DatabaseProgram; version: string }[] = [];
  const missing: { program: DatabaseProgram; reason: string }[] = [];
  for (const program of programs) {
    const found = await find(program, options);
    if ('version' in found) run.push({ program, version: found.version });
    else missing.push({ program, reason: found.reason });
  }
  return { run, missing };
}

async function find(
  program: DatabaseProgram,
  { home = lutraHome(), isFresh = false, onProgress = () => undefined }: MatrixOptions,
): Promise<{ readonly version: string } | { readonly reason: string }> {
  const folder = join(home, 'servers', 'missing');
  const note = join(folder, `${program}.json`);
  if (!isFresh) {
    const noted = JSON.parse(readIfThere(note) ?? 'null') as { reason: string; atMs: number } | null;
    if (noted !== null && Date.now() - noted.atMs < REMEMBERED_MS) return { reason: noted.reason };
  }
  try {
    const { [program]: found } = await findPrograms([program], { home, onProgress });
    return { version: await programVersion(found) };
  } catch (error) {
    if (program === 'mysql' || program === 'mariadb' || !(error instanceof SetupError)) throw error;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(note, JSON.stringify({ reason: error.message, atMs: Date.now() }));
    return { reason: error.message };
  }
}
