import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { waitUntil } from '@lutra/testing';
import { writeYaml } from '../src/documents/yaml-text.ts';
import { channelDocument as channel, mapping, pipeline, problem, steps } from './channel-documents.ts';
import { Installation } from './running-manager.ts';
import type { Answer, RunningManager } from './running-manager.ts';

// Goal: a channel is written out as one text and made what a text says, as a whole or not at all, and again without effect.
// Method: a manager in this process, spoken to over HTTP; the revisions on the bus tell what the stages were given.

const installation = new Installation();
let manager: RunningManager;

beforeAll(async () => {
  manager = await installation.start();
  const login = { kind: 'mariadb', user: 'lutra', password: 'planted-secret' };
  for (const [index, name] of ['berlin', 'lisbon', 'oslo'].entries())
    await manager.create('data-sources', { ...login, name, host: `db${String(index)}`, port: 3306 });
});

afterAll(() => installation.close());

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  manager.request(method, `/api/v1/${path}`, { body, headers });
const YAML = { 'content-type': 'application/yaml' };
const address = (channel: string, query = ''): string => `channels/${encodeURIComponent(channel)}/document${query}`;
const put = (channel: string, document: unknown, query = '', headers: Record<string, string> = {}): Promise<Answer> =>
  send('PUT', address(channel, query), typeof document === 'string' ? document : writeYaml(document), {
    ...YAML,
    ...headers,
  });
const read = async (channel: string): Promise<Answer> => send('GET', address(channel));
const pipelineId = async (name: string): Promise<string> =>
  String((await send('GET', `pipelines?name=${name}`)).body.items?.[0]?.['id']);

