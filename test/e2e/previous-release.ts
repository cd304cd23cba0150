import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { lutraHome, projectRoot } from '@lutra/testing';

/**
 * Unpacks the stages of the release before this one (`previous-release.tar.br`, made by tools/pack-release.mjs on its commit)
 * and gives their folder. Their own libraries come with them; everything else is what this version has installed.
 */
export function unpackPreviousRelease(): string {
  const packed = readFileSync(join(projectRoot, 'test', 'e2e', 'previous-release.tar.br'));
  const folder = join(lutraHome(), 'previous', createHash('sha256').update(packed).digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  const fresh = `${folder}.${String(process.pid)}`;
  mkdirSync(fresh, { recursive: true });
  const tar = spawnSync('tar', ['-x', '-C', fresh], { input: brotliDecompressSync(packed) });
  if (tar.status !== 0) throw new Error(`The packed release cannot be unpacked: ${tar.stderr.toString()}`);
  linkDependencies(fresh);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return folder;
}

/** Every installed package but our own; a workspace's private versions too. */
function linkDependencies(folder: string): void {
  const installed = join(projectRoot, 'node_modules');
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@lutra'), { recursive: true });
  for (const name of readdirSync(installed))
    if (name !== '@lutra' && !name.startsWith('.')) symlinkSync(join(installed, name), join(modules, name));
  for (const group of ['libs', 'services'])
    for (const name of readdirSync(join(folder, group))) {
      symlinkSync(join('..', '..', group, name), join(modules, '@lutra', name));
      const own = join(projectRoot, group, name, 'node_modules');
      if (existsSync(own)) symlinkSync(own, join(folder, group, name, 'node_modules'));
    }
}
