import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatch, parsePatch } from 'diff';

/**
 * What the files of a patch would become, by their path below `root`; null when a part of it does not fit, to the letter,
 * anywhere in its file. Without git, which a machine that runs the tests need not have.
 */
export function patchedFiles(root: string, patchFile: string): ReadonlyMap<string, string> | null {
  const files = new Map<string, string>();
  for (const patch of parsePatch(readFileSync(patchFile, 'utf8'))) {
    const name = patch.newFileName?.replace(/^b\//, '');
    if (name === undefined) return null;
    const content = applyPatch(readFileSync(join(root, name), 'utf8'), patch);
    if (content === false) return null;
    files.set(name, content);
  }
  return files.size === 0 ? null : files;
}