describe('a document', () => {
  it('of hundreds of mappings is read as any other, and one that is refused says where', async () => {
    const mappings = Array.from({ length: 400 }, (_, index) => mapping(`table_${String(index)}`));
    const document = channel('large', pipeline('large', { mappings }));
    const planned = steps(await put('large', document, '?dryRun=true'));
    expect([planned.length, planned.at(-1)]).toEqual([402, 'create mapping shop.table_399 → shop.table_399']);
    const refused = await put('large', `${writeYaml(document)}\nformat: x\n`, '?dryRun=true');
    expect(problem(refused)).toEqual([400, 'REQUEST_INVALID']);
    expect(refused.text).toContain('the field format is there twice');
  });

  it('makes a channel, is read back, and changes nothing the second time', async () => {
    const document = channel(
      'first',
      pipeline('one', {
        parameters: { lanes: 8, ddl: 'skip', ddlByKind: { drop: 'fail' } },
        start: { kind: 'time', time: '2026-11-21T10:00:00Z' },
        mappings: [
          mapping('a', { weight: 3, onConflict: { kind: 'latestWins', column: 'at' } }),
          mapping('b', { columns: { mode: 'list', columns: [{ source: 'id', target: 'key' }] } }),
          { source: { schema: 'old', table: { regex: 'x_(\\d+)' } }, target: { schema: 'new', table: 'y_$1' } },
        ],
      }),
      pipeline('two', { target: 'oslo' }),
    );
    const made = await put('first', document, '', { 'x-comment': 'from git' });
    expect([made.status, steps(made)]).toEqual([
      200,
      [
        ...['create channel first', 'create pipeline one'],
        ...[
          'create mapping shop.a → shop.a',
          'create mapping shop.b → shop.b',
          'create mapping old./x_(\\d+)/ → new.y_$1',
        ],
        'create pipeline two',
      ],
    ]);
    const answer = await read('first');
    expect(answer.headers.get('content-type')).toContain('application/yaml');
    expect(parse(answer.text)).toEqual(document);
    expect(answer.text).not.toContain('secret');
    const id = await pipelineId('one');
    const { body } = await send('GET', `pipelines/${id}/revisions`);
    expect(body).toMatchObject({ total: 1, items: [{ number: 1, comment: 'from git', author: 'admin' }] });
    await waitUntil(async () => (await manager.bus.definition(id))?.mappings.length === 3, {
      what: 'the definition on the bus',
      timeoutMs: 60_000,
    });
    expect(steps(await put('first', document))).toEqual([]);
    expect(steps(await put('first', answer.text))).toEqual([]);
    expect(steps(await send('PUT', address('first'), document))).toEqual([]);
    expect((await send('GET', `pipelines/${id}`)).body['revision']).toBe(1);
    const audit = (await send('GET', `audit?resourceId=${id}`)).body.items;
    expect(audit).toMatchObject([{ action: 'create', resource: 'pipeline', after: { revision: 1, name: 'one' } }]);
  });

  it('changes what differs, as one revision, and a dry run only says so', async () => {
    await put('second', channel('second', pipeline('three', { mappings: [mapping('c'), mapping('d')] })));
    const wanted = channel(
      'second',
      pipeline('three', {
        parameters: { lanes: 4, ddl: 'sync', maxRows: 7 },
        mappings: [mapping('c', { weight: 2 }), mapping('e')],
      }),
    );
    const id = await pipelineId('three');
    const rehearsed = await put('second', wanted, '?dryRun=true&prune=true');
    const planned = [
      'change pipeline three',
      'delete mapping shop.d → shop.d',
      'change mapping shop.c → shop.c',
      'create mapping shop.e → shop.e',
    ];
    expect([rehearsed.body['dryRun'], steps(rehearsed)]).toEqual([true, planned]);
    expect((rehearsed.body['steps'] as { differences: unknown }[])[0]?.differences).toEqual([
      { path: '/parameters/maxRows', kind: 'added', after: 7 },
    ]);
    expect((await send('GET', `pipelines/${id}`)).body).toMatchObject({ revision: 1, parameters: { maxRows: 5_000 } });
    const done = await put('second', wanted, '?prune=true');
    expect([done.body['dryRun'], steps(done)]).toEqual([false, planned]);
    expect((await send('GET', `pipelines/${id}`)).body).toMatchObject({ revision: 2, parameters: { maxRows: 7 } });
    expect(steps(await put('second', wanted, '?prune=true'))).toEqual([]);
    const back = await send('POST', `pipelines/${id}/revisions/1/rollback`, {});
    expect(back.body).toMatchObject({ revision: 3, parameters: { maxRows: 5_000 } });
  });

  it('removes nothing unless it is told to, and then what does not run', async () => {
    await put('third', channel('third', pipeline('four', { mappings: [mapping('f')] }), pipeline('five')));
    const fewer = channel('third', pipeline('four'));
    const left = ['delete pipeline five (left out)', 'delete mapping shop.f → shop.f (left out)'];
    expect(steps(await put('third', fewer))).toEqual(left);
    const id = await pipelineId('five');
    const permit = {
      ...({
        state: 'PAUSED',
        epoch: 1,
        draining: false,
        commandId: 'C',
        aboutEpoch: 0,
        reason: 'x',
        failure: null,
      } as const),
      ...{ since: new Date().toISOString(), by: 'arbiter-1', attempt: 0, nextAttemptAt: null },
    };
    await manager.coordinator.writePermit(id, permit, null);
    expect(problem(await put('third', fewer, '?prune=true'))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect((await read('third')).text).toContain('five');
    await manager.coordinator.forgetPipeline(id);
    expect(steps(await put('third', fewer, '?prune=true'))).toEqual([
      'delete pipeline five',
      'delete mapping shop.f → shop.f',
    ]);
    expect((await send('GET', `pipelines/${id}`)).status).toBe(404);
    expect((await send('GET', `removals/${id}`)).body['name']).toBe('five');
  });

  it('lets a table go from one pipeline to another in one step', async () => {
    const of = (one: readonly unknown[], other: readonly unknown[]): unknown =>
      channel('fourth', pipeline('six', { mappings: one }), pipeline('seven', { mappings: other }));
    await put('fourth', of([mapping('g')], []));
    expect(problem(await put('fourth', of([mapping('g')], [mapping('g')])))).toEqual([422, 'MAPPING_TARGET_COLLISION']);
    expect((await put('fourth', of([], [mapping('g')]), '?prune=true')).status).toBe(200);
    expect((await put('fourth', of([mapping('g')], []), '?prune=true')).status).toBe(200);
  });

  it('is compared with what the client has read', async () => {
    await put('fifth', channel('fifth', pipeline('eight')));
    const { headers, text } = await read('fifth');
    const tag = headers.get('etag') ?? '';
    expect((await put('fifth', text, '', { 'if-match': tag })).status).toBe(200);
    const changed = channel('fifth', pipeline('eight', { parameters: { lanes: 2, ddl: 'sync' } }));
    expect((await put('fifth', changed, '', { 'if-match': tag })).status).toBe(200);
    expect(problem(await put('fifth', text, '', { 'if-match': tag }))).toEqual([412, 'RESOURCE_CONFLICT']);
    expect(problem(await put('sixth', channel('sixth'), '', { 'if-match': '*' }))).toEqual([412, 'RESOURCE_CONFLICT']);
  });

  it('asks before a dry run of a pipeline ends', async () => {
    await put('seventh', channel('seventh', pipeline('nine', { parameters: { dryRun: true } })));
    const writing = channel('seventh', pipeline('nine', { parameters: {} }));
    expect(problem(await put('seventh', writing))).toEqual([409, 'CONFIRMATION_MISSING']);
    expect((await put('seventh', writing, '?confirm=apply')).status).toBe(200);
  });

  it('shows a pipeline of an older release as it works', async () => {
    await put('eighth', channel('eighth', pipeline('ten')));
    const { database } = installation;
    await installation.sql(`UPDATE ${database}.pipeline SET parameters = '{"maxRows":9}' WHERE name = 'ten'`);
    const { text } = await read('eighth');
    expect(parse(text)).toMatchObject({ pipelines: [{ parameters: { lanes: 1, ddl: 'fail', maxRows: 9 } }] });
    expect(steps(await put('eighth', text))).toEqual([]);
  });
});

describe('refused as a whole', () => {
  it.each<[string, unknown, string]>([
    ['no map', 'just text', 'document'],
    ['an unknown field', { ...channel('r'), extra: 1 }, 'extra'],
    [
      'an unknown field deep inside',
      channel('r', pipeline('x', { mappings: [mapping('a', { wieght: 1 })] })),
      'pipelines.0.mappings.0.wieght',
    ],
    ['another format', { ...channel('r'), format: 'lutra-channel/2' }, 'format'],
    ['another name', channel('other'), 'channel.name'],
    [
      'a parameter out of range',
      channel('r', pipeline('x', { parameters: { lanes: 0 } })),
      'pipelines.0.parameters.lanes',
    ],
    [
      'parameters that exclude each other',
      channel('r', pipeline('x', { parameters: { keepTransactions: true } })),
      'pipelines.0',
    ],
    ['a source that there is not', channel('r', pipeline('x', { source: 'rome' })), 'pipelines.0.source'],
    [
      'a start of another kind',
      channel('r', pipeline('x', { start: { kind: 'gtid', gtid: 'nonsense' } })),
      'pipelines.0.start',
    ],
    ['a pipeline twice', channel('r', pipeline('x'), pipeline('x')), 'pipelines.1.name'],
    [
      'a mapping twice',
      channel('r', pipeline('x', { mappings: [mapping('a'), mapping('a')] })),
      'pipelines.0.mappings.1',
    ],
    [
      'both kinds of table',
      channel(
        'r',
        pipeline('x', {
          mappings: [{ source: { schema: 's', table: { exact: 'a', regex: 'b' } }, target: { schema: 't' } }],
        }),
      ),
      'pipelines.0.mappings.0',
    ],
    ['aliases', 'format: &a lutra-channel/1\nchannel: {name: r, description: *a}\n', 'document'],
  ])('%s', async (_what, document, field) => {
    const answer = await put('r', document);
    expect(problem(answer)).toEqual([400, 'REQUEST_INVALID']);
    const { fields } = answer.body['details'] as { fields: { field: string }[] };
    expect(fields.map((one) => one.field)).toContain(field);
    expect((await read('r')).status).toBe(404);
  });

  it('a pipeline of another channel, another pair of databases, and a query that is none', async () => {
    await put('ninth', channel('ninth', pipeline('eleven')));
    expect(problem(await put('tenth', channel('tenth', pipeline('eleven'))))).toEqual([409, 'RESOURCE_CONFLICT']);
    expect((await read('tenth')).status).toBe(404);
    const moved = await put('ninth', channel('ninth', pipeline('eleven', { target: 'oslo' })));
    expect(problem(moved)).toEqual([400, 'REQUEST_INVALID']);
    expect(problem(await put('ninth', channel('ninth'), '?prune=yes'))).toEqual([400, 'REQUEST_INVALID']);
  });

  it('an expression that takes long, by its place; one that is stored already is left alone', async () => {
    const unsafe = '(a|a)*(b|b)*(a|a)*x';
    const document = (regex: string): Record<string, unknown> =>
      channel(
        'regexes',
        pipeline('regex', { mappings: [{ source: { schema: 's', table: { regex } }, target: { schema: 't' } }] }),
      );
    expect((await put('regexes', document('a+'))).status).toBe(200);
    const refused = await put('regexes', document(unsafe));
    expect([refused.body['code'], refused.body['details']]).toMatchObject([
      'MAPPING_REGEX_UNSAFE',
      { fields: [{ field: 'pipelines.0.mappings.0' }] },
    ]);
    // As a release that judged otherwise has left it.
    const { database } = installation;
    await installation.sql(
      `UPDATE ${database}.mapping SET source = REPLACE(source, '"a+"', '"${unsafe}"') WHERE source LIKE '%"a+"%'`,
    );
    const repeated = await put('regexes', document(unsafe));
    expect([repeated.status, steps(repeated)]).toEqual([200, []]);
  });

  it('a body that is too large', async () => {
    const answer = await put('r', `a: ${'x'.repeat(3 * 1024 * 1024)}`);
    expect([answer.status, answer.body['code']]).toEqual([413, 'REQUEST_INVALID']);
  });
});

it('whatever is applied is exported, and the export changes nothing', async () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
  const oddText = fc
    .string({ unit: 'binary', maxLength: 40 })
    .filter((text) => text.isWellFormed() && text.length <= 100);
  const content = fc.record(
    {
      weight: fc.integer({ min: -5, max: 5 }),
      onConflict: fc.constantFrom({ kind: 'ignore' }, { kind: 'overwrite' }, { kind: 'latestWins', column: 'at' }),
    },
    { requiredKeys: [] },
  );
  const tables = fc.uniqueArray(fc.tuple(word, content), { selector: ([name]) => name, maxLength: 6 });
  const parameters = fc.record(
    {
      lanes: fc.integer({ min: 1, max: 32 }),
      ddl: fc.constantFrom('sync', 'skip', 'fail'),
      maxRows: fc.integer({ min: 1, max: 1_000 }),
    },
    { requiredKeys: [] },
  );
  let round = 0;
  await fc.assert(
    fc.asyncProperty(oddText, tables, parameters, async (description, named, set) => {
      round += 1;
      const name = `round ${String(round)}`;
      const mappings = named.map(([table, rest]) => ({
        source: { schema: `s${String(round)}`, table: { exact: table } },
        target: { schema: `t${String(round)}` },
        ...rest,
      }));
      const one = pipeline(`round-${String(round)}`, { parameters: set, mappings });
      const applied = await put(name, { ...channel(name, one), channel: { name, description } });
      expect([applied.status, applied.text]).toEqual([200, applied.text]);
      const { text } = await read(name);
      expect(steps(await put(name, text, '?prune=true'))).toEqual([]);
      expect((parse(text) as { channel: unknown }).channel).toEqual({ name, description });
    }),
    { numRuns: 25 },
  );
});
