import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a program below `root` is started: by its own dynamic loader and with its own libraries, so that it runs on any
 * distribution. `root` '' = installed on this machine: as it is.
 */
export function programCommand(
  root: string,
  program: string,
  extraLibraries: readonly string[] = [],
): [string, ...string[]] {
  if (root === '') return [program];
  const loader = LOADERS.map((path) => join(root, path)).find((path) => existsSync(path));
  if (loader === undefined) throw new Error(`No dynamic loader below ${root}`);
  const libraries = [...LIBRARIES.map((path) => join(root, path)), ...extraLibraries];
  return [loader, '--library-path', libraries.join(':'), program];
}

/** Debian 12 keeps the loader in /lib (its /lib64 link is absolute and would lead out of the root), later ones below /usr. */
const LOADERS = [
  'usr/lib64/ld-linux-x86-64.so.2',
  'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
  'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
];
const LIBRARIES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'];
