import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiDocument, Schema } from '../src/api-document/api-document.ts';
import { resolved as schemaOf } from '../src/api-document/api-document.ts';
import { Installation } from './running-manager.ts';
import type { RunningManager } from './running-manager.ts';

// Goal: every body that the API takes is checked field by field, and the refusal says which field and what is allowed.
// Method: walks the OpenAPI document that the manager serves; for every field of every body it sends values that the
// document excludes, and looks for the field's path in the problem document. Nothing has to exist: bodies are checked first.

interface Case {
  /** In words, for the report. */
  readonly what: string;
  readonly value: unknown;
  /** What the sentence has to tell besides the field. */
  readonly says: readonly string[];
}

const SOME_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
/** Longer than any text that the API takes, and shorter than the longest body. */
const LONG = 'x'.repeat(70_000);

const installation = new Installation();
let manager: RunningManager;
let api: ApiDocument;

beforeAll(async () => {
  manager = await installation.start();
  api = (await manager.request('GET', '/api/docs-json')).body as unknown as ApiDocument;
});

afterAll(() => installation.close());

/** The schema with its fields; of a reference that may be null, and of alternatives without fields, the type tells so. */
function resolved(schema: Schema): Schema {
  if (schema.anyOf === undefined) return schemaOf(api, schema);
  if (schema.anyOf.every((one) => one.$ref === undefined)) return { type: schema.anyOf.flatMap(typesOf) };
  return { ...schemaOf(api, schema.anyOf[0] ?? {}), type: ['object', 'null'] };
}

const typesOf = ({ type }: Schema): readonly string[] => [type ?? []].flat();

/** Routes that take a JSON body, with its schema. */
function bodies(): readonly (readonly [method: string, path: string, schema: Schema])[] {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      return schema === undefined ? [] : [[method.toUpperCase(), path, resolved(schema)] as const];
    }),
  );
}

/** Values that the schema excludes. */
function wrongValues(schema: Schema): readonly Case[] {
  const { minimum, maximum } = schema;
  const types = typesOf(schema);
  const cases: Case[] = types.includes('null') ? [] : [{ what: 'null', value: null, says: [] }];
  if (schema.enum !== undefined) {
    const words = schema.enum.filter((word) => word !== null).map(String);
    cases.push({ what: 'a word that it does not have', value: 'no-such-word', says: words });
  } else if (types.includes('string') && (schema.maxLength ?? 0) < LONG.length)
    cases.push({ what: 'a text without end', value: LONG, says: [] });
  if (types.includes('number') || types.includes('integer')) {
    if (!types.includes('string')) cases.push({ what: 'a number as text', value: '1', says: [] });
    if (minimum !== undefined) cases.push({ what: 'too little', value: minimum - 1, says: [String(minimum)] });
    if (maximum !== undefined) cases.push({ what: 'too much', value: maximum + 1, says: [String(maximum)] });
  } else cases.push({ what: 'a number', value: 1, says: [] });
  if (schema.properties !== undefined) cases.push({ what: 'a list', value: [], says: [] });
  // The validator of nested objects goes into lists as well, and finds nothing wrong with an empty one.
  if (schema.items !== undefined) cases.push({ what: 'a list in the list', value: [[]], says: [] });
  if (!types.includes('object') && schema.properties === undefined)
    cases.push({ what: 'an object', value: { a: 1 }, says: [] });
  return cases;
}

interface Wrong extends Case {
  readonly field: string;
  readonly body: unknown;
}

/** One body for each field and value, nested ones included. */
function wrongBodies(
  schema: Schema,
  wrap: (inside: Record<string, unknown>) => unknown,
  parent = '',
): readonly Wrong[] {
  const fields = Object.entries(schema.properties ?? {}).map(([name, of]) => [name, resolved(of)] as const);
  const unknown = `${parent}noSuchField`;
  return [
    {
      field: unknown,
      what: 'a field that does not exist',
      value: 1,
      says: ['does not exist'],
      body: wrap({ noSuchField: 1 }),
    },
    ...fields.flatMap(([name, of]) => [
      ...wrongValues(of).map((one) => ({ ...one, field: `${parent}${name}`, body: wrap({ [name]: one.value }) })),
      ...(of.properties === undefined
        ? []
        : wrongBodies(of, (inside) => wrap({ [name]: inside }), `${parent}${name}.`)),
      ...(of.items === undefined || resolved(of.items).properties === undefined
        ? []
        : wrongBodies(resolved(of.items), (inside) => wrap({ [name]: [inside] }), `${parent}${name}.0.`)),
    ]),
  ];
}

