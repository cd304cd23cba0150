import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpSink, makeTlsMaterial } from '@lutra/testing';
import type { TlsMaterial } from '@lutra/testing';
import { MailSink } from './alarms/mail-sink.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: receivers are kept with their secrets hidden, and each kind is told in its own way; what is wrong with one is shown.
// Method: a manager in this process, spoken to over HTTP; a real mail server and a real HTTP server are told.

const installation = new Installation();
const folder = mkdtempSync(join(tmpdir(), 'lutra-receivers-'));
let manager: RunningManager;
let sink: HttpSink;
let mail: MailSink;
let tls: TlsMaterial;

beforeAll(async () => {
  tls = await makeTlsMaterial(folder);
  sink = await HttpSink.start();
  mail = await MailSink.start({ key: tls.server.privateKey, cert: tls.server.certificate, authOptional: true });
  writeFileSync(join(folder, 'address'), `${sink.origin}/S3cretFile?key=S3cretQuery\n`);
  writeFileSync(join(folder, 'no-address'), 'S3cretNoAddress');
  manager = await installation.start({ env: { LUTRA_SECRET_REFERENCES: `file:${folder}` } });
});

afterAll(async () => {
  await installation.close();
  await sink.close();
  await mail.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  sink.posted.length = 0;
  sink.answer = { status: 200, text: 'ok' };
});

let made = 0;
const create = (body: Record<string, unknown>): Promise<string> =>
  manager.create('receivers', { name: `receiver ${String((made += 1))}`, ...body });
const testSend = (id: string): Promise<Answer> => manager.request('POST', `/api/v1/receivers/${id}/test-send`);
const get = async (id: string): Promise<Record<string, unknown>> =>
  (await manager.request('GET', `/api/v1/receivers/${id}`)).body;

