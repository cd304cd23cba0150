import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

// Goal: somebody who has no more than an archive of @lutra/processor makes a package, and an installation of Lutra uses it.
// Method: the example under another name, compiled, packed and installed by npm without any registry, in a folder outside of
// this one. What is built of Lutra is copied there, and runs by itself with LUTRA_PROCESSORS.

const ROOT = join(import.meta.dirname, '../../..');
const NAME = '@acme/lutra-phone-number';
/** What is built of Lutra beside the interface, which is installed. */
const LIBRARIES = ['mapping', 'model'];
let home: string;

function run(folder: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', LUTRA_PROCESSORS: NAME },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const npm = (folder: string, ...args: readonly string[]): string =>
  run(folder, 'npm', ...args, '--offline', '--no-audit', '--no-fund', '--cache', join(home, 'npm'));

/** The archive of a folder's package. */
function pack(folder: string): string {
  const [packed] = JSON.parse(npm(folder, 'pack', '--json', '--pack-destination', home)) as { filename: string }[];
  return join(home, packed?.filename ?? '');
}

/** What a stranger writes: their own source, package.json and settings of the compiler. */
function writePackage(folder: string): void {
  cpSync(join(ROOT, 'libs/example-processor/src/phone-number.ts'), join(folder, 'src/phone-number.ts'));
  const of = {
    ...{ name: NAME, version: '1.0.0', type: 'module', files: ['dist'], exports: './dist/phone-number.js' },
    dependencies: { '@lutra/processor': '^1.0.0' },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(of));
  const compilerOptions = {
    ...{ target: 'es2023', module: 'nodenext', strict: true, declaration: true, rootDir: 'src', outDir: 'dist' },
    ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
}

const PROGRAM = `
import { Processors, TableMapping } from '@lutra/mapping';
import { compileMappings, readColumnType, systemClock } from '@lutra/model';

const processors = new Processors({ allowed: process.env.LUTRA_PROCESSORS, timeoutMs: 60_000, clock: systemClock });
await processors.load();
const column = (name, type) => ({ name, nullable: true, ...readColumnType(type) });
const source = { schema: 'shop', table: 'people', columns: [column('id', 'int'), column('phone', 'varchar(40)')], primaryKey: [0] };
const mapping = {
  id: 'm', source: { schema: 'shop', table: { exact: 'people' } }, target: { schema: 'shop' }, columns: { mode: 'all' },
  rules: { processors: [{ name: '${NAME}', settings: { column: 'phone', countryCode: '43' } }] },
};
const [compiled] = TableMapping.all(compileMappings([mapping]), { source, openKey: () => '', processors });
const facts = { pipelineId: 'p', gtid: '0-1-7', commitMs: 0, event: 0, row: 0, kind: 'insert' };
const rowOf = (phone) => ({ change: { kind: 'insert', table: 0, event: 0, row: 0, part: 0, flags: 0, after: [1, phone] }, facts });
const rows = await compiled.mapAll([rowOf('01 555-0123'), rowOf('none')]);
console.log(JSON.stringify(rows.map(({ changes, refusal }) => refusal?.code ?? changes[0].after)));
`;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lutra-outside-'));
}, 60_000);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
}, 60_000);

describe('a processor of somebody else', () => {
  it('is compiled, packed, installed and loaded by name, without a registry and outside of this repository', () => {
    const [theirs, lutra] = [join(home, 'theirs'), join(home, 'installed/lutra')];
    const interfaceArchive = pack(join(ROOT, 'libs/processor'));
    writePackage(theirs);
    const unpacked = join(theirs, 'node_modules/@lutra/processor');
    mkdirSync(unpacked, { recursive: true });
    run(unpacked, 'tar', '-xzf', interfaceArchive, '--strip-components=1');
    expect(readdirSync(unpacked).sort()).toEqual(['README.md', 'dist', 'package.json']);
    run(theirs, process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'));
    const archive = pack(theirs);

    mkdirSync(lutra, { recursive: true });
    writeFileSync(join(lutra, 'package.json'), JSON.stringify({ name: 'lutra', private: true, type: 'module' }));
    npm(lutra, 'install', '--no-save', interfaceArchive, archive);
    for (const library of LIBRARIES)
      for (const part of ['dist', 'package.json'])
        cpSync(join(ROOT, 'libs', library, part), join(lutra, 'node_modules/@lutra', library, part), {
          recursive: true,
        });
    // Packages of others that Lutra needs; there is none of the stranger among them.
    symlinkSync(join(ROOT, 'node_modules'), join(home, 'installed/node_modules'));
    const own = join(ROOT, 'libs/mapping/node_modules');
    if (existsSync(own)) symlinkSync(own, join(lutra, 'node_modules/@lutra/mapping/node_modules'));
    writeFileSync(join(lutra, 'program.js'), PROGRAM);
    expect(JSON.parse(run(lutra, process.execPath, 'program.js'))).toEqual([
      [1, '+4315550123'],
      'ROW_PROCESSOR_REFUSED',
    ]);
  }, 600_000);
});
