import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: whatever text is sent, it comes back as it was sent, or it is refused; the manager itself never fails over it.
// Method: odd texts in every text field of every stored resource, in addresses and in queries, on a real store.

const installation = new Installation();
let manager: RunningManager;
let channelId: string;
let sourceId: string;
let targetId: string;

beforeAll(async () => {
  manager = await installation.start();
  channelId = await manager.create('channels', { name: 'plain' });
  const dataSource = { kind: 'mariadb', host: 'db.example.com', user: 'u', password: 'p' };
  sourceId = await manager.create('data-sources', { ...dataSource, name: 'plain a', port: 1 });
  targetId = await manager.create('data-sources', { ...dataSource, name: 'plain b', port: 2 });
});

afterAll(() => installation.close());

const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['SQL', `x' OR '1'='1'; DROP TABLE channel; --`],
  ['SQL with a backslash', `\\'; DELETE FROM channel; #`],
  ['LDAP', '*)(uid=*))(|(uid=*'],
  ['HTML', '<script>alert(1)</script>&amp;"'],
  ['a template', '{{constructor.constructor("return 1")()}} ${1+1} %s %n'],
  ['a path', '../../../../etc/passwd'],
  ['a path with a zero byte', '..\\..\\boot.ini\u0000.png'],
  ['right to left', '\u202Eexe.txt\u202C \u0627\u0644'],
  ['combining characters', 'e\u0301\u0327 Z\u0351\u036B\u0343\u036A'],
  ['four bytes', '\u{1F469}\u200D\u{1F469}\u200D\u{1F467} \u{10FFFF}'],
  ['nothing to be seen', '\u200B\uFEFF\u00AD'],
  ['control characters', 'a\u0001\u0007\u001B[31m\r\n\tb'],
  ['white space', '  \u00A0 '],
  ['what is written like another', '\uFF21\u0391A \u00DF \u0130i'],
  ['a name of an object', 'constructor'],
];
const HALF = 'a\uD83Db';

const send = (method: string, path: string, body?: unknown): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { body });

/** Every text field of what is stored: where it is created, where the text stands in the answer, and a body around it. */
const fields: readonly {
  readonly field: string;
  readonly path: () => string;
  readonly body: (text: string, name: string) => Record<string, unknown>;
  readonly read: (body: Record<string, unknown>) => unknown;
}[] = [
  { field: 'name of a channel', path: () => 'channels', body: (text) => ({ name: text }), read: ({ name }) => name },
  {
    field: 'description of a channel',
    path: () => 'channels',
    body: (text, name) => ({ name, description: text }),
    read: ({ description }) => description,
  },
  ...(['name', 'user', 'host', 'tlsCa'] as const).map((field) => ({
    field: `${field} of a data source`,
    path: () => 'data-sources',
    body: (text: string, name: string) => ({
      ...{ name, kind: 'mysql', host: 'db', port: 3306, user: 'u', password: text },
      [field]: text,
    }),
    read: (body: Record<string, unknown>) => body[field],
  })),
  {
    field: 'name of a pipeline',
    path: () => 'pipelines',
    body: (text) => ({ name: text, channelId, sourceId, targetId }),
    read: ({ name }) => name,
  },
  {
    field: 'an instance of a pipeline',
    path: () => 'pipelines',
    body: (text, name) => ({ name, channelId, sourceId, targetId, parameters: { preferredLoad: text } }),
    read: ({ parameters }) => (parameters as Record<string, unknown>)['preferredLoad'],
  },
];