describe('e-mail', () => {
  const email = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
    ...{
      host: 'localhost',
      port: mail.port,
      sender: 'lutra@example.com',
      recipients: ['a@example.com', 'b@example.com'],
    },
    ...{ tlsCa: tls.authority, user: 'lutra', password: 'mail-secret' },
    ...change,
  });

  it('is sent to all recipients over TLS, with login', async () => {
    const id = await create({ kind: 'email', email: email() });
    expect((await testSend(id)).body).toEqual({ isSent: true, failure: null });
    const sent = mail.mails.at(-1);
    expect(sent).toMatchObject({
      ...{ from: 'lutra@example.com', to: ['a@example.com', 'b@example.com'], isEncrypted: true, user: 'lutra' },
    });
    expect(sent?.text).toContain('[Lutra test]');
    expect(sent?.text).toMatch(/^Message-ID: <\w{26}@lutra>/m);
    expect(await get(id)).toMatchObject({ state: 'ok', lastFailure: null, failuresInRow: 0 });
  });

  it('is not sent where the certificate is of another authority, nor with a wrong password', async () => {
    const before = mail.mails.length;
    const stranger = await create({ kind: 'email', email: email({ tlsCa: tls.otherAuthority }) });
    const wrong = await create({ kind: 'email', email: email({ password: 'wrong' }) });
    expect((await testSend(stranger)).body).toMatchObject({ isSent: false });
    expect((await testSend(wrong)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
    expect(mail.mails.length).toBe(before);
    expect(await get(wrong)).toMatchObject({
      state: 'failing',
      failuresInRow: 1,
      lastFailure: { code: 'RECEIVER_REFUSED' },
    });
  });

  it('counts as sent when one recipient is taken', async () => {
    const id = await create({ kind: 'email', email: email({ recipients: ['nobody@example.com', 'a@example.com'] }) });
    expect((await testSend(id)).body).toMatchObject({ isSent: true });
    expect(mail.mails.at(-1)?.to).toEqual(['a@example.com']);
    const none = await create({ kind: 'email', email: email({ recipients: ['nobody@example.com'] }) });
    expect((await testSend(none)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
  });

  it('to a server that is not there says so', async () => {
    const id = await create({ kind: 'email', email: email({ port: 1 }) });
    expect((await testSend(id)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_UNREACHABLE' } });
  });
});

describe('receivers that are posted to', () => {
  it.each(['webhook', 'slack', 'alertmanager'])('%s', async (kind) => {
    const id = await create({ kind, http: { url: `${sink.origin}/hook` } });
    expect((await testSend(id)).body).toEqual({ isSent: true, failure: null });
    const [posted] = sink.posted;
    expect(posted?.path).toBe(kind === 'alertmanager' ? '/hook/api/v2/alerts' : '/hook');
    expect(posted?.headers['idempotency-key']).toMatch(/^\w{26}$/);
    expect(posted?.text).toContain('This is a test of Lutra');
  });

  it('DingTalk, which says in its answer what it thinks', async () => {
    const id = await create({ kind: 'dingTalk', http: { url: `${sink.origin}/robot?access_token=T`, secret: 'SEC' } });
    sink.answer = { status: 200, text: '{"errcode":0,"errmsg":"ok"}' };
    expect((await testSend(id)).body).toMatchObject({ isSent: true });
    expect(sink.posted[0]?.path).toMatch(/^\/robot\?access_token=T&timestamp=\d+&sign=/);
    sink.answer = { status: 200, text: '{"errcode":310000,"errmsg":"sign not match"}' };
    expect((await testSend(id)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
  });

  it('a webhook with template, headers and signature', async () => {
    const http = {
      ...{ url: `${sink.origin}/hook`, secret: 'key', headers: { Authorization: 'Bearer hook-token' } },
      template: { text: '{{alarm.rule}}: {{alarm.message}}', value: '{{alarm.value}}' },
    };
    const id = await create({ kind: 'webhook', http });
    await testSend(id);
    const [posted] = sink.posted;
    expect(posted?.body).toEqual({ text: 'test: This is a test of Lutra: nothing has happened', value: 1 });
    expect(posted?.headers).toMatchObject({ authorization: 'Bearer hook-token' });
    expect(posted?.headers['lutra-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  });

  it('that redirect, refuse, cut the connection or never answer fail without another request', async () => {
    const id = await create({ kind: 'webhook', http: { url: `${sink.origin}/hook` } });
    sink.answer = { status: 302, headers: { location: `${sink.origin}/elsewhere` } };
    expect((await testSend(id)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
    sink.answer = { status: 500, text: 'x'.repeat(200_000) };
    expect((await testSend(id)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
    sink.answer = 'cut';
    expect((await testSend(id)).body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_UNREACHABLE' } });
    sink.answer = 'silence';
    const late = (await testSend(id)).body;
    expect(late).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_UNREACHABLE' } });
    expect(sink.posted.map(({ path }) => path)).toEqual(['/hook', '/hook', '/hook', '/hook']);
    expect(await get(id)).toMatchObject({ state: 'failing', failuresInRow: 4 });
    sink.answer = { status: 204 };
    await testSend(id);
    expect(await get(id)).toMatchObject({
      state: 'ok',
      failuresInRow: 0,
      lastFailure: { code: 'RECEIVER_UNREACHABLE' },
    });
  });
});

describe('the resource', () => {
  it('hides addresses, headers and secrets everywhere', async () => {
    const http = { url: `${sink.origin}/S3cretPath`, secret: 'S3cretKey', headers: { 'X-Key': 'S3cretHeader' } };
    const id = await create({ kind: 'webhook', http });
    const changed = await manager.request('PATCH', `/api/v1/receivers/${id}`, {
      body: { http: { secret: 'S3cretNew' } },
    });
    expect(changed.body).toMatchObject({ http: { origin: sink.origin, hasSecret: true, headerNames: ['X-Key'] } });
    sink.answer = 'cut';
    await testSend(id);
    const audit = await manager.request('GET', `/api/v1/audit?resourceId=${id}`);
    expect(audit.body.items?.map(({ action }) => action)).toEqual(['command', 'update', 'create']);
    expect(audit.body.items?.[1]).toMatchObject({ after: { secrets: '(changed)' } });
    const list = await manager.request('GET', '/api/v1/receivers?pageSize=500');
    const rows = JSON.stringify(
      await installation.sql(`SELECT * FROM ${installation.database}.receiver WHERE id = '${id}'`),
    );
    for (const text of [changed.text, audit.text, list.text, rows, installation.logLines.join('')])
      expect(text).not.toContain('S3cret');
  });

  it('posts to the address that a reference stands for, and shows the reference', async () => {
    const reference = `file:${join(folder, 'address')}`;
    const id = await create({ kind: 'webhook', http: { url: reference } });
    expect((await testSend(id)).body).toEqual({ isSent: true, failure: null });
    expect(sink.posted[0]?.path).toBe('/S3cretFile?key=S3cretQuery');
    expect(await get(id)).toMatchObject({ http: { origin: reference } });
    // Looked up at each use.
    writeFileSync(join(folder, 'address'), `${sink.origin}/S3cretOther`);
    sink.answer = { status: 500, text: 'no' };
    const refused = await testSend(id);
    expect(sink.posted[1]?.path).toBe('/S3cretOther');
    const none = await create({ kind: 'slack', http: { url: `file:${join(folder, 'no-address')}` } });
    const wrong = await testSend(none);
    expect(wrong.body).toMatchObject({ isSent: false, failure: { code: 'RECEIVER_REFUSED' } });
    const missing = await testSend(await create({ kind: 'slack', http: { url: `file:${join(folder, 'nothing')}` } }));
    expect(missing.body).toMatchObject({ isSent: false, failure: { code: 'SECRET_REFERENCE_MISSING' } });
    const elsewhere = await manager.request('POST', '/api/v1/receivers', {
      body: { name: 'elsewhere', kind: 'slack', http: { url: 'file:/etc/hostname' } },
    });
    expect([elsewhere.status, elsewhere.body['detail']]).toEqual([400, expect.stringContaining('http.url: file:/etc')]);
    const list = await manager.request('GET', '/api/v1/receivers?pageSize=500');
    const audit = await manager.request('GET', '/api/v1/audit?pageSize=500');
    for (const text of [refused.text, wrong.text, list.text, audit.text, installation.logLines.join('')])
      expect(text).not.toContain('S3cret');
  });

  it('is changed under its version only, and goes when no rule names it', async () => {
    const id = await create({ kind: 'slack', http: { url: sink.origin } });
    const path = `/api/v1/receivers/${id}`;
    const stale = await manager.request('PATCH', path, { body: { enabled: false }, headers: { 'if-match': '"9"' } });
    expect(stale.status).toBe(412);
    const changed = await manager.request('PATCH', path, {
      body: { enabled: false, name: 'moved' },
      headers: { 'if-match': '"1"' },
    });
    expect([changed.status, changed.headers.get('etag'), changed.body['enabled']]).toEqual([200, '"2"', false]);
    const ruleId = await manager.create('alarm-rules', { name: 'uses it', kind: 'disk', receiverIds: [id] });
    const refused = await manager.request('DELETE', path);
    expect([refused.status, refused.body['details']]).toEqual([409, { alarmRules: [{ id: ruleId, name: 'uses it' }] }]);
    await manager.request('DELETE', `/api/v1/alarm-rules/${ruleId}`);
    expect((await manager.request('DELETE', path)).status).toBe(204);
    expect((await manager.request('GET', path)).status).toBe(404);
    expect((await testSend(id)).status).toBe(404);
  });

  it.each<[string, unknown, string]>([
    ['an unknown kind', { name: 'x', kind: 'pager' }, 'kind'],
    ['an unknown field', { name: 'x', kind: 'slack', http: { url: 'http://h', color: 1 } }, 'http.color'],
    ['no address', { name: 'x', kind: 'slack', http: {} }, 'http.url'],
    ['a file as address', { name: 'x', kind: 'slack', http: { url: 'file:///etc/passwd' } }, 'http.url'],
    ['settings of another kind', { name: 'x', kind: 'slack', email: {} }, 'email'],
    ['a recipient that is none', { name: 'x', kind: 'email', email: { recipients: ['a\r\nb'] } }, 'email.recipients'],
    [
      'a wrong placeholder',
      { name: 'x', kind: 'webhook', http: { url: 'http://h', template: { a: '{{x}}' } } },
      'http.template',
    ],
    ['settings that are no object', { name: 'x', kind: 'slack', http: 'http://h' }, 'http'],
  ])('is refused with %s, naming the field', async (_what, body, field) => {
    const answer = await manager.request('POST', '/api/v1/receivers', { body });
    expect([answer.status, answer.body['code']]).toEqual([400, 'REQUEST_INVALID']);
    const fields = (answer.body['details'] as { fields: { field: string }[] }).fields.map((each) => each.field);
    expect(fields).toContain(field);
  });
});
