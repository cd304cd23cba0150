import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testServers } from '@lutra/testing';
import { hashOfEntry } from '../src/audit/audit-chain.ts';
import { MIGRATIONS } from '../src/store/migrations/migrations.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: the audit log tells what was done, and tells when somebody has changed it behind the API's back.
// Method: a manager writes entries; then SQL does to the log what an intruder would, and the log is verified.

let installation: Installation;
let manager: RunningManager;

const sql = (statement: string): Promise<Record<string, unknown>[]> =>
  installation.sql(statement.replaceAll('$', `${installation.database}.`));
const verify = (query = ''): Promise<Answer> => manager.request('GET', `/api/v1/audit/verify${query}`);

beforeEach(async () => {
  installation = new Installation();
  manager = await installation.start();
});

afterEach(() => installation.close());

/** Ten entries. */
const write = async (): Promise<void> => {
  for (let n = 1; n <= 5; n += 1) {
    const id = await manager.create('channels', { name: `channel ${String(n)} ✓`, description: 'a "quoted" one' });
    await manager.request('PATCH', `/api/v1/channels/${id}`, { body: { description: 'changed' } });
  }
};

describe('a log that nobody touched', () => {
  it('is intact, from its beginning and from any entry on', async () => {
    expect((await verify()).body).toMatchObject({ isIntact: true, checkedCount: 0, next: null, broken: null });
    await write();
    const { body } = await verify();
    expect(body).toMatchObject({ isIntact: true, after: 0, checkedCount: 10, next: null, head: { number: 10 } });
    expect((await verify('?after=7')).body).toMatchObject({ isIntact: true, checkedCount: 3 });
    expect((await verify('?after=-1')).status).toBe(400);
  });

  it('has numbers without gaps, whoever writes at the same time', async () => {
    const second = await installation.start();
    const writes = Array.from({ length: 20 }, (_, n) =>
      (n % 2 === 0 ? manager : second).create('channels', { name: `at once ${String(n)}` }),
    );
    await Promise.all(writes);
    expect((await verify()).body).toMatchObject({ isIntact: true, checkedCount: 20 });
    const { body } = await manager.request('GET', '/api/v1/audit');
    const [newest] = body.items ?? [];
    expect(newest).toMatchObject({ number: 20, who: 'admin', action: 'create', resource: 'channel' });
    expect(newest?.['whoId']).toMatch(/^\w{26}$/);
  });

  it('holds a write that was refused, and none that failed', async () => {
    const viewer = await manager.request('POST', '/api/v1/api-keys', { body: { name: 'eve', role: 'viewer' } });
    const headers = { authorization: `Bearer ${String(viewer.body['token'])}` };
    const body = { name: 'not hers' };
    expect((await manager.request('POST', '/api/v1/channels?secret=1', { headers, body })).status).toBe(403);
    expect((await manager.request('GET', '/api/v1/audit', { headers })).status).toBe(403);
    expect((await manager.request('POST', '/api/v1/channels', { body: { name: '' } })).status).toBe(400);
    const [entry, before] = (await manager.request('GET', '/api/v1/audit')).body.items ?? [];
    expect(entry).toMatchObject({
      ...{ who: 'eve', action: 'refused', resource: 'request', resourceId: '/api/v1/channels' },
      after: { method: 'POST', path: '/api/v1/channels', role: 'viewer', channelIds: null },
    });
    expect(before).toMatchObject({ resource: 'api-key', action: 'create' });
    expect((await verify()).body['isIntact']).toBe(true);
  });
});

