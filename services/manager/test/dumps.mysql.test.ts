import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { databaseMatrix, OwnServer, restoreDatabase, testServers } from '@lutra/testing';
import { MIGRATIONS } from '../src/store/migrations/migrations.ts';
import { Installation } from './running-manager.ts';

// Goal: a manager of now makes itself at home in what each earlier release has left, and nothing of it is lost.
// Method: dumps that were recorded when an issue was closed (`npm run dump`) are put into a new database of either kind, and
// of the oldest release that a store may be in; a manager is started on it and asked over HTTP.

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'dumps');
const DUMPS = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));
const TOKEN = 'lutra_a-token-that-the-test-has-put-there-0123456789';

const { run } = await databaseMatrix(['mariadb-10.5']);
const oldest = run.length === 0 ? null : await OwnServer.start({ program: 'mariadb-10.5' });
afterAll(() => oldest?.close());

let installation: Installation;
afterEach(() => installation.close());

/** Tokens are kept as hashes: the test's own takes the place of the recorded one. */
async function takeToken(): Promise<void> {
  const { database } = installation;
  const tables = (await installation.sql(`SHOW TABLES FROM ${database}`)).map((row) => String(Object.values(row)[0]));
  const table = tables.includes('api_key') ? 'api_key' : 'api_token';
  const hash = createHash('sha256').update(TOKEN).digest('hex');
  await installation.sql(`UPDATE ${database}.${table} SET hash = '${hash}' ORDER BY id LIMIT 1`);
  mkdirSync(dirname(installation.tokenFile), { recursive: true });
  writeFileSync(installation.tokenFile, TOKEN);
}

const SERVERS = [
  ['MariaDB', testServers().mariadbTarget],
  ['MySQL', testServers().mysql],
  ...(oldest === null ? [] : ([['MariaDB 10.5', oldest]] as const)),
] as const;

type List = (path: string) => Promise<readonly Record<string, unknown>[]>;

/** Users, keys, alarms and revisions, which issue 5 had not. */
async function showsWhatIssue6Keeps(list: List, pipelineId: string): Promise<void> {
  expect(await list('users')).toMatchObject([{ name: 'anna', role: 'operator' }]);
  const [channel] = await list('channels');
  expect((await list('api-keys')).find(({ name }) => name === 'ci')).toMatchObject({ channelIds: [channel?.['id']] });
  const [receiver] = await list('receivers');
  const [rule] = await list('alarm-rules?name=late');
  expect(rule).toMatchObject({ threshold: 60_000, receiverIds: [receiver?.['id']], problem: null });
  expect(await list(`alarm-rules/${String(rule?.['id'])}/revisions`)).toMatchObject([
    { number: 2, comment: 'quiet' },
    { number: 1, comment: '' },
  ]);
  expect(await list('system-parameters/revisions')).toMatchObject([{ isCurrent: true }, { author: '' }]);
  expect((await list(`pipelines/${pipelineId}/revisions`)).length).toBeGreaterThan(1);
}

const cases = DUMPS.flatMap((dump) => SERVERS.map(([name, server]) => [dump, name, server] as const));

describe.each(cases)('the dump %s at %s', (dump, _name, server) => {
  it('is migrated, twice over, and shows what was put there', async () => {
    installation = new Installation(server);
    await restoreDatabase(installation.store, installation.database, readFileSync(join(FOLDER, dump), 'utf8'));
    await takeToken();
    const first = await installation.start();
    await first.stop();
    const manager = await installation.start();
    const { database } = installation;
    const done = await installation.sql(`SELECT COUNT(*) AS n FROM ${database}.migration`);
    expect(Number(done[0]?.['n'])).toBe(MIGRATIONS.length);

    const list = async (path: string): Promise<readonly Record<string, unknown>[]> =>
      (await manager.request('GET', `/api/v1/${path}`)).body.items ?? [];
    expect(await list('channels')).toMatchObject([{ name: 'shop', description: 'Ä–ö 漢' }]);
    expect(await list('data-sources')).toMatchObject([
      { name: 's', kind: 'mysql', host: 'db.example.com' },
      { name: 't', kind: 'mariadb', standbys: [{ host: 'standby.example.com', port: 3307 }] },
    ]);
    const [pipeline] = await list('pipelines');
    expect(pipeline).toMatchObject({
      ...{ name: 'berlin-to-lisbon', start: { kind: 'time', time: '2026-11-21T10:00:00Z' } },
      parameters: { lanes: 2, onPoison: 'deadLetter', parallelism: 5 },
    });
    const id = String(pipeline?.['id']);
    expect((await list(`pipelines/${id}/mappings`)).map((mapping) => mapping['source'])).toEqual([
      { schema: 'shop', table: { exact: 'orders' } },
      { schema: 'shop', table: { regex: 'stock_\\d+' } },
    ]);
    expect(await list(`commands?pipelineId=${id}`)).toMatchObject([{ kind: 'START', reason: 'a dump' }]);
    expect((await list('audit')).length).toBeGreaterThanOrEqual(6);
    expect((await manager.request('GET', '/api/v1/audit/verify')).body).toMatchObject({ isIntact: true });
    if (dump !== 'issue-5.sql') await showsWhatIssue6Keeps(list, id);
    const patched = await manager.request('PATCH', `/api/v1/pipelines/${id}`, { body: { parameters: { lanes: 3 } } });
    expect(patched.body).toMatchObject({ parameters: { lanes: 3 } });
  });
});

it('there is one of each closed issue', () => {
  installation = new Installation();
  // Of the issues that have changed what the manager keeps; the first dump was recorded at the close of issue 5.
  expect(DUMPS).toEqual(['issue-5.sql', 'issue-6.sql']);
});
