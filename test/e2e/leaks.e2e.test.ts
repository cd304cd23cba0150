// Goal: nothing secret is said or kept in clear anywhere, not in failures either.
// Method: every secret that an installation has is a random text; the services log at trace level and export spans; logins fail,
// servers are away, requests carry secrets where they do not belong, a service gets another key. Then all logs, streams,
// buckets, znodes, tables, spans, metrics, and the answers of every GET route are searched for each secret in several forms.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpSink, lutraHome, makeTlsMaterial, OtlpReceiver, runSql, waitUntil } from '@lutra/testing';
import { startE2eStack, wholeSchema } from './e2e-stack.ts';
import type { E2eStack } from './e2e-stack.ts';
import { readAnswers, readLogs, readStore, readStreams, readZookeeper } from './everything-said.ts';
import type { Said } from './everything-said.ts';

const folder = mkdtempSync(join(tmpdir(), 'lutra-leaks-'));
const secrets = new Map<string, string>();
/** A secret that occurs nowhere else; long enough for the rules of passwords. */
const plant = (what: string): string => {
  const secret = `Leak-${randomBytes(12).toString('hex')}`;
  secrets.set(what, secret);
  return secret;
};
const answers: string[] = [];
const said: Said = new Map();
let e2e: E2eStack;
let receiver: OtlpReceiver;
let sink: HttpSink;
let pipelineId: string;

