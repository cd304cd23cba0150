// `npm run dev -- <service>`: compiles on every change and restarts the built service. Its environment comes from the shell
// (docs/configuration.md). Built JavaScript is run because only the compiler writes the metadata that NestJS needs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const service = process.argv[2] ?? '';
if (!existsSync(join(root, 'services', service, 'src', 'main.ts'))) {
  process.stderr.write('Usage: npm run dev -- select|extract|transform|load|arbiter|manager\n');
  process.exit(64);
}
const run = (command, args) => spawn(command, args, { cwd: root, stdio: 'inherit' });
const children = [
  run(join(root, 'node_modules', '.bin', 'tsc'), ['-b', '-w', '--preserveWatchOutput', join('services', service)]),
  run(process.execPath, ['--watch', '--enable-source-maps', join('services', service, 'dist', 'main.js')]),
];
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
