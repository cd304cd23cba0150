import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { writeYaml } from '../src/documents/yaml-text.ts';
import { channelDocument, pipeline, problem, steps } from './channel-documents.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a channel's document carries the channel's alarm rules, receivers by name only, under the same laws as its pipelines.
// Method: a manager in this process, spoken to over HTTP. The tests build on each other: one channel's life.

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
  for (const name of ['berlin', 'lisbon'])
    await manager.create('data-sources', { name, kind: 'mariadb', host: name, port: 3306, user: 'u', password: 'p' });
  for (const name of ['on call', 'desk'])
    await manager.create('receivers', { name, kind: 'webhook', http: { url: 'http://127.0.0.1:1/planted-secret' } });
});

afterAll(() => installation.close());

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { body, headers });
const put = (channel: string, document: unknown, query = ''): Promise<Answer> =>
  send('PUT', `channels/${channel}/document${query}`, typeof document === 'string' ? document : writeYaml(document), {
    'content-type': 'application/yaml',
  });
const readText = async (channel: string): Promise<string> => (await send('GET', `channels/${channel}/document`)).text;
const pipelineId = async (name: string): Promise<string> =>
  String((await send('GET', `pipelines?name=${name}`)).body.items?.[0]?.['id']);
const readRule = async (name: string): Promise<Record<string, unknown>> => {
  const { body } = await send('GET', `alarm-rules?name=${encodeURIComponent(name)}`);
  return body.items?.find((one) => one['name'] === name) ?? {};
};

const rule = (name: string, rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...{ name, kind: 'delay', severity: 'urgent', threshold: 5_000 },
  ...rest,
});
const watched = (...alarmRules: readonly unknown[]): Record<string, unknown> => ({
  ...channelDocument('watched', pipeline('watched-1'), pipeline('watched-2')),
  alarmRules,
});

it('is made and read back as the page about documents shows it', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/channel-documents.md'), 'utf8');
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const [, query = ''] = /document(\?dryRun[^"]*)"/.exec(page) ?? [];
  expect([query, (await put('shop', text, query)).status]).toEqual(['?dryRun=true&prune=true', 200]);
  expect(steps(await put('shop', text))).toHaveLength(5);
  expect(parse(await readText('shop'))).toEqual(parse(text));
});

it('makes rules, names receivers without their secrets, and is read back', async () => {
  const document = watched(
    rule('late', {
      ...{ forMs: 30_000, repeatMs: 60_000, receivers: ['desk', 'on call'], pipelines: ['watched-2'] },
      schedule: { timeZone: 'Europe/Berlin', windows: [{ days: [1, 2], from: '22:00', until: '06:00' }] },
      recovery: { restartAt: 2, stopAt: 3 },
    }),
    rule('words', { kind: 'errorKeyword', keyword: 'deadlock', threshold: 1, enabled: false }),
  );
  expect(steps(await put('watched', document))).toEqual([
    ...['create channel watched', 'create pipeline watched-1', 'create pipeline watched-2'],
    ...['create alarmRule late', 'create alarmRule words'],
  ]);
  const text = await readText('watched');
  expect(parse(text)).toEqual(document);
  expect(text).not.toContain('secret');
  expect(steps(await put('watched', text, '?prune=true'))).toEqual([]);
  const late = await readRule('late');
  expect(late).toMatchObject({
    scope: { pipelineIds: [await pipelineId('watched-2')], channelIds: [] },
    recovery: { restartAt: 2, stopAt: 3 },
  });
  expect(late['receiverIds']).toHaveLength(2);
  const audit = await send('GET', `audit?resourceId=${String(late['id'])}`);
  expect(audit.body.items).toMatchObject([{ action: 'create', resource: 'alarm-rule', after: { name: 'late' } }]);
});

it('changes rules; a dry run only says so, and what it leaves out goes with prune alone', async () => {
  const before = await readRule('late');
  const wanted = watched(rule('late', { threshold: 9_000, forMs: 30_000 }), rule('more'));
  const planned = ['delete alarmRule words', 'change alarmRule late', 'create alarmRule more'];
  const rehearsed = await put('watched', wanted, '?dryRun=true&prune=true');
  expect(steps(rehearsed)).toEqual(planned);
  expect((rehearsed.body['steps'] as { differences: unknown }[])[1]?.differences).toContainEqual({
    ...{ path: '/threshold', kind: 'changed', before: 5_000, after: 9_000 },
  });
  expect([await readRule('late'), await readRule('more')]).toEqual([before, {}]);
  expect(steps(await put('watched', wanted))).toEqual(['delete alarmRule words (left out)', ...planned.slice(1)]);
  expect(await readRule('words')).toMatchObject({ enabled: false });
  expect(steps(await put('watched', wanted, '?prune=true'))).toEqual(planned.slice(0, 1));
  expect(await readRule('words')).toEqual({});
  const channelId = String((await send('GET', 'channels?name=watched')).body.items?.[0]?.['id']);
  expect(await readRule('late')).toMatchObject({
    ...{ id: before['id'], threshold: 9_000, repeatMs: null, schedule: null, recovery: null, receiverIds: [] },
    scope: { pipelineIds: [], channelIds: [channelId] },
  });
});

it('leaves rules of several channels, and a pause, as they are', async () => {
  await put('watched', watched(), '?prune=true');
  await put('other', channelDocument('other', pipeline('other-1')));
  const pipelineIds = [await pipelineId('watched-1'), await pipelineId('other-1')];
  await manager.create('alarm-rules', { name: 'both', kind: 'delay', scope: { pipelineIds, channelIds: [] } });
  await put('watched', watched(rule('paused')));
  const pauseUntil = '2040-01-01T00:00:00.000Z';
  await send('PATCH', `alarm-rules/${String((await readRule('paused'))['id'])}`, { pauseUntil });
  expect((parse(await readText('watched')) as { alarmRules: unknown }).alarmRules).toEqual([rule('paused')]);
  await put('watched', watched(rule('paused', { threshold: 1 })), '?prune=true');
  expect(await readRule('paused')).toMatchObject({ threshold: 1, pauseUntil });
  expect(problem(await put('watched', watched(rule('both'))))).toEqual([409, 'RESOURCE_CONFLICT']);
  expect((await readRule('both'))['scope']).toEqual({ pipelineIds, channelIds: [] });
});

it.each<[string, Record<string, unknown>, string]>([
  ['a receiver that there is not', rule('x', { receivers: ['nobody'] }), 'alarmRules.0.receivers'],
  ['a pipeline of another channel', rule('x', { pipelines: ['other-1'] }), 'alarmRules.0.pipelines'],
  ['a kind of the installation', rule('x', { kind: 'disk' }), 'alarmRules.0.kind'],
  ['a threshold out of range', rule('x', { threshold: 0 }), 'alarmRules.0'],
  ['an id instead of a name', rule('x', { receiverIds: [] }), 'alarmRules.0.receiverIds'],
  ['another kind under an old name', rule('paused', { kind: 'queueAge' }), 'alarmRules.0.kind'],
])('is refused with %s', async (_what, wrong, field) => {
  const answer = await put('watched', watched(wrong));
  expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
  const { fields } = answer.body['details'] as { fields: { field: string }[] };
  expect(fields.map((one) => one.field)).toContain(field);
});
