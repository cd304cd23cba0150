// `node tools/pack-release.mjs FILE [ROOT]`: packs the built stages and libraries of the working tree at ROOT (this one by
// default) as they are, for the test that runs two versions side by side (test/e2e/rolling-upgrade.e2e.test.ts). Run it on the
// commit that a release is made of; dependencies are not packed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const [file, root = join(dirname(fileURLToPath(import.meta.url)), '..')] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node tools/pack-release.mjs FILE [ROOT]\n');
  process.exit(64);
}
const libraries = readdirSync(join(root, 'libs')).filter((name) => name !== 'testing');
const folders = [
  ...libraries.map((name) => `libs/${name}`),
  ...['select', 'extract', 'transform', 'load'].map((name) => `services/${name}`),
];
const paths = folders.flatMap((folder) => [`${folder}/dist`, `${folder}/package.json`]);
const missing = paths.filter((path) => !existsSync(join(root, path)));
if (missing.length > 0) throw new Error(`Build first: ${missing.join(', ')}`);
const excluded = ['*.d.ts', '*.map', '*.tsbuildinfo'].map((pattern) => `--exclude=${pattern}`);
const tar = spawnSync('tar', ['-c', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', ...excluded, ...paths], {
  cwd: root,
  maxBuffer: 256 * 1024 * 1024,
});
if (tar.status !== 0) throw new Error(tar.stderr.toString());
const packed = brotliCompressSync(tar.stdout, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
writeFileSync(file, packed);
process.stdout.write(`${file}: ${packed.length} bytes\n`);