describe('odd texts', () => {
  it.each(TEXTS)('%s', async (_what, text) => {
    for (const [index, { field, path, body, read }] of fields.entries()) {
      const created = await send('POST', path(), body(text, `${text} ${String(index)}`.slice(0, 99)));
      if (created.status >= 300) {
        // Refused, with the reason: host names and names that are there already.
        expect([field, [400, 409, 422].includes(created.status)]).toEqual([field, true]);
        continue;
      }
      const address = `${path()}/${String(created.body['id'])}`;
      const found = await send('GET', address);
      expect([field, found.status, read(found.body)]).toEqual([field, 200, text]);
    }
    if (text.trim() !== text) return;
    const listed = await send('GET', `channels?name=${encodeURIComponent(text)}&pageSize=500`);
    expect(listed.body.items?.map(({ name }) => name)).toContain(text);
  });

  it.each(TEXTS)('%s in the names of a mapping', async (what, text) => {
    const id = await manager.create('pipelines', { name: `mapping ${what}`, channelId, sourceId, targetId });
    const source = { schema: text, table: { exact: text } };
    const target = { schema: text, table: what };
    const columns = { mode: 'list', columns: [{ source: text, target: text }] };
    const created = await send('POST', `pipelines/${id}/mappings`, { source, target, columns });
    expect(created.body).toMatchObject({ source, target, columns });
    const found = await send('GET', `pipelines/${id}/mappings/${String(created.body['id'])}`);
    expect(found.body).toMatchObject({ source, target, columns });
  });

  it('half a surrogate pair is refused wherever it stands, because the store could not give it back', async () => {
    const bodies = [
      ...fields.map(({ path, body }) => [path(), body(HALF, 'whole')] as const),
      ['channels', { name: 'x', [HALF]: 1 }] as const,
      [
        'pipelines',
        { name: 'x', channelId, sourceId, targetId, parameters: { ddlDecisions: { [HALF]: 'skip' } } },
      ] as const,
    ];
    for (const [path, body] of bodies) {
      const answer = await send('POST', path, body);
      expect([path, answer.status, answer.body['code']]).toEqual([path, 400, 'REQUEST_INVALID']);
    }
    expect((await send('GET', 'channels?name=whole')).body['total']).toBe(0);
  });
});

const problemOf = ({ status, body, headers }: Answer): unknown => [
  status < 500 && status >= 400,
  body['status'] === status,
  headers.get('content-type'),
];
const A_PROBLEM = [true, true, 'application/problem+json'];

describe('odd requests', () => {
  it.each<[string, string]>([
    ['nested without end', `{"name":"deep","description":${'['.repeat(40_000)}${']'.repeat(40_000)}}`],
    ['nested deeper than any resource', `{"name":"deep","description":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`],
    ['nested where anything may stand', `{"name":"d","start":${'{"kind":'.repeat(40)}1${'}'.repeat(40)}}`],
    ['larger than any resource', JSON.stringify({ name: 'large', description: 'x'.repeat(20_000_000) })],
    ['with a prototype', '{"name":"p","__proto__":{"description":"inherited"}}'],
    ['with a constructor', '{"name":"p","constructor":{"prototype":{"description":"inherited"}}}'],
    ['with a field twice', '{"name":1,"name":2}'],
    ['that is cut off', '{"name":"cut'],
    ['with a byte order mark', '\uFEFF{"name":1}'],
    ['that is a text', '"name"'],
    ['that is null', 'null'],
    ['with a number without end', `{"name":${'9'.repeat(10_000)}}`],
  ])('a body %s', async (_what, body) => {
    for (const path of ['channels', 'pipelines', 'data-sources'])
      expect(problemOf(await manager.request('POST', `/api/v1/${path}`, { body }))).toEqual(A_PROBLEM);
  });

  it.each(['text/plain', 'application/xml', 'application/json; charset=utf-7', 'multipart/form-data', 'x', ''])(
    'a body of the type "%s"',
    async (type) => {
      const answer = await manager.request('POST', '/api/v1/channels', {
        body: '<name>a</name>',
        headers: { 'content-type': type },
      });
      expect(problemOf(answer)).toEqual(A_PROBLEM);
    },
  );

  it.each([
    'channels/%E0%A4%A',
    'channels/%00',
    'channels/..%2f..%2fetc%2fpasswd',
    `channels/${encodeURIComponent(`' OR 1=1 --`)}`,
    `channels/${'a'.repeat(8_000)}`,
    `channels/${encodeURIComponent('\u{1F469}'.repeat(26))}`,
    `pipelines/${encodeURIComponent('*')}/mappings/%3E`,
    'channels?page=0',
    'channels?page=1e9',
    'channels?page=99999999999999999999',
    'channels?pageSize=501',
    'channels?sort=name;DROP',
    'channels?sort=version',
    'channels?name[]=a&name[]=b',
    'channels?name=a&name=b',
    'channels?__proto__=1',
    'channels?nosuch=1',
    'data-sources/%00/schemas',
  ])('the address %s', async (path) => {
    expect(problemOf(await send('GET', path))).toEqual(A_PROBLEM);
  });

  it.each(['', '"', '"1', '""', 'W/"', '*, "1"', "' OR 1=1", '\u00e9', '"-1"', '1e999'])(
    'the version %s in If-Match',
    async (ifMatch) => {
      const id = await manager.create('channels', { name: `matched ${ifMatch}.` });
      const headers = { 'if-match': ifMatch };
      const answer = await manager.request('PATCH', `/api/v1/channels/${id}`, { body: { description: 'a' }, headers });
      expect([200, 412]).toContain(answer.status);
    },
  );
});