describe('a log behind whose back', () => {
  it.each<[string, readonly string[], number, boolean]>([
    ['the text of an entry was changed', ["UPDATE $audit_entry SET `after` = '{}' WHERE number = 4"], 4, true],
    ['an author was changed', ["UPDATE $audit_entry SET who = 'somebody' WHERE number = 1"], 1, true],
    ['a time was changed', ['UPDATE $audit_entry SET at = at + INTERVAL 1 SECOND WHERE number = 10'], 10, true],
    ['an entry was removed', ['DELETE FROM $audit_entry WHERE number = 4'], 4, false],
    ['the first entry was removed', ['DELETE FROM $audit_entry WHERE number = 1'], 1, false],
    ['the last entries were removed', ['DELETE FROM $audit_entry WHERE number > 8'], 9, false],
    ['all entries were removed', ['DELETE FROM $audit_entry'], 1, false],
    [
      'two entries changed places',
      [
        'UPDATE $audit_entry SET number = 99 WHERE number = 4',
        'UPDATE $audit_entry SET number = 4 WHERE number = 5',
        'UPDATE $audit_entry SET number = 5 WHERE number = 99',
      ],
      4,
      true,
    ],
    [
      'an entry was removed and those behind it moved up',
      [
        'DELETE FROM $audit_entry WHERE number = 4',
        'UPDATE $audit_entry SET number = number - 1 WHERE number > 4 ORDER BY number',
        'UPDATE $audit_head SET number = 9',
      ],
      4,
      true,
    ],
    [
      'the last entries were removed and the head set back',
      ['DELETE FROM $audit_entry WHERE number > 8', 'UPDATE $audit_head SET number = 8'],
      8,
      false,
    ],
  ])('%s is not intact', async (_what, statements, number, isThere) => {
    await write();
    for (const statement of statements) await sql(statement);
    const { body } = await verify();
    expect(body).toMatchObject({ isIntact: false, next: null, broken: { number } });
    const { id } = body['broken'] as { readonly id: string | null };
    expect(id !== null).toBe(isThere);
  });

  it('an entry was written anew with a hash that fits it is not intact behind that entry', async () => {
    await write();
    const [before] = await sql('SELECT hash FROM $audit_entry WHERE number = 3');
    const [entry] = await sql('SELECT e.*, CAST(at AS CHAR) AS time FROM $audit_entry e WHERE number = 4');
    const text = (name: string): string => String(entry?.[name]);
    const forged = hashOfEntry(String(before?.['hash']), {
      ...{ number: 4, id: text('id'), at: new Date(`${text('time').replace(' ', 'T')}Z`), whoId: text('who_id') },
      ...{ who: 'somebody else', action: text('action'), resource: text('resource'), resourceId: text('resource_id') },
      ...{ before: text('before'), after: text('after') },
    });
    await sql(`UPDATE $audit_entry SET who = 'somebody else', hash = '${forged}' WHERE number = 4`);
    expect((await verify()).body).toMatchObject({ isIntact: false, broken: { number: 5 } });
  });

  it('says so too when it is shorter than it was', async () => {
    await write();
    await sql('DELETE FROM $audit_entry WHERE number > 8');
    await sql('UPDATE $audit_head h, $audit_entry e SET h.number = 8, h.hash = e.hash WHERE e.number = 8');
    expect((await verify()).body['isIntact']).toBe(true);
    expect((await verify('?after=10')).body).toMatchObject({ isIntact: false, broken: { number: 10 } });
  });
});

describe.each([
  ['MariaDB', () => testServers().mariadbTarget],
  ['MySQL', () => testServers().mysql],
])('entries of earlier versions in %s', (_name, server) => {
  it('are chained in the order of their ids, and once only', async () => {
    const other = new Installation(server());
    try {
      const first = await other.start();
      for (let n = 0; n < 3; n += 1) await first.create('channels', { name: `old ${String(n)}` });
      await first.stop();
      const { database } = other;
      await other.sql(`ALTER TABLE ${database}.audit_entry DROP COLUMN number, DROP COLUMN hash, DROP COLUMN who_id`);
      await other.sql(`DROP TABLE ${database}.audit_head`);
      const ofChain = MIGRATIONS.map(({ name }) => name).filter((name) => name.startsWith('AddAuditChain'));
      await other.sql(`DELETE FROM ${database}.migration WHERE name = '${String(ofChain[0])}'`);
      const second = await other.start();
      const answer = await second.request('GET', '/api/v1/audit/verify');
      expect(answer.body).toMatchObject({ isIntact: true, checkedCount: 3 });
      const { body } = await second.request('GET', '/api/v1/audit');
      const names = body.items?.map(({ after }) => (after as Record<string, unknown>)['name']);
      expect(names).toEqual(['old 2', 'old 1', 'old 0']);
    } finally {
      await other.close();
    }
  });
});
