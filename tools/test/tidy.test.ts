// Goal: the rules of docs/style.md that no linter knows hold in the whole tree.
// Method: reads every source file as text; each rule answers with the places where it is broken.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '@lutra/model';

const root = join(import.meta.dirname, '..', '..');
const SKIPPED = new Set(['node_modules', 'dist', 'dist-test', 'coverage', 'generated', 'golden']);
/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /^(utils?|helpers?|commons?|types|misc|shared|constants|lib|stuff)$/;
const LINES_MAX = 400;

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function filesBelow(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path);
    return entry.name.endsWith('.ts') ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
}

const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

const projects = [...foldersIn('libs'), ...foldersIn('services')];
const files = ['libs', 'services', 'tools', 'test'].flatMap(filesBelow);
/** What runs in a service: no tests, no tools. */
const product = files.filter(
  ({ path }) => /^(libs|services)\/[^/]+\/src\//.test(path) && !path.startsWith('libs/testing/'),
);
const self = relative(root, import.meta.filename);

const placesOf = (pattern: RegExp, among: readonly SourceFile[]): string[] =>
  among.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${String(index + 1)} ${line.trim()}`] : [])),
  );

describe('files', () => {
  it('are short', () => {
    const long = files.filter(({ text }) => text.split('\n').length > LINES_MAX + 1).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it('and folders are called by what is inside, in kebab-case', () => {
    const wrong = files.filter(({ path }) => {
      const names = [...dirname(path).split('/').slice(2), basename(path).split('.')[0] ?? ''];
      return names.some((name) => EMPTY_NAMES.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('called index.ts are the entry of a package, nothing else', () => {
    const entries = new Set(
      projects.flatMap((project) => {
        const text = readFileSync(join(root, project, 'package.json'), 'utf8');
        const { exports = {} } = JSON.parse(text) as { exports?: Record<string, Record<string, string>> };
        return Object.values(exports).map((entry) => join(project, entry['@lutra/source'] ?? ''));
      }),
    );
    const stray = files.map(({ path }) => path).filter((path) => path.endsWith('/index.ts') && !entries.has(path));
    expect(stray).toEqual([]);
  });
});

describe('code', () => {
  it('lists its exports by hand', () => {
    expect(placesOf(/^export \* from/, product)).toEqual([]);
  });

  it('asks for environment, time, chance and console in one place each', () => {
    const allowed = new Set(['libs/model/src/clock.ts', 'libs/service-kit/src/service-host.ts']);
    const pattern = /\bprocess\.env\b|\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(|\bconsole\./;
    const among = product.filter(({ path }) => !allowed.has(path));
    expect(placesOf(pattern, among).filter((place) => !/ (\*|\/\/)/.test(place))).toEqual([]);
  });

  it('names NATS subjects in one file of messaging', () => {
    const pattern = /['"`](\$\{[^}]+\}|lutra)\.(selected|extracted|transformed|body|events|commands)\b/;
    const among = product.filter(({ path }) => path !== 'libs/messaging/src/nats/subjects.ts');
    expect(placesOf(pattern, among)).toEqual([]);
  });

  it('names ZooKeeper paths in one file of coordination', () => {
    const pattern = /['"`](\$\{[^}]+\}|\/lutra)?\/(instances|pipelines|leader)\b/;
    const among = product.filter(
      // The API has paths of the same name.
      ({ path }) => path !== 'libs/coordination/src/paths.ts' && !/^(services\/manager|libs\/api-client)\//.test(path),
    );
    expect(placesOf(pattern, among)).toEqual([]);
  });

  it('has no open to-do without an issue and no disabled test', () => {
    expect(placesOf(/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/, product)).toEqual([]);
    const tests = files.filter(({ path }) => path.endsWith('.test.ts') && path !== self);
    expect(placesOf(/\b(it|test|describe)\.(only|skip|todo)\b|\b(xit|xdescribe|fit|fdescribe)\(/, tests)).toEqual([]);
  });
});

describe('errors', () => {
  const thrown = product.filter(({ path }) => !/^libs\/model\/src\/(?:source-)?errors\.ts$/.test(path));

  it('each have a place that throws them', () => {
    const unused = Object.keys(ERRORS).filter((code) => !thrown.some(({ text }) => text.includes(`'${code}'`)));
    expect(unused).toEqual([]);
  });

  it('are each documented', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    expect(Object.keys(ERRORS).filter((code) => !page.includes(`### ${code}\n`))).toEqual([]);
  });
});

describe('projects', () => {
  it('each have a README of about one screen', () => {
    expect(projects.filter((project) => !existsSync(join(root, project, 'README.md')))).toEqual([]);
  });

  it('that are services offer no exports but those that the simulation drives', () => {
    const open = foldersIn('services').filter((project) => {
      const text = readFileSync(join(root, project, 'package.json'), 'utf8');
      const { exports = {} } = JSON.parse(text) as { exports?: Record<string, unknown> };
      return Object.keys(exports).some((entry) => entry !== './simulation');
    });
    expect(open).toEqual([]);
  });

  it('keep a golden file for each version of the wire', () => {
    const versions = readdirSync(join(root, 'libs/messaging/src/wire')).flatMap(
      (name) => /^(.+-v\d+)\.ts$/.exec(name)?.[1] ?? [],
    );
    const golden = readdirSync(join(root, 'libs/messaging/test/golden'));
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter((version) => !golden.some((name) => name.startsWith(version)))).toEqual([]);
  });
});
