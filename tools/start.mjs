// First step of `npm run demo`, `npm test` and the other commands, on a machine where nothing is installed or built yet:
// installs the dependencies and builds when something has changed, then hands over to the built tool.
// Plain Node without a dependency, because nothing else is there when it runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const home = process.env.LUTRA_HOME ?? join(root, '.lutra');
const nodeWanted = [20, 19];
const tools = ['demo', 'test', 'bench', 'servers', 'docs', 'dump', 'charsets', 'chaos', 'sim', 'mutants'];

const [tool, ...args] = process.argv.slice(2);
try {
  if (!tools.includes(tool)) fail(`Unknown command '${tool ?? ''}'. There are: ${tools.join(', ')}.`);
  checkMachine();
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  await install();
  await build();
  const entry = join(root, 'tools', 'dist', tool, 'main.js');
  if (!existsSync(entry)) fail(`tools/src/${tool}/main.ts does not exist.`);
  process.argv.splice(1, process.argv.length, entry, ...args);
  await import(pathToFileURL(entry).href);
} catch (error) {
  if (error?.name !== 'StartError') throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function fail(message) {
  throw Object.assign(new Error(message), { name: 'StartError' });
}

function checkMachine() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < nodeWanted[0] || (major === nodeWanted[0] && minor < nodeWanted[1]))
    fail(`Lutra needs Node ${nodeWanted.join('.')} or newer; this is ${process.versions.node}.`);
  if (process.platform === 'win32') fail('Windows is not supported: use WSL with Debian, or `docker compose up`.');
}

/** `npm ci` when node_modules does not come from this package-lock.json. */
async function install() {
  const lockFile = join(root, 'package-lock.json');
  const stampFile = join(home, 'install.stamp');
  const stamp = `${sha256(readFileSync(lockFile))} node ${process.versions.node.split('.')[0]}`;
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed)) {
    if (read(stampFile) === stamp) return;
    // Somebody ran `npm ci` by hand, after this lock file was written.
    if (read(stampFile) === '' && statSync(installed).mtimeMs >= statSync(lockFile).mtimeMs) {
      writeFileSync(stampFile, stamp);
      return;
    }
  }
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  await step('Installing dependencies', 'npm-ci.log', [
    ...command,
    'ci',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
  ]);
  writeFileSync(stampFile, stamp);
}

/** `tsc -b` of everything that runs, when a source file has changed since the last build. tsc itself decides what is stale. */
async function build() {
  const projects = ['tools', ...list('services').map((name) => join('services', name))].filter((project) =>
    existsSync(join(root, project, 'src', project === 'tools' ? '' : 'main.ts')),
  );
  const stampFile = join(home, 'build.stamp');
  const stamp = sourceStamp();
  const isBuilt = projects.every((project) => existsSync(join(root, project, 'dist')));
  if (isBuilt && read(stampFile) === stamp) return;
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await step('Building', 'build.log', [process.execPath, tsc, '-b', ...projects]);
  writeFileSync(stampFile, stamp);
}

/** Path, size and time of every source file: a change of any of them asks tsc again. */
function sourceStamp() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else add(path);
    }
  };
  const projects = [...['libs', 'services'].flatMap((group) => list(group).map((name) => join(group, name))), 'tools'];
  for (const project of projects) {
    if (existsSync(join(root, project, 'src'))) walk(join(root, project, 'src'));
    for (const file of ['tsconfig.json', 'package.json'])
      if (existsSync(join(root, project, file))) add(join(root, project, file));
  }
  add(join(root, 'tsconfig.base.json'));
  add(join(root, 'package-lock.json'));
  return hash.digest('hex');
}

/** Runs a command with its output in a log file and the seconds that pass on the screen; shows the log's end when it fails. */
async function step(title, logName, [command, ...commandArgs]) {
  const logFile = join(home, 'logs', logName);
  const log = openSync(logFile, 'w', 0o600);
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const isTerminal = process.stdout.isTTY === true;
  if (!isTerminal) process.stdout.write(`${title} …\n`);
  const ticker = setInterval(
    () => process.stdout.write(isTerminal ? `\r${title} … ${seconds()}` : `${title} … ${seconds()}\n`),
    isTerminal ? 1000 : 20_000,
  );
  const code = await new Promise((resolve) => {
    // `npm run --silent` hands its silence down; the log shall have every word.
    const env = { ...process.env, npm_config_loglevel: 'notice' };
    const child = spawn(command, commandArgs, { cwd: root, env, stdio: ['ignore', log, log] });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  clearInterval(ticker);
  if (isTerminal) process.stdout.write('\r\x1b[2K');
  if (code !== 0) {
    process.stderr.write(`${read(logFile).trimEnd().split('\n').slice(-40).join('\n')}\n`);
    fail(`${title} failed (${code}); the whole output is in ${relative(process.cwd(), logFile)}.`);
  }
  process.stdout.write(`${title}: done in ${seconds()}\n`);
}

function list(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
