// Goal: whatever schema statements are run at a source, its targets come to have the same tables with the same rows.
// Method: each text of the table is run at a MariaDB and at a MySQL source, one behind the other and without a pause; one
// pipeline carries them under the same names, in four lanes, another one under other names, in whole transactions. Then the
// definitions (SHOW CREATE TABLE) and the rows of every text's tables are compared at both targets.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { must } from '@lutra/model';
import type { DatabaseKind } from '@lutra/model';
import { OwnServer, testServers, waitUntil } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { startE2eStack } from '../e2e-stack.ts';
import type { E2eStack } from '../e2e-stack.ts';
import { ddlTextsFor } from './all-ddl-texts.ts';
import { DdlSite } from './ddl-site.ts';

let e2e: E2eStack | null = null;
let mysqlSource: OwnServer | null = null;
const sites = new Map<DatabaseKind, DdlSite>();
const KINDS = ['mariadb', 'mysql'] as const;

beforeAll(async () => {
  [e2e, mysqlSource] = await Promise.all([startE2eStack('ddl-scenarios'), OwnServer.start({ program: 'mysql' })]);
  const { stack } = e2e;
  for (const kind of KINDS)
    sites.set(kind, await DdlSite.start({ kind, stack, ...serversOf(kind), texts: ddlTextsFor(kind) }));
  await Promise.all([...sites.values()].map((site) => site.run()));
}, 300_000);

afterAll(async () => {
  await e2e?.stop();
  for (const site of sites.values()) await site.stop();
  await mysqlSource?.close();
});

describe.each(KINDS)('schema statements on %s', (kind) => {
  const site = (): DdlSite => must(sites.get(kind), 'it has started');

  it.each(['same', 'copy'])('arrive: %s', (flavour) => site().arrived(flavour), 300_000);

  it.each(ddlTextsFor(kind).map((text) => [text.name, text] as const))('%s', async (_name, text) => {
    const found: Record<string, string[]> = {};
    for (const flavour of site().flavours) {
      const problems = await site().problemsOf(flavour, text);
      if (problems.length > 0) found[flavour] = problems;
    }
    expect(found).toEqual({});
  });

  it('count what they pass over', async () => {
    const warnings = await site().passedOver('same');
    expect(warnings.some((message) => /CREATE .*TRIGGER/i.test(message))).toBe(true);
    expect(warnings.every((message) => !/TEMPORARY/i.test(message))).toBe(true);
    const least = new Set(warnings).size;
    await waitUntil(async () => (await site().countPassedOver('same')) >= least, {
      what: 'the count in the statistics',
      timeoutMs: 60_000,
      everyMs: 200,
    });
  });
});

function serversOf(kind: DatabaseKind): { readonly source: DatabaseServer; readonly target: DatabaseServer } {
  const { mariadbSource, mariadbTarget, mysql } = testServers();
  if (kind === 'mariadb') return { source: mariadbSource, target: mariadbTarget };
  return { source: must(mysqlSource, 'it runs'), target: mysql };
}