describe('every body of the API', () => {
  it('refuses what its schema excludes, naming the field and what is allowed', async () => {
    const found = bodies();
    expect(found.length).toBeGreaterThan(12);
    const wrong: unknown[] = [];
    for (const [method, path, schema] of found)
      for (const { field, what, says, body } of wrongBodies(schema, (inside) => inside)) {
        const answer = await manager.request(method, path.replaceAll(/\{\w+\}/g, SOME_ID), { body });
        const detail = String(answer.body['detail']);
        const isRight =
          answer.status === 400 &&
          answer.body['code'] === 'REQUEST_INVALID' &&
          detail.includes(field) &&
          says.every((text) => detail.includes(text));
        if (!isRight) wrong.push([method, path, field, what, answer.status, detail.slice(0, 300)]);
      }
    expect(wrong).toEqual([]);
  });
});

describe('resources that were changed meanwhile', () => {
  it('are neither changed nor removed, whichever they are', async () => {
    const dataSource = { kind: 'mariadb', host: 'db.example.com', port: 3306, user: 'u', password: 'p' };
    const channelId = await manager.create('channels', { name: 'locked' });
    const sourceId = await manager.create('data-sources', { ...dataSource, name: 'a', port: 1 });
    const targetId = await manager.create('data-sources', { ...dataSource, name: 'b', port: 2 });
    const pipelineId = await manager.create('pipelines', { name: 'locked', channelId, sourceId, targetId });
    const mappingId = await manager.create(`pipelines/${pipelineId}/mappings`, {
      source: { schema: 's', table: { exact: 't' } },
      target: { schema: 's' },
    });
    const http = { url: 'http://127.0.0.1:1/hook' };
    const receiverId = await manager.create('receivers', { name: 'locked', kind: 'webhook', http });
    const ruleId = await manager.create('alarm-rules', { name: 'locked', kind: 'delay' });
    const user = { name: 'locked', password: 'seven old bicycles', role: 'viewer' };
    const userId = await manager.create('users', user);
    const changes: readonly (readonly [path: string, body: unknown])[] = [
      [`pipelines/${pipelineId}/mappings/${mappingId}`, { weight: 1 }],
      [`pipelines/${pipelineId}`, { name: 'renamed' }],
      [`channels/${channelId}`, { description: 'changed' }],
      [`data-sources/${sourceId}`, { user: 'other' }],
      [`receivers/${receiverId}`, { name: 'renamed' }],
      [`alarm-rules/${ruleId}`, { threshold: 7_000 }],
      [`users/${userId}`, { role: 'operator' }],
      ['system-parameters', { removalDays: 9 }],
    ];
    for (const [path, body] of changes) {
      const address = `/api/v1/${path}`;
      const seen = (await manager.request('GET', address)).headers.get('etag') ?? '';
      expect(seen).toMatch(/^"\d+"$/);
      expect((await manager.request('PATCH', address, { body })).status).toBe(200);
      const headers = { 'if-match': seen };
      const answers = [
        await manager.request('PATCH', address, { body, headers }),
        ...(path === 'system-parameters' ? [] : [await manager.request('DELETE', address, { headers })]),
      ];
      for (const { status, body: problem } of answers)
        expect([path, status, problem['code']]).toEqual([path, 412, 'RESOURCE_CONFLICT']);
    }
  });

  it('of two changes at once that saw the same version one is refused', async () => {
    const id = await manager.create('channels', { name: 'raced' });
    const change = (description: string): Promise<{ status: number }> =>
      manager.request('PATCH', `/api/v1/channels/${id}`, { body: { description }, headers: { 'if-match': '"1"' } });
    const statuses = (await Promise.all(['a', 'b', 'c', 'd'].map(change))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412]);
  });
});
