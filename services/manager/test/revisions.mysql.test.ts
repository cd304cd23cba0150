import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '@lutra/testing';
import { SYSTEM_NUMBERS } from '../src/system-parameters/system-parameter-catalogue.ts';
import { AddRevisions1796200000000 } from '../src/store/migrations/add-revisions-1796200000000.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: every change of what stages see is kept with author and comment, can be compared, and can be taken back.
// Method: a manager in this process, spoken to over HTTP; the store and the bus are asked what became of it.

const REVISIONS_MAX = SYSTEM_NUMBERS.revisionsMax.default;
const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'shop' });
  const database = { kind: 'mariadb', user: 'lutra', password: 'planted-secret' };
  sourceId = await manager.create('data-sources', { ...database, name: 'source', host: 'db1', port: 3301 });
  targetId = await manager.create('data-sources', { ...database, name: 'target', host: 'db2', port: 3302 });
});

afterAll(() => installation.close());

const createPipeline = (name: string, change: Record<string, unknown> = {}): Promise<string> =>
  manager.create('pipelines', { channelId, name, sourceId, targetId, ...change });
const mapping = (table: string): Record<string, unknown> => ({
  source: { schema: 'shop', table: { exact: table } },
  target: { schema: 'shop', table },
});
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { body, headers });
const get = (path: string): Promise<Answer> => send('GET', path);
const problem = ({ status, body }: Answer): unknown => [status, body['code']];
/** A header as Node and curl send UTF-8. */
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const numbers = async (id: string): Promise<unknown> =>
  (await get(`pipelines/${id}/revisions`)).body.items?.map(({ number }) => number);