interface Told {
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

/** A request beside the typed client, which could not send what does not belong somewhere. */
async function ask(method: string, path: string, body: unknown, token?: string): Promise<Told> {
  const own = token ?? readFileSync(e2e.stack.tokenFile, 'utf8').trim();
  const response = await fetch(`${e2e.stack.api.address}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  return { ok: response.ok, headers: response.headers, text: await response.text() };
}
/** A request of somebody who does not care; what is answered is searched, too. */
async function send(method: string, path: string, body: unknown, token?: string): Promise<void> {
  const { headers, text } = await ask(method, path, body, token);
  answers.push(`${method} ${path}: ${JSON.stringify([...headers])} ${text}`);
}
/** As an administrator; returns what was made. */
const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
  const { ok, text } = await ask('POST', path, body);
  if (!ok) throw new Error(`POST ${path}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
};
const create = async (path: string, body: unknown): Promise<string> => String((await post(path, body))['id']);
const untilState = (id: string, state: string): Promise<unknown> =>
  waitUntil(async () => (await e2e.stack.api.pipeline(id)).state === state, { what: state, timeoutMs: 90_000 });

beforeAll(async () => {
  const given = JSON.parse(readFileSync(join(lutraHome(), 'credentials.json'), 'utf8')) as Record<string, string>;
  for (const name of ['databaseRootPassword', 'sourcePassword', 'targetPassword', 'managerPassword', 'natsPassword'])
    secrets.set(name, String(given[name]));
  secrets.set('zookeeperPassword', String(given['zookeeperAuth']).replace(/^[^:]*:/, ''));
  const key = randomBytes(32).toString('base64');
  secrets.set('secretKey', key);
  [receiver, sink] = await Promise.all([OtlpReceiver.start(), HttpSink.start()]);
  e2e = await startE2eStack('leaks', {
    env: {
      LUTRA_SECRET_KEY: key,
      LUTRA_LOG_LEVEL: 'trace',
      LUTRA_SECRET_REFERENCES: 'env:LEAK_',
      LEAK_TARGET: String(given['targetPassword']),
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.address,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${plant('collector')}`,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
  secrets.set('adminToken', readFileSync(e2e.stack.tokenFile, 'utf8').trim());
  await e2e.createTables('CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB');
  const target = { ...e2e.stack.target, password: 'env:LEAK_TARGET' };
  pipelineId = await e2e.stack.createPipeline({ name: 'good', target, mappings: [wholeSchema(e2e.schema)] });
}, 240_000);

afterAll(async () => {
  await e2e.stop();
  await Promise.all([receiver.stop(), sink.close()]);
  rmSync(folder, { recursive: true });
});

describe('an installation full of secrets', () => {
  it('works and fails', async () => {
    await e2e.atSource("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    const { source } = e2e.stack;
    const { kind, host, port, user } = source;
    // Logins that are refused, servers that are away, with certificates and without.
    const material = await makeTlsMaterial(folder);
    const { certificate, privateKey } = material.client;
    secrets.set('tlsKey', String(privateKey.split('\n')[5]));
    const wrong = await create('/data-sources', {
      ...{ name: 'wrong', kind, host, port, user },
      password: plant('wrong'),
    });
    const away = await create('/data-sources', {
      ...{
        name: 'away',
        kind,
        host,
        port: 1,
        user,
        password: plant('away'),
        tls: 'verifyCa',
        tlsCa: material.authority,
      },
      ...{ tlsCert: certificate, tlsKey: privateKey },
    });
    for (const id of [wrong, away]) {
      await send('POST', `/data-sources/${id}/check`, undefined);
      await send('GET', `/data-sources/${id}/schemas`, undefined);
      await send('PATCH', `/data-sources/${id}`, { tlsKey: `${privateKey}x`, tlsCert: certificate });
    }
    const channelId = await create('/channels', { name: 'bad' });
    const { items } = await e2e.stack.api.get('/data-sources');
    const targetId = items.find(({ name }) => name === 'good-target')?.id;
    for (const sourceId of [wrong, away]) {
      const id = await create('/pipelines', { name: `of ${sourceId}`, channelId, sourceId, targetId });
      await create(`/pipelines/${id}/mappings`, {
        source: { schema: 'x', table: { exact: 't' } },
        target: { schema: 'y', table: sourceId === wrong ? 'w' : 'a' },
      });
      // The look before the start refuses it, and says why.
      await send('POST', `/pipelines/${id}/commands`, { kind: 'START', reason: 'to see it refused' });
      await send('POST', `/pipelines/${id}/commands`, { kind: 'START', reason: 'to see it fail', force: true });
      if (sourceId === wrong) await untilState(id, 'PAUSED');
    }
    // Receivers that refuse, and one that is away.
    sink.answer = { status: 500, text: 'no' };
    const http = {
      url: `${sink.origin}/${plant('url')}`,
      secret: plant('hmac'),
      headers: { authorization: plant('header') },
    };
    const hook = await create('/receivers', { name: 'hook', kind: 'webhook', http });
    const email = {
      host: '127.0.0.1',
      port: 1,
      tls: 'startTls',
      user: 'u',
      password: plant('mail'),
      sender: 'a@b.example',
    };
    const mail = await create('/receivers', {
      name: 'mail',
      kind: 'email',
      email: { ...email, recipients: ['a@b.example'] },
    });
    for (const id of [hook, mail]) await send('POST', `/receivers/${id}/test-send`, undefined);
    await send('PATCH', `/receivers/${hook}`, { http: { url: `not a url ${plant('badUrl')}` } });
    // People and keys.
    const password = plant('user');
    await create('/users', { name: 'anna', password, role: 'viewer' });
    const session = await post('/login', { name: 'anna', password });
    const token = String(session['token']);
    secrets.set('session', token);
    await send('POST', '/login', { name: 'anna', password: plant('wrongLogin') });
    await send('PUT', '/session/password', { current: password, password: plant('nextPassword') }, token);
    secrets.set('apiKey', String((await post('/api-keys', { name: 'k', role: 'viewer' }))['token']));
    await send('GET', '/pipelines', undefined, plant('unknownToken'));
    await send('DELETE', `/pipelines/${pipelineId}`, undefined, secrets.get('apiKey'));
  });

  it('is given secrets where they do not belong', async () => {
    const base = { name: 'x', kind: 'mariadb', host: 'h', port: 3306, user: 'u' };
    await send('POST', '/data-sources', { ...base, password: [plant('list')] });
    await send('POST', '/data-sources', { ...base, password: 'p', [plant('field')]: 1 });
    await send('POST', '/data-sources', { ...base, port: plant('port'), password: plant('besidePort') });
    await send('POST', '/data-sources', `{"password": "${plant('cut')}", `);
    await send('POST', '/data-sources', { ...base, password: plant('long').repeat(100) });
    await send('POST', '/users', { name: 'b', password: { text: plant('object') }, role: 'viewer' });
  });

  it('outlives sessions that are killed, and a service with another key', async () => {
    await runSql(e2e.stack.options.servers.target, [`KILL USER '${e2e.stack.target.user}'`]);
    await e2e.atSource("INSERT INTO t VALUES (3, 'c')");
    await e2e.stack.kill('load');
    await e2e.stack.kill('select');
    const other = randomBytes(32).toString('base64');
    secrets.set('otherKey', other);
    await e2e.stack.restart('load');
    await e2e.stack.restart('select', { LUTRA_SECRET_KEY: other });
    await untilState(pipelineId, 'PAUSED');
    await e2e.stack.kill('select');
    await e2e.stack.restart('select');
    await e2e.stack.api.command(pipelineId, 'START', 'with its key again');
    await e2e.stack.waitReading(pipelineId);
    expect((await e2e.stack.waitEqual(e2e.pairs('t'))).every(({ isEqual }) => isEqual)).toBe(true);
  }, 240_000);

  it('says none of them', async () => {
    const names = {
      pipelineId,
      name: 'good-channel',
      number: '1',
      before: '1',
      after: '1',
      schema: e2e.schema,
      table: 't',
    };
    await readAnswers(e2e, names, said);
    readLogs(e2e, said);
    await readStreams(e2e, said);
    await readZookeeper(e2e, said);
    await readStore(e2e, said);
    answers.forEach((text, index) => said.set(`answer ${String(index)} of a bad request`, text));
    said.set('spans', JSON.stringify(receiver.spans));
    // What is known to be there was found in each kind of place: the search looks where it should.
    const kindsWithPipeline = new Set(
      [...said].filter(([, text]) => text.includes(pipelineId)).map(([place]) => place.split(' ')[0]),
    );
    expect([...kindsWithPipeline]).toEqual(
      expect.arrayContaining(['answer', 'log', 'stream', 'znode', 'table', 'spans']),
    );
    expect(answers.length).toBeGreaterThan(15);
    expect(secrets.size).toBeGreaterThan(25);
    const found = [...secrets].flatMap(([what, secret]) =>
      [...said]
        .filter(([, text]) => formsOf(secret).some((form) => text.includes(form)))
        .map(([place]) => `${what}: ${place}`),
    );
    // The name of an unknown field is told to whoever sent it, and to nobody else.
    expect(found.filter((one) => !one.startsWith('field: answer '))).toEqual([]);
  }, 240_000);
});

/** As it is, in a URL, in JSON, in base64 at each of the three offsets, in hexadecimal. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.from(' '.repeat(offset) + secret).toString('base64');
    // What hangs together with the neighbours is left out.
    return text.slice(offset === 0 ? 0 : 4, -4);
  });
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'),
    ...base64,
  ];
}
