import { describe, expect, it } from '@jest/globals';
import { archiveOf, parseAptSources, sourceNaming } from '@lutra/testing';

const deb822 = `# base
Types: deb deb-src
# comment inside
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://disabled.example/debian
Suites: bookworm
Components: main
`;
const oneLine = `# deb http://old.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/keys/vendor.gpg] https://vendor.example/node bookworm main
deb http://security.mirror.example/debian-security bookworm main
deb http://mirror.example/debian/ bookworm main contrib # the archive
`;

describe('apt sources', () => {
  it('reads stanzas with several addresses, folded lines and comments, and leaves disabled ones out', () => {
    expect(parseAptSources(deb822).map(({ uri }) => uri)).toEqual([
      'http://mirror.example/debian',
      'http://second.example/debian',
      'http://mirror.example/debian-security',
    ]);
    expect(parseAptSources(deb822)[0]).toMatchObject({
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
    });
  });

  it.each([
    ['stanzas', deb822, 'bookworm', 'http://mirror.example/debian'],
    [
      'lines, past sources of other vendors and of security updates',
      oneLine,
      'bookworm',
      'http://mirror.example/debian/',
    ],
    ['a machine that follows stable', 'deb http://m.example/debian stable main', 'trixie', 'http://m.example/debian'],
  ])('finds the archive in %s', (_where, text, codename, uri) => {
    expect(archiveOf(parseAptSources(text), codename)?.uri).toBe(uri);
  });

  it('finds none where only another vendor follows stable', () => {
    expect(archiveOf(parseAptSources('deb https://vendor.example/apt stable main'), 'bookworm')).toBeNull();
  });

  it("takes a release from a source that names it, if it is Debian's own", () => {
    const sources = parseAptSources(`${oneLine}deb http://old.example/debian bullseye main
deb http://vendor.example/node bullseye main`);
    expect(sourceNaming(sources, 'bullseye')?.uri).toBe('http://old.example/debian');
    expect(sourceNaming(sources, 'trixie')).toBeNull();
    expect(sourceNaming(parseAptSources('deb http://vendor.example/node sid main'), 'sid')).toBeNull();
  });
});