describe('revisions', () => {
  it('each change is kept with number, author and comment, newest first', async () => {
    const id = await createPipeline('kept', { parameters: { maxRows: 100 } });
    const patch = { parameters: { maxRows: 200 } };
    await send('PATCH', `pipelines/${id}`, patch, { 'x-comment': bytes('größer, 10% mehr') });
    await send('PATCH', `pipelines/${id}`, patch, { 'x-comment': 'nothing new' });
    const created = await send('POST', `pipelines/${id}/mappings`, mapping('kept'), { 'x-comment': 'first table' });
    await send('DELETE', `pipelines/${id}/mappings/${String(created.body['id'])}`);
    const { body } = await get(`pipelines/${id}/revisions`);
    expect(body).toMatchObject({
      total: 4,
      items: [
        { number: 4, author: 'admin', comment: '', isCurrent: true },
        { number: 3, comment: 'first table', isCurrent: false },
        { number: 2, comment: 'größer, 10% mehr' },
        { number: 1, comment: '' },
      ],
    });
    const second = await get(`pipelines/${id}/revisions?pageSize=1&page=3`);
    expect(second.body.items?.map(({ number }) => number)).toEqual([2]);
    const old = await get(`pipelines/${id}/revisions/1`);
    expect(old.body).toMatchObject({ number: 1, definition: { parameters: { maxRows: 100 }, mappings: [] } });
  });

  it('two are compared by path, and secrets are in neither', async () => {
    const id = await createPipeline('compared');
    const { body } = await send('POST', `pipelines/${id}/mappings`, mapping('compared'));
    const mappingId = String(body['id']);
    await send('PATCH', `pipelines/${id}/mappings/${mappingId}`, { weight: 7 });
    await send('PATCH', `pipelines/${id}`, { parameters: { lanes: 9 } });
    const { differences } = (await get(`pipelines/${id}/revisions/2/diff/4`)).body;
    expect(differences).toEqual([
      { path: `/mappings/${mappingId}/weight`, kind: 'added', after: 7 },
      { path: '/parameters/lanes', kind: 'changed', before: 4, after: 9 },
    ]);
    await send('PATCH', `data-sources/${sourceId}`, { password: 'planted-secret' }, { 'x-comment': 'rotated' });
    const rotated = await get(`pipelines/${id}/revisions/4/diff/5`);
    expect((rotated.body['differences'] as { path: string }[]).map(({ path }) => path)).toEqual(['/source/mark']);
    expect((await get(`pipelines/${id}/revisions`)).body.items?.[0]).toMatchObject({ number: 5, comment: 'rotated' });
    const [row] = await installation.sql(`SELECT password_sealed FROM ${installation.database}.data_source LIMIT 1`);
    const kept = await installation.sql(`SELECT * FROM ${installation.database}.revision`);
    expect(JSON.stringify(kept)).not.toContain(String(row?.['password_sealed']));
    expect(JSON.stringify(kept)).not.toContain('password');
  });

  it('a rollback is a new revision with parameters and mappings as they were, their ids too', async () => {
    const id = await createPipeline('taken-back', { parameters: { maxRows: 11 } });
    const kept = await manager.create(`pipelines/${id}/mappings`, { ...mapping('back_1'), weight: 2 });
    const removed = await manager.create(`pipelines/${id}/mappings`, mapping('back_2'));
    await send('PATCH', `pipelines/${id}`, { parameters: { maxRows: 12, ddl: 'skip' }, name: 'taken-back-2' });
    await send('PATCH', `pipelines/${id}/mappings/${kept}`, { weight: 0, onConflict: { kind: 'ignore' } });
    await send('DELETE', `pipelines/${id}/mappings/${removed}`);
    await send('POST', `pipelines/${id}/mappings`, mapping('back_3'));
    const { version } = (await get(`pipelines/${id}`)).body;
    const stale = await send('POST', `pipelines/${id}/revisions/3/rollback`, {}, { 'if-match': '"1"' });
    expect(problem(stale)).toEqual([412, 'RESOURCE_CONFLICT']);
    const answer = await send(
      'POST',
      `pipelines/${id}/revisions/3/rollback`,
      {},
      { 'if-match': `"${String(version)}"` },
    );
    expect(answer.body).toMatchObject({
      name: 'taken-back-2',
      revision: 8,
      parameters: { maxRows: 11, ddl: 'sync' },
      mappings: [
        { id: kept, weight: 2, onConflict: { kind: 'overwrite' } },
        { id: removed, source: { table: { exact: 'back_2' } } },
      ],
    });
    const { differences } = (await get(`pipelines/${id}/revisions/3/diff/8`)).body;
    expect((differences as { path: string }[]).map(({ path }) => path)).toEqual(['/name']);
    const newest = (await get(`pipelines/${id}/revisions`)).body.items?.[0];
    expect(newest).toMatchObject({ number: 8, comment: 'Back to revision 3', author: 'admin' });
    await waitUntil(async () => (await manager.bus.definition(id))?.revision === 8, {
      what: 'the new revision on the bus',
      timeoutMs: 60_000,
    });
    expect((await manager.bus.definition(id))?.mappings.map((one) => one.id)).toEqual([kept, removed]);
    const audit = (await get(`audit?resourceId=${id}`)).body.items?.[0];
    expect(audit).toMatchObject({ action: 'update', before: { revision: 7 }, after: { revision: 8 } });
    // Where nothing would change, there is nothing to keep.
    expect((await send('POST', `pipelines/${id}/revisions/8/rollback`, {})).body['revision']).toBe(8);
  });

  it('a rollback is refused by the rules of today, and nothing changes', async () => {
    const id = await createPipeline('refused-back');
    const first = await manager.create(`pipelines/${id}/mappings`, mapping('claimed'));
    await send('DELETE', `pipelines/${id}/mappings/${first}`);
    const other = await createPipeline('claiming');
    await manager.create(`pipelines/${other}/mappings`, mapping('claimed'));
    expect(problem(await send('POST', `pipelines/${id}/revisions/2/rollback`, {}))).toEqual([
      422,
      'MAPPING_TARGET_COLLISION',
    ]);
    expect((await get(`pipelines/${id}`)).body).toMatchObject({ revision: 3, mappings: [] });
    await send('PATCH', `pipelines/${id}`, { parameters: { dryRun: true } });
    const unconfirmed = await send('POST', `pipelines/${id}/revisions/1/rollback`, {});
    expect(problem(unconfirmed)).toEqual([409, 'CONFIRMATION_MISSING']);
    const confirmed = await send('POST', `pipelines/${id}/revisions/1/rollback`, { confirm: 'apply' });
    expect(confirmed.body).toMatchObject({ revision: 5, parameters: { dryRun: false } });
  });

  it.each(['0', '99', '-1', '1e3', 'abc', '1.5', '99999999999', '%00', "1'--"])(
    'a number that there is not (%s) is not found',
    async (number) => {
      const id = await createPipeline(`missing ${number}`);
      const missing = [404, 'RESOURCE_NOT_FOUND'];
      expect(problem(await get(`pipelines/${id}/revisions/${number}`))).toEqual(missing);
      expect(problem(await get(`pipelines/${id}/revisions/1/diff/${number}`))).toEqual(missing);
      expect(problem(await send('POST', `pipelines/${id}/revisions/${number}/rollback`, {}))).toEqual(missing);
    },
  );

  it('a comment that cannot be kept is refused by name', async () => {
    const id = await createPipeline('commented');
    const patch = { parameters: { lanes: 2 } };
    for (const comment of ['x'.repeat(501), '\u00ff']) {
      const answer = await send('PATCH', `pipelines/${id}`, patch, { 'x-comment': comment });
      expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
      expect(answer.text).toContain('X-Comment');
    }
    const longest = await send('PATCH', `pipelines/${id}`, patch, { 'x-comment': bytes('é'.repeat(500)) });
    expect(longest.body['revision']).toBe(2);
  });

  it('only the newest are kept, and those of a removed pipeline go', async () => {
    const id = await createPipeline('many');
    const { database } = installation;
    await installation.sql(`UPDATE ${database}.pipeline SET revision = ${String(REVISIONS_MAX)} WHERE id = '${id}'`);
    await send('PATCH', `pipelines/${id}`, { parameters: { lanes: 3 } });
    expect(await numbers(id)).toEqual([REVISIONS_MAX + 1]);
    await send('PATCH', `pipelines/${id}`, { parameters: { lanes: 5 } });
    expect(await numbers(id)).toEqual([REVISIONS_MAX + 2, REVISIONS_MAX + 1]);
    await send('DELETE', `pipelines/${id}`);
    expect(await installation.sql(`SELECT number FROM ${database}.revision WHERE pipeline_id = '${id}'`)).toEqual([]);
  });

  it('a store of before revisions keeps what stands as the first one, without secrets', async () => {
    const id = await createPipeline('older');
    await manager.create(`pipelines/${id}/mappings`, { ...mapping('older'), weight: 4 });
    const { database } = installation;
    await manager.stop();
    await installation.sql(`DROP TABLE ${database}.revision`);
    await installation.sql(`DELETE FROM ${database}.migration WHERE name = '${AddRevisions1796200000000.name}'`);
    manager = await installation.start();
    const { body } = await get(`pipelines/${id}/revisions`);
    expect(body).toMatchObject({ total: 1, items: [{ number: 2, author: 'lutra', isCurrent: true }] });
    expect((await get(`pipelines/${id}/revisions/2`)).text).not.toContain('password');
    await send('PATCH', `pipelines/${id}`, { parameters: { lanes: 1 } });
    const back = await send('POST', `pipelines/${id}/revisions/2/rollback`, {});
    expect(back.body).toMatchObject({ revision: 4, parameters: { lanes: 4 }, mappings: [{ weight: 4 }] });
    expect((await get(`pipelines/${id}/revisions/2/diff/4`)).body['differences']).toEqual([]);
  });
});
