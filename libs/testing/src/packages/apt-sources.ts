/** One line or stanza of the machine's own apt sources, as far as it concerns binary packages. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Path of a keyring, when the source names one. */
  readonly signedBy: string | null;
}

/** Reads apt sources in either spelling: one-line (`deb [options] uri suite component…`) or deb822 stanzas. Disabled ones are left out. */
export function parseAptSources(text: string): AptSource[] {
  return /^(Types|URIs):/m.test(text) ? parseStanzas(text) : text.split('\n').flatMap(parseLine);
}

/**
 * The source that offers this release of the distribution itself (not its security updates): every other release of the
 * archive is found there too. Other vendors' sources may name the same release, so those that look like Debian's own come
 * first; a machine that follows 'stable' instead of a release's name is understood as well. `null` when there is none.
 */
export function archiveOf(sources: readonly AptSource[], codename: string): AptSource | null {
  const archives = sources.filter((source) => source.components.includes('main') && !source.uri.includes('security'));
  const named = archives.filter((source) => source.suites.includes(codename));
  const followed = archives.filter((source) => source.suites.some((suite) => MOVING_SUITES.includes(suite)));
  return named.find(looksLikeDebian) ?? followed.find(looksLikeDebian) ?? named[0] ?? null;
}

/** Debian's own source on this machine that names the release itself: how a release is had that has left the archive. */
export function sourceNaming(sources: readonly AptSource[], suite: string): AptSource | null {
  const namesIt = (source: AptSource): boolean => source.suites.includes(suite) && source.components.includes('main');
  return sources.find((source) => namesIt(source) && looksLikeDebian(source)) ?? null;
}

const MOVING_SUITES: readonly string[] = ['stable', 'oldstable', 'testing', 'unstable', 'sid'];

const looksLikeDebian = (source: AptSource): boolean =>
  /\/debian\/?$/.test(source.uri) || source.signedBy?.includes('debian-archive') === true;

function parseLine(line: string): AptSource[] {
  const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line.trim());
  if (match === null) return [];
  const [, options = '', uri = '', suite = '', components = ''] = match;
  const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
  return [{ uri, suites: [suite], components: words(components), signedBy: keyringPath(signedBy) }];
}

function parseStanzas(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    const isUsed =
      words(fields.get('types') ?? '').includes('deb') && !/^(no|false|0)$/i.test(fields.get('enabled') ?? '');
    if (!isUsed) return [];
    const shared = {
      suites: words(fields.get('suites') ?? ''),
      components: words(fields.get('components') ?? ''),
      signedBy: keyringPath(fields.get('signed-by')),
    };
    return words(fields.get('uris') ?? '').map((uri) => ({ uri, ...shared }));
  });
}

/** Field names in lower case; lines that begin with a blank continue the field before, lines with # are comments. */
function stanzaFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z-]+):(.*)$/.exec(line);
    if (field !== null) name = (field[1] ?? '').toLowerCase();
    const value = field === null ? line : (field[2] ?? '');
    fields.set(name, `${fields.get(name) ?? ''} ${value.trim()}`.trim());
  }
  return fields;
}

/** A key that is written into the stanza itself is no path: apt's own keyrings are then tried. */
const keyringPath = (signedBy: string | undefined): string | null =>
  signedBy?.startsWith('/') === true ? signedBy : null;

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
