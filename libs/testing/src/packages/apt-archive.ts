import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from '../private-file.ts';
import { archiveOf, parseAptSources, sourceNaming } from './apt-sources.ts';
import type { AptSource } from './apt-sources.ts';
import { runCommand } from './run-command.ts';
import { SetupError } from './setup-error.ts';

/** One package file that has to be there before a program can be unpacked. */
export interface PackageFile {
  readonly uri: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * The distribution's package archive, used through the machine's own apt but with lists, cache and an empty package
 * status of our own: nothing is installed, an ordinary user may do it, and the closure is complete down to libc.
 */
export class AptArchive {
  private readonly options: readonly string[];
  private readonly listsFolder: string;

  private constructor(
    private readonly cacheFolder: string,
    private readonly suite: string,
    source: AptSource,
    private readonly onStale: (suite: string) => void,
  ) {
    const folder = join(cacheFolder, 'apt', suite);
    this.listsFolder = join(folder, 'lists');
    mkdirSync(join(this.listsFolder, 'partial'), { recursive: true });
    mkdirSync(join(cacheFolder, 'archives', 'partial'), { recursive: true });
    const keyring = source.signedBy ?? firstThatExists(DEBIAN_KEYRINGS);
    const signedBy = keyring === null ? '' : `[signed-by=${keyring}] `;
    writeFileSync(join(folder, 'sources.list'), `deb ${signedBy}${source.uri} ${suite} main\n`);
    writeFileSync(join(folder, 'status'), '');
    this.options = [
      `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
      'Dir::Etc::sourceparts=/dev/null',
      'Dir::Etc::preferences=/dev/null',
      'Dir::Etc::preferencesparts=/dev/null',
      `Dir::State=${folder}`,
      `Dir::State::lists=${this.listsFolder}`,
      `Dir::State::status=${join(folder, 'status')}`,
      `Dir::Cache=${folder}`,
      `Dir::Cache::archives=${join(cacheFolder, 'archives')}`,
      'APT::Install-Recommends=0',
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
      'Acquire::Retries=3',
      'Debug::NoLocking=1',
    ].flatMap((option) => ['-o', option]);
  }

  /**
   * The archive of this machine's distribution in the given release, or in the machine's own when none is given. A source
   * of the machine that names the release goes before the archive that serves the machine itself.
   * Throws {@link SetupError} on a machine without apt or whose sources do not name a Debian archive.
   */
  static open(cacheFolder: string, suite: string | null, onStale: (suite: string) => void): AptArchive {
    const codename = /^VERSION_CODENAME=(\S+)/m.exec(readIfThere('/etc/os-release') ?? '')?.[1];
    if (codename === undefined || !isOnPath('apt-get') || !isOnPath('dpkg-deb'))
      throw new SetupError('This system has no apt.');
    const sources = machineSources();
    // A release that has left the distribution's archive may be named by a source of its own.
    const archive = (suite === null ? null : sourceNaming(sources, suite)) ?? archiveOf(sources, codename);
    if (archive === null)
      throw new SetupError(`The apt sources of this machine do not name an archive with '${codename} main'.`);
    return new AptArchive(cacheFolder, suite ?? codename, archive, onStale);
  }

  /** Every file that these packages need, with its size. Fetches the archive's lists first when they are missing or a day old. */
  async filesOf(packages: readonly string[]): Promise<PackageFile[]> {
    if (this.listsAreOld()) await this.update();
    // A file that is in the cache would not be printed: the question is put against an empty one.
    const emptyCache = join(this.listsFolder, '..', 'no-archives');
    mkdirSync(join(emptyCache, 'partial'), { recursive: true });
    const question = ['-o', `Dir::Cache::archives=${emptyCache}`, '-y', '--print-uris', 'install', ...packages];
    const { code, output, everything } = await this.apt(...question);
    if (code !== 0)
      throw new SetupError(`apt does not find ${packages.join(', ')} in ${this.suite}:\n${lastLines(everything)}`);
    return output.split('\n').flatMap((line) => {
      const match = /^'([^']+)' (\S+) (\d+) /.exec(line);
      return match === null ? [] : [{ uri: match[1] ?? '', file: match[2] ?? '', bytes: Number(match[3]) }];
    });
  }

  /** Downloads what is missing in the cache; apt checks sizes and hashes against the signed lists. */
  async download(packages: readonly string[]): Promise<void> {
    const { code, everything } = await this.apt('-y', '--download-only', 'install', ...packages);
    if (code !== 0)
      throw new SetupError(`The packages ${packages.join(', ')} could not be downloaded:\n${lastLines(everything)}`);
  }

  /**
   * Fetches the lists anew: needed when the archive has moved on and a file is gone. A mirror that has stood still for
   * longer than its lists are valid is used nevertheless, and `onStale` is told: signatures and hashes are checked all the
   * same, and what is unpacked listens on 127.0.0.1 only.
   */
  async update(): Promise<void> {
    let result = await this.apt('update');
    if (result.everything.includes('is expired (invalid since')) {
      this.onStale(this.suite);
      result = await this.apt('-o', 'Acquire::Check-Valid-Until=false', 'update');
    }
    if (result.code !== 0 || !this.hasLists())
      throw new SetupError(`The package lists of ${this.suite} could not be fetched:\n${lastLines(result.everything)}`);
    writeFileSync(join(this.listsFolder, '.fetched'), '');
  }

  private apt(...args: readonly string[]): ReturnType<typeof runCommand> {
    return runCommand(['apt-get', '-q', ...this.options, ...args], {
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
    });
  }

  private listsAreOld(): boolean {
    const stamp = join(this.listsFolder, '.fetched');
    return !existsSync(stamp) || Date.now() - statSync(stamp).mtimeMs > LISTS_AGE_MAX_MS;
  }

  private hasLists(): boolean {
    return readdirSync(this.listsFolder).some((name) => /_Packages(\.|$)/.test(name));
  }
}

/** The path of a program, or `null`. Folders for administrators are looked at too: servers live there, and users lack them in PATH. */
export function findOnPath(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/bin'];
  return firstThatExists(folders.filter((folder) => folder !== '').map((folder) => join(folder, program)));
}

const LISTS_AGE_MAX_MS = 24 * 3600 * 1000;
const DEBIAN_KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
];

const isOnPath = (program: string): boolean => findOnPath(program) !== null;

const firstThatExists = (paths: readonly string[]): string | null => paths.find((path) => existsSync(path)) ?? null;

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-8).join('\n');

function machineSources(): AptSource[] {
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .filter((name) => /\.(list|sources)$/.test(name))
        .map((name) => join(parts, name))
    : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => existsSync(file))
    .flatMap((file) => parseAptSources(readFileSync(file, 'utf8')));
}
