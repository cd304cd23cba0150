// Goal: alarm rules and system parameters are versioned as pipelines are: who, when, why, what differs, and the way back.
// Method: a manager in this process, asked over HTTP; it follows what it was rolled back to.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelDocument } from './channel-documents.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
});
afterAll(() => installation.close());

const api = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { headers, ...(body === undefined ? {} : { body }) });
const listed = async (path: string): Promise<unknown> =>
  (await api('GET', `${path}/revisions`)).body.items?.map(({ number, author, comment, isCurrent }) => [
    ...[number, author, comment, isCurrent],
  ]);

describe('an alarm rule', () => {
  it('is listed by revisions, compared, and rolled back to what it was; a pause stays', async () => {
    const id = await manager.create('alarm-rules', { name: 'late', kind: 'delay', threshold: 5_000 });
    const path = `alarm-rules/${id}`;
    const pauseUntil = '2099-01-01T00:00:00.000Z';
    await api('PATCH', path, { threshold: 60_000, pauseUntil }, { 'x-comment': 'CHG-7: quiet' });
    const author = 'admin';
    expect(await listed(path)).toEqual([
      [2, author, 'CHG-7: quiet', true],
      [1, author, '', false],
    ]);
    const { body: first } = await api('GET', `${path}/revisions/1`);
    expect(first).toMatchObject({ number: 1, settings: { name: 'late', threshold: 5_000, severity: 'important' } });
    const { body: diff } = await api('GET', `${path}/revisions/1/diff/2`);
    const differences = [{ path: '/threshold', kind: 'changed', before: 5_000, after: 60_000 }];
    expect(diff).toEqual({ before: 1, after: 2, differences });
    expect((await api('POST', `${path}/revisions/1/rollback`, undefined, { 'if-match': '1' })).status).toBe(412);
    const back = await api('POST', `${path}/revisions/1/rollback`, undefined, { 'if-match': '2' });
    expect([back.status, back.body]).toMatchObject([200, { threshold: 5_000, version: 3, pauseUntil }]);
    expect(await listed(path)).toEqual([
      [3, author, 'Back to revision 1', true],
      [2, author, 'CHG-7: quiet', false],
      [1, author, '', false],
    ]);
    const audited = await api('GET', `audit?resourceId=${id}`);
    expect(audited.body.items?.[0]).toMatchObject({ action: 'update', before: { threshold: 60_000 } });
    for (const number of ['0', '4', '1e0', 'x'])
      expect((await api('POST', `${path}/revisions/${number}/rollback`)).body['code']).toBe('RESOURCE_NOT_FOUND');
    await api('DELETE', path);
    expect((await api('GET', `${path}/revisions`)).status).toBe(404);
  });

  it('that names what is gone by now is not rolled back to', async () => {
    const receiver = { kind: 'webhook', http: { url: 'http://127.0.0.1:1' } };
    const [gone, kept] = [
      await manager.create('receivers', { ...receiver, name: 'gone' }),
      await manager.create('receivers', { ...receiver, name: 'kept' }),
    ];
    const id = await manager.create('alarm-rules', { name: 'told', kind: 'delay', receiverIds: [gone] });
    await api('PATCH', `alarm-rules/${id}`, { receiverIds: [kept] });
    expect((await api('DELETE', `receivers/${gone}`)).status).toBe(204);
    const refused = await api('POST', `alarm-rules/${id}/revisions/1/rollback`);
    expect([refused.status, refused.body['detail']]).toEqual([400, expect.stringContaining(gone)]);
    expect((await api('GET', `alarm-rules/${id}`)).body).toMatchObject({ version: 2, receiverIds: [kept] });
  });

  it('that a document changes has its revision, and one from before revisions keeps what it was', async () => {
    const put = (threshold: number): Promise<Answer> => {
      const rule = { name: 'of doc', kind: 'delay', severity: 'urgent', threshold };
      const document = { ...channelDocument('doc'), alarmRules: [rule] };
      return api('PUT', 'channels/doc/document', document, { 'x-comment': `to ${String(threshold)}` });
    };
    const made = await put(1_000);
    expect(made.status).toBe(200);
    await put(2_000);
    const id = String((await api('GET', 'alarm-rules?name=of doc')).body.items?.[0]?.['id']);
    expect(await listed(`alarm-rules/${id}`)).toMatchObject([
      [2, 'admin', 'to 2000', true],
      [1, 'admin', 'to 1000', false],
    ]);
    await installation.sql(`DELETE FROM ${installation.database}.setting_revision`);
    await api('PATCH', `alarm-rules/${id}`, { threshold: 3_000 });
    expect(await listed(`alarm-rules/${id}`)).toEqual([
      [3, 'admin', '', true],
      [2, '', '', false],
    ]);
    expect((await api('POST', `alarm-rules/${id}/revisions/2/rollback`)).body).toMatchObject({ threshold: 2_000 });
  });
});

describe('system parameters', () => {
  it('are listed, compared and rolled back to, within what is allowed today', async () => {
    const { version } = (await api('GET', 'system-parameters')).body as unknown as { version: number };
    const patch = (body: object): Promise<Answer> => api('PATCH', 'system-parameters', body, { 'x-comment': 'why' });
    await patch({ logLevel: 'debug', removalDays: 9 });
    await patch({ logLevel: null, removalDays: 8, revisionsMax: 10 });
    const [one, two] = [String(version + 1), String(version + 2)];
    const { body: diff } = await api('GET', `system-parameters/revisions/${one}/diff/${two}`);
    expect(diff['differences']).toMatchObject([
      { path: '/logLevel', kind: 'removed', before: 'debug' },
      { path: '/removalDays', before: 9, after: 8 },
      { path: '/revisionsMax', kind: 'added', after: 10 },
    ]);
    const back = await api('POST', `system-parameters/revisions/${one}/rollback`);
    expect([back.status, back.body]).toMatchObject([
      200,
      { logLevel: 'debug', removalDays: 9, revisionsMax: 1_000, version: version + 3 },
    ]);
    await installation.sql(
      `UPDATE ${installation.database}.setting_revision SET settings = '{"removalDays":0}' WHERE resource = 'system-parameters' AND number = ${two}`,
    );
    const refused = await api('POST', `system-parameters/revisions/${two}/rollback`);
    expect([refused.status, refused.body]).toMatchObject([400, { details: { fields: [{ field: 'removalDays' }] } }]);
    await patch({ revisionsMax: 10 });
    for (let n = 0; n < 12; n++) await patch({ removalDays: 20 + n });
    expect((await api('GET', 'system-parameters/revisions')).body['total']).toBe(10);
  });
});
